"""Who answers for a promise of marketing: never the salesperson who got the lead.

Computed while a promise runs and kept on its clock, so that nobody's later role or owner changes whose it was. Pure.
"""

from __future__ import annotations

from typing import assert_never

from routing.agreement.agreement import Agreement
from routing.lifecycle import DIALOGUE
from routing.model.records import Clock, Lead
from routing.people.roster import Roster
from schemas.events import Answerable
from schemas.volumes import Volume
from schemas.words import Side

MARKETERS = ("sdr", "marketing")
"""Roles of who answers for what marketing promised about a lead that they have."""


def answerable_for(clock: Clock, lead: Lead, agreement: Agreement, roster: Roster) -> Answerable | None:
    """Who answers for a promise about a lead. None for one of sales, and where it is nobody by name: what passed straight through
    qualification was judged by the rules."""
    match clock.side:
        case "sales" | None:
            return None
        case "marketing":
            if clock.metric == "qualification" and clock.touched_by is not None and clock.touched_by == clock.cause:
                return None
            person = clock.person or (lead.owner if _is_with_marketing(clock, lead) else None)
            named = person if roster.has_role(person, *MARKETERS) else signer("marketing", agreement)
            return by_name(named, roster)
        case _:
            assert_never(clock.side)


def with_answerable(clock: Clock, lead: Lead, agreement: Agreement, roster: Roster) -> Clock:
    """The clock with whoever answers for it now."""
    now = answerable_for(clock, lead, agreement, roster)
    return clock if now == clock.answerable else clock.but(answerable=now)


def _is_with_marketing(clock: Clock, lead: Lead) -> bool:
    """Whether the lead's owner has it for marketing. Who judged it has it still when it leaves qualification."""
    return clock.metric == "qualification" or lead.stage not in DIALOGUE


def answerable_for_volume(volume: Volume, agreement: Agreement, roster: Roster) -> Answerable | None:
    """Who promised a volume: its subject, else who alone signs for its side."""
    subject = volume.subject
    if subject is not None and subject.team is not None:
        return Answerable(team=subject.team)
    return by_name(subject.person if subject is not None else signer(volume.side, agreement), roster)


def signer(side: Side, agreement: Agreement) -> str | None:
    """Who alone approves for a side, as the agreement says; None where it names several, or nobody."""
    names = agreement.file.approvers.of(side)
    return names[0] if len(names) == 1 else None


def by_name(person: str | None, roster: Roster) -> Answerable | None:
    """With the team that the person is in now."""
    return Answerable(person=person, team=roster.team_with(person)) if person is not None else None
