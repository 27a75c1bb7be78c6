"""From a command to a signal on the log: whose lead it is, whether the asker may, and then nothing but an append."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from routing.model.records import Lead
from routing.people.commands import ROSTER_KEY, to_signal
from routing.people.permissions import Principal, cannot_approve, cannot_receive, has_left, refusal
from routing.people.roster import Roster
from routing.upkeep.merging import merge_hindrance, unmerge_hindrance
from schemas.commands import Absence, AnyCommand, Approve, Assign, Claim, Delegate, Merge, OnLead, Unmerge
from schemas.signals import Signal
from services.ports.rows import LeadRow

Cause = Literal[
    "no_lead", "no_person", "no_pool", "no_right", "left", "nobody", "cannot_approve", "merged", "cannot_merge",
    "already_over", "does_not_fit",
]  # fmt: skip
"""Why a command is refused, for who says it in words of their own. `no_lead`, `no_person`, `no_pool`: it names what is not there.
`left`: who asks, or somebody that it names, left. `nobody`: it needs a person as the asker. `does_not_fit`: the roster or the
agreement of now forbids it."""
MISSING: frozenset[Cause] = frozenset({"no_lead", "no_person", "no_pool"})


class Refused(Exception):
    """The asker may not, or it names what is not there. The text is for programs and operators, `cause` for pages."""

    def __init__(self, why: str, cause: Cause) -> None:
        super().__init__(why)
        self.cause = cause

    @property
    def missing(self) -> bool:
        """Whether it names what is not there."""
        return self.cause in MISSING


SAME_KEY = "this key was given to another command before; take another"


class SameKey(Exception):
    """Another command was given this idempotency key before."""


async def always(_: str, __: str, ___: datetime) -> bool:
    """For who draws a key for each command."""
    return True


class Commanding(NamedTuple):
    """What carrying a command takes: the roster of now, a lead by its id, the log or its spool, the time, why a change does
    not fit the roster and the agreement of now, and whether an id is this command's (by its digest) and no other's."""

    roster: Callable[[], Awaitable[Roster]]
    lead: Callable[[str], Awaitable[LeadRow | None]]
    accept: Callable[[Sequence[Signal]], Awaitable[None]]
    now: Callable[[], datetime]
    unfit: Callable[[Signal], Awaitable[str | None]]
    remember: Callable[[str, str, datetime], Awaitable[bool]] = always


async def carry(world: Commanding, command: AnyCommand, principal: Principal, key: str | None) -> Signal:
    """The signal, durable when it returns. Rights are looked at again when the router carries it out. `key`: the same is the
    same command, and happens once; drawn where there is none.

    Raises Refused, SameKey, and NowhereToPut where neither log nor spool can take it.
    """
    roster = await world.roster()
    _check_people(command, principal, roster)
    if isinstance(command, Absence) and command.until is not None and command.until <= world.now():
        raise Refused("`until` is over already; say when they come back", "already_over")
    if isinstance(command, Approve) and (why := cannot_approve(principal, command.side, roster)):
        raise Refused(why, "cannot_approve")
    brand, partition_key, owner = "default", ROSTER_KEY, None
    if isinstance(command, OnLead):
        row = await world.lead(command.lead)
        if row is None:
            raise Refused(f"there is no lead {command.lead}", "no_lead")
        lead = Lead.read(row.state)
        brand, partition_key, owner = lead.brand, lead.partition_key, lead.owner
        if lead.merged_into is not None:
            raise Refused(f"{lead.id} is merged into {lead.merged_into}", "merged")
        if isinstance(command, Merge | Unmerge):
            await _check_other(world, command, lead)
    why = refusal(command.command, principal.person, roster, owner=owner, about=getattr(command, "person", None))
    if why is not None:
        is_gone = principal.person is not None and has_left(principal.person, roster) is not None
        raise Refused(why, "left" if is_gone else "no_right")
    signal = to_signal(
        command,
        principal,
        now=world.now(),
        idempotency_key=key or secrets.token_hex(16),
        brand=brand,
        partition_key=partition_key,
    )
    if (why := await world.unfit(signal)) is not None:
        raise Refused(why, "does_not_fit")
    if key is not None and not await world.remember(signal.id, _digest(command), world.now()):
        raise SameKey
    await world.accept([signal])
    return signal


def _digest(command: AnyCommand) -> str:
    """Equal for the same command with the same members."""
    return hashlib.sha256(command.model_dump_json().encode()).hexdigest()


async def _check_other(world: Commanding, command: Merge | Unmerge, lead: Lead) -> None:
    """What is in the way is told at once; the router looks again."""
    row = await world.lead(command.other)
    if row is None:
        raise Refused(f"there is no lead {command.other}", "no_lead")
    other = Lead.read(row.state)
    why = merge_hindrance(lead, other) if isinstance(command, Merge) else unmerge_hindrance(lead, other)
    if why is not None:
        raise Refused(why, "cannot_merge")


def _check_people(command: AnyCommand, principal: Principal, roster: Roster) -> None:
    for person in (principal.person, getattr(command, "person", None)):
        if person is not None and person not in roster.people:
            raise Refused(f"{person} is not in the roster", "no_person")
    if isinstance(command, Assign | Claim | Delegate):
        receiver = principal.person if isinstance(command, Claim) else command.person
        if receiver is not None and (why := cannot_receive(receiver, roster)):
            raise Refused(why, "left")
    pool = getattr(command, "pool", None)
    if pool is not None and pool not in roster.pools:
        raise Refused(f"there is no pool {pool}", "no_pool")
    if isinstance(command, Claim) and principal.person is None:
        raise Refused("claim is for somebody of the roster; an API key says who by `person`", "nobody")
