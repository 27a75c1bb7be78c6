"""Commands: the signal that each becomes. Who may ask for one is in `permissions`."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from routing.model.ids import derive
from routing.people.permissions import Principal
from schemas import commands as c
from schemas.json_values import JsonObject
from schemas.roster import RosterChange
from schemas.signals import Actor, Commanded, Kind, Sales, Signal

SOURCE = "command"
"""The `source` of every signal that a command became; no configured source may have this name."""
ROSTER_KEY = "roster"
"""Partition key of all changes of the roster, so that they have one order."""


def to_signal(
    command: c.AnyCommand, principal: Principal, now: datetime, idempotency_key: str, brand: str, partition_key: str
) -> Signal:
    """What goes on the log. The id comes from principal and key: asked twice, it happens once."""
    ident = derive("sig", SOURCE, principal.name, idempotency_key)
    kind, more = _meaning(command, principal, now)
    return Signal(
        kind=kind,
        id=ident,
        dedupe_key=ident,
        source=SOURCE,
        source_kind=command.command,
        brand=brand,
        occurred_at=now,
        received_at=now,
        partition_key=partition_key,
        actor=Actor(kind="person", reference=principal.person),
        reason=command.reason,
        lead_id=command.lead if isinstance(command, c.OnLead) else None,
        other_lead_id=command.other if isinstance(command, c.Merge | c.Unmerge) else None,
        command=Commanded(
            name=command.command,
            principal=principal.name,
            person=principal.person,
            lists=command.lists if isinstance(command, c.BrandList) else (),
            until=command.until if isinstance(command, c.Hold) else None,
            agreement=command.hash if isinstance(command, c.Approve) else None,
            side=command.side if isinstance(command, c.Approve) else None,
        ),
        **more,
    )


def _meaning(command: c.AnyCommand, principal: Principal, now: datetime) -> tuple[Kind, JsonObject]:
    """The kind of signal that a command becomes, and the members of the signal that only this kind has."""
    match command:
        case c.Approve():
            return Kind.AGREEMENT_APPROVED, {}
        case c.Absence() | c.Join() | c.PausePool() | c.ResumePool() | c.Return() | c.Leave():
            kind, change = _of_roster(command, now)
            return kind, {"roster": change}
        case _:
            return _of_lead(command, principal)


_ALONE: dict[type[c.OnLead], Kind] = {
    c.Accept: Kind.SALES_ACCEPTED,
    c.Hold: Kind.LEAD_PARKED,
    c.Release: Kind.LEAD_UNPARKED,
    c.BrandList: Kind.LEAD_LISTED,
    c.Merge: Kind.LEAD_MERGE,
    c.Unmerge: Kind.LEAD_UNMERGE,
}
"""Kinds of commands whose signal has no member of its own."""


def _of_lead(command: c.OnLead, principal: Principal) -> tuple[Kind, JsonObject]:
    match command:
        case c.Accept() | c.Hold() | c.Release() | c.BrandList() | c.Merge() | c.Unmerge():
            return _ALONE[type(command)], {}
        case c.Reject():
            return Kind.SALES_REJECTED, {"criterion": command.criterion}
        case c.Claim():
            return Kind.SALES_OWNER_CHANGED, {"sales": Sales(owner_id=principal.person)}
        case c.Assign() | c.Delegate():
            return Kind.SALES_OWNER_CHANGED, {"sales": Sales(owner_id=command.person)}
        case c.SetDisposition():
            return Kind.DISPOSITION_SET, {"sales": Sales(to=command.disposition)}
        case _:
            assert_never(command)


def _of_roster(command: c.OnRoster, now: datetime) -> tuple[Kind, RosterChange]:
    match command:
        case c.Absence(person=person, since=since, until=until):
            change = RosterChange(change="absent", at=now, person=person, since=since or now, until=until)
            return Kind.ROSTER_ABSENT, change
        case c.Return(person=person):
            return Kind.ROSTER_RETURNED, RosterChange(change="returned", at=now, person=person)
        case c.Join(member=member, seats=seats):
            joined = RosterChange(change="joined", at=now, person=member.id, member=member, seats=seats)
            return Kind.ROSTER_JOINED, joined
        case c.Leave(person=person):
            return Kind.ROSTER_LEFT, RosterChange(change="left", at=now, person=person)
        case c.PausePool(pool=pool):
            return Kind.POOL_PAUSED, RosterChange(change="pool_paused", at=now, pool=pool)
        case c.ResumePool(pool=pool):
            return Kind.POOL_RESUMED, RosterChange(change="pool_resumed", at=now, pool=pool)
        case _:
            assert_never(command)
