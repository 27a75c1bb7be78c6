"""What a breach leads to, rung by rung: somebody is told, the lead goes to somebody else, or back to marketing.

Which rungs there are is agreed, and no code: `{after: 8h elapsed, do: escalate, to: [ceo], channel: pager}` under `ladder` of a
policy of the agreement tells one more person. Only a rung that does something new begins here.
"""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from routing.assignment import ownership
from routing.draft import Draft
from routing.handover import handover, transfer
from routing.lifecycle import DIALOGUE, WORKED, route_of
from routing.model.records import Clock
from routing.people.recipients import named_people
from routing.sla import clocks
from routing.sla.events import event_fields, offered_to_owner_at
from routing.sla.own_hours import calendar_of
from routing.sla.verdict import rung_at
from schemas.events import Owner, SlaEscalated
from schemas.sla import AT_ONCE, Rung
from schemas.words import Telling


def climb(draft: Draft, clock_id: str) -> None:
    """Takes each rung of a breached clock that is due now; the watcher comes back for the others."""
    while (clock := draft.lead.clocks.get(clock_id)) is not None and (rung := _due(draft, clock)) is not None:
        number = clock.rungs_done + 1
        whose = event_fields(draft, clock)
        at = max(draft.at, clock.due_at)
        # Counted first: giving the lead away may end this clock, and a rung is never taken twice.
        draft.put_clock(clock.but(rungs_done=number))
        outcome, to = _carry_out_step(draft, clock, rung)
        fields = whose | {
            "rung": number,
            "action": rung.do,
            "outcome": outcome,
            "to": to,
            "escalated_at": at,
            "channel": rung.channel,
        }
        draft.emit(SlaEscalated(**fields), at)
        clocks.look_again(draft, clock_id)


def _due(draft: Draft, clock: Clock) -> Rung | None:
    """The next rung if its time has come."""
    agreement = draft.context.agreement_of(clock.agreement)
    policy = agreement.policy(clock.policy)
    if policy is None or clock.state != "breached" or clock.next_at is None:
        return None
    at = rung_at(clock, policy.file, calendar_of(clock, agreement), offered_to_owner_at(draft))
    return policy.file.ladder[clock.rungs_done] if at <= _now(draft) else None


def _now(draft: Draft) -> datetime:
    return draft.signal.clock.due_at if draft.signal.clock is not None else draft.at


def _could_know(draft: Draft, clock: Clock, rung: Rung) -> bool:
    """Nobody loses a lead at the moment they get it: an owner of after the due instant has the rung's own time."""
    since = offered_to_owner_at(draft)
    return clock.person is not None or since is None or since < clock.due_at or str(rung.after) != str(AT_ONCE)


def _carry_out_step(draft: Draft, clock: Clock, rung: Rung) -> tuple[str, tuple[Owner, ...]]:
    """(outcome, who is told or has it now)."""
    match rung.do:
        case "notify" | "escalate":
            return "done", draft.context.roster.owners(_recipients(draft, clock, rung.do, rung.to))
        case "reassign":
            return _why_stays(draft, clock, rung) or _reassign(draft)
        case "take_back":
            return _why_stays(draft, clock, rung) or _take_back(draft)
        case _:
            assert_never(rung.do)


def _why_stays(draft: Draft, clock: Clock, rung: Rung) -> tuple[str, tuple[Owner, ...]] | None:
    """The outcome where the lead is not to be taken from who has it; None where it is."""
    if not _could_know(draft, clock, rung):
        return "could_not_know", ()
    return None if draft.lead.stage in WORKED else ("not_open", ())


def _recipients(draft: Draft, clock: Clock, action: Telling, named: tuple[str, ...]) -> tuple[str, ...]:
    measured, roster = clock.person or draft.lead.owner, draft.context.roster
    if named:
        return named_people(named, lambda: _above(draft, measured))
    match action:
        case "notify":
            return (measured,) if measured is not None else ()
        case "escalate":
            return roster.active_with("manager")
        case _:
            assert_never(action)


def _above(draft: Draft, person: str | None) -> tuple[str, ...]:
    """The manager of the person it is about; a finding where there is none to tell, and somebody else is told."""
    roster = draft.context.roster
    managers = roster.above(person, draft.context.now)
    if person is None:
        draft.finding("nobody has it, so no manager of theirs could be told: all managers were")
    elif managers != (roster.manager_of(person),):
        draft.finding(f"no manager of {person} is at work: {', '.join(managers) or 'nobody'} was told")
    return managers


def _take_back(draft: Draft) -> tuple[str, tuple[Owner, ...]]:
    draft.facts.add("taken_back")
    return "done", ()


def _reassign(draft: Draft) -> tuple[str, tuple[Owner, ...]]:
    """Gives the lead to the next by the route who had no chance yet; nobody loses it before somebody else has it."""
    lead = draft.lead
    if lead.stage == "hand_over" and handover.the_handover(draft).blocked:
        return "not_open", ()
    if lead.stage in DIALOGUE and lead.handover is not None and lead.handover.closed_at is None:
        is_given = handover.offer_again(draft, "sla_breached", bounded=False)
        if is_given:
            clocks.restart_recurring(draft)
    else:
        chosen = ownership.choose(draft, route_of(lead.stage), frozenset(filter(None, [lead.owner])))
        is_given = chosen is not None
        if chosen is not None:
            transfer.give(draft, chosen, "sla_breached")
    owner = draft.owner(lead.owner)
    return ("done", (owner,) if owner else ()) if is_given else ("nobody_left", ())
