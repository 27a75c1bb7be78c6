"""Approvals of an agreement: each is an act of its own of one person for one side, over a hash."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from routing.agreement.agreement import Agreement
from routing.model.ids import derive
from routing.people.permissions import OPERATOR, SIDES, Principal, cannot_approve, cannot_sign, signers
from routing.people.roster import Roster
from schemas.signals import Signal
from schemas.words import Side
from services.ports.rows import ApprovalRow
from services.rules.publications import Publication, standing
from services.rules.ruling import Ruling


class ApprovalRefused(Exception):
    """Whoever asks cannot approve for this side."""


def approval_of(signal: Signal, ruling: Ruling) -> ApprovalRow:
    """What is kept of an `agreement.approved`. Raises ApprovalRefused; what rules may have changed since it was asked for."""
    said = signal.command
    if said is None or said.side is None or said.agreement is None:
        raise ApprovalRefused("it names no side or no hash")
    named = signers(said.side, ruling.roster, ruling.newest.file.approvers)
    why = cannot_approve(Principal(said.principal, said.person), said.side, ruling.roster, named)
    if why is not None or said.person is None:
        raise ApprovalRefused(why)
    return ApprovalRow(
        id=signal.id,
        hash=said.agreement,
        side=said.side,
        person=said.person,
        principal=said.principal,
        reason=signal.reason or "",
        approved_at=signal.received_at,
    )


def counting(approvals: Iterable[ApprovalRow], digest: str, before: Sequence[Publication]) -> list[ApprovalRow]:
    """Those of this hash that no publication has used up, the first of each person for a side: to go back to an earlier
    version is agreed on again. A publication that was withdrawn used up none."""
    last = max((entry.published_at for entry in standing(before) if entry.hash == digest), default=None)
    found: dict[tuple[str, str], ApprovalRow] = {}
    for row in approvals:
        if row.hash == digest and (last is None or row.approved_at > last):
            found.setdefault((row.side, row.person), row)
    return list(found.values())


def pending(approvals: Iterable[ApprovalRow], before: Sequence[Publication]) -> list[ApprovalRow]:
    """Those that wait for a publication."""
    given = list(approvals)
    return [row for row in given if row in counting(given, row.hash, before)]


def signatures(approvals: Sequence[ApprovalRow]) -> dict[str, str]:
    """Who signs for which side: two people, those who approved first. Empty while there are no such two."""
    theirs = [[row.person for row in approvals if row.side == side] for side in SIDES]
    pairs = ((one, other) for one in theirs[0] for other in theirs[1] if one != other)
    return dict(zip(SIDES, next(pairs, ()), strict=False))


Named = Mapping[Side, Sequence[str]]
"""Who may approve for a side, by name; nobody where whoever has a role of the side may."""


def named_by(ruling: Ruling, version: Agreement) -> Named:
    """Who may approve this version: by the one that it is to follow, which was published last."""
    before, own = ruling.newest.file.approvers, version.file.approvers
    return {side: signers(side, ruling.roster, before, own) for side in SIDES}


def approvals_of_entitled(approvals: Iterable[ApprovalRow], named: Named) -> list[ApprovalRow]:
    """Those of people who may approve this version: the agreement that names who may can be another by now."""
    return [row for row in approvals if not named[row.side] or row.person in named[row.side]]


def missing(approvals: Sequence[ApprovalRow], digest: str, named: Named = MappingProxyType({})) -> list[str]:
    """A line for each side that did not approve."""
    found = [
        f"no approval of {side} over {digest[:12]}: one of {', '.join(named.get(side) or roles)} gives it by"
        f" `stafett agreement approve {digest} --side {side}`"
        for side, roles in SIDES.items()
        if all(row.side != side for row in approvals)
    ]
    return found or ([] if signatures(approvals) else ["one person cannot approve for both sides"])


def cannot_withdraw(key: str, person: str | None, ruling: Ruling) -> str | None:
    """None for somebody who could approve for one of the sides: what was not signed by both rules on."""
    approvers = ruling.agreement.file.approvers
    whys = [
        cannot_approve(Principal(key, person), side, ruling.roster, signers(side, ruling.roster, approvers))
        for side in SIDES
    ]
    return None if None in whys else "; ".join(dict.fromkeys(why for why in whys if why is not None))


Typed = Mapping[Side, tuple[str, str]]
"""What the operator types: (person, hash that they approved) by side."""


def wrongly_typed(
    said: Typed, digest: str, roster: Roster, before: Sequence[Publication], named: Named = MappingProxyType({})
) -> list[str]:
    """A line for each that does not count. Only the first publication can be approved so: nobody may have a key yet."""
    if said and before:
        return ["--approve is for the first publication: now each side approves by itself, `stafett agreement approve`"]
    found = [
        f"{side}: {why}"
        for side, (person, _) in said.items()
        if (why := cannot_sign(person, side, roster, named.get(side, ())))
    ]
    return found + [
        f"{side}: what was approved is `{over}`, but this file is {digest[:12]}: approve it again"
        for side, (_, over) in said.items()
        if len(over) < 12 or not digest.startswith(over)
    ]


def typed_approvals(said: Typed, digest: str, now: datetime) -> list[ApprovalRow]:
    """A row for each approval that the operator typed."""
    return [
        ApprovalRow(
            id=derive("apr", digest, side, person),
            hash=digest,
            side=side,
            person=person,
            principal=OPERATOR,
            reason="first publication",
            approved_at=now,
        )
        for side, (person, _) in sorted(said.items())
    ]
