"""What changed on a clock, told as events: each step from one verdict to the next has one."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple, assert_never

from routing.draft import Draft
from routing.model.records import Clock, Lead
from routing.sla.verdict import Gap, gaps
from schemas.certain import certain
from schemas.events import (
    EventData,
    LeadContact,
    SlaBreached,
    SlaCancelled,
    SlaCorrected,
    SlaFulfilled,
    SlaPaused,
    SlaResumed,
    SlaStarted,
)
from schemas.json_values import JsonObject
from schemas.signals import ClockDue, Person

_NOBODY = Person()
Reason = Literal["late_fact", "absence", "policy"]


class Cause(NamedTuple):
    """Why a clock was looked at: `reason` is for corrections, `why` for cancellations; `still` is what it stands still
    in, `announced` what the watcher said."""

    reason: Reason
    still: Gap | None = None
    announced: ClockDue | None = None
    why: str | None = None


def tell_verdict_change(draft: Draft, before: Clock | None, after: Clock, cause: Cause) -> Clock:
    """Emits what the step from `before` to `after` means; returns `after`, knowing whether its breach was said."""
    if before is None:
        draft.emit(SlaStarted(**_clock_fields(draft, after)), after.started_at)
        if after.state == "running":
            return after
        before = after.but(state="running", ended_at=None)
    if before.open and after.state == "breached" and not after.breach_said:
        after = after.but(breach_said=True)
        noticed = cause.announced.noticed_at if cause.announced is not None else draft.context.now
        draft.emit(SlaBreached(**event_fields(draft, after), noticed_at=max(noticed, after.due_at)), after.due_at)
    elif (emission := _step(draft, before, after, cause)) is not None:
        draft.emit(*emission)
    elif (before.state, before.ended_at, before.due_at) != (after.state, after.ended_at, after.due_at):
        draft.emit(_correction(draft, before, after, cause.reason))
    return after


def _step(draft: Draft, before: Clock, after: Clock, cause: Cause) -> tuple[EventData, datetime] | None:
    """The event of an ordinary step; None where what was said before has to be corrected, or nothing changed."""
    if before.state == after.state or not before.open:
        return None
    fields = event_fields(draft, after)
    match after.state:
        case "fulfilled":
            ended = certain(after.ended_at, "a promise was kept at an instant")
            return SlaFulfilled(**fields, fulfilled_at=ended), ended
        case "cancelled":
            return SlaCancelled(**fields, reason=cause.why or "cancelled"), draft.at
        case "paused":
            still = certain(cause.still, "a clock stands still for a reason")
            at = max(still.since, after.started_at)
            absent = still.cause.startswith("absence")
            return SlaPaused(
                **fields, reason="absence" if absent else "signal", paused_at=at, cause=draft.signal.id
            ), at
        case "running":
            # What ended last and is over: an absence that is still to come did not hold it.
            now = max(draft.at, draft.context.now)
            at = max((gap.until for gap in gaps(after) if gap.until is not None and gap.until <= now), default=draft.at)
            return SlaResumed(**fields, resumed_at=at, cause=draft.signal.id), at
        case "breached":
            return None
        case _:
            assert_never(after.state)


def _correction(draft: Draft, before: Clock, after: Clock, reason: Reason) -> SlaCorrected:
    return SlaCorrected(
        **event_fields(draft, after),
        old=before.state,
        new=after.state,
        fulfilled_at=after.ended_at if after.state == "fulfilled" else None,
        cause=draft.signal.id,
        reason=reason,
        old_due_at=before.due_at,
        old_fulfilled_at=before.ended_at if before.state == "fulfilled" else None,
    )


def offered_to_owner_at(draft: Draft) -> datetime | None:
    """Since when the owner of now could know of the lead: the last offer, where there is one."""
    handover = draft.lead.handover
    current = handover.current if handover is not None else None
    return current.offered_at if current is not None else None


def event_fields(draft: Draft, clock: Clock) -> JsonObject:
    """What an SLA event says of its clock, and in its personal part of the lead."""
    return _clock_fields(draft, clock) | {"personal": _lead_contact(draft.lead)}


def _lead_contact(lead: Lead) -> LeadContact | None:
    """None where nothing is known of them, or was erased."""
    person = lead.personal.person
    if person.phone is not None:
        person = person.but(phone=None)
    if person == _NOBODY and lead.company_name is None:
        return None
    return LeadContact(person=person, company_name=lead.company_name)


def _handover_of(draft: Draft, clock: Clock) -> str | None:
    """The hand-over that the clock measures, or that is the one of its pass."""
    subject, handover = clock.subject_id, draft.lead.handover
    if subject.startswith("ho_"):
        return subject.partition(".")[0]
    in_its_pass = handover is not None and subject == f"{draft.lead.id}.{handover.pass_number}"
    return handover.id if handover is not None and in_its_pass else None


def _clock_fields(draft: Draft, clock: Clock) -> JsonObject:
    """What every SLA event says of its clock. The mode is the clock's own: its start decides who is alerted.

    The owner is the person that the clock measures; for the lead's own clock who has the lead now, and nobody where it
    was due before they could know of it.
    """
    lead = draft.lead
    person, queue = clock.person or lead.owner, lead.queue if lead.owner is None else None
    if clock.metric == "qualification" and clock.touched_by == clock.cause:
        person = None  # It passed straight through: the rules judged it, and nobody has the merit.
    if clock.person is None and clock.state == "breached":
        since = offered_to_owner_at(draft)
        person = None if since is not None and clock.due_at <= since else person
    return {
        "mode": clock.mode,
        "clock_id": clock.id,
        "policy": clock.policy,
        "metric": clock.metric,
        "subject_kind": clock.subject_kind,
        "subject_id": clock.subject_id,
        "owner": draft.owner(person),
        "handover_id": _handover_of(draft, clock),
        "team": draft.context.roster.team_with(person),
        "queue": queue.place if queue is not None else None,
        "started_at": clock.started_at,
        "target": clock.target,
        "due_at": clock.due_at,
        "side": clock.side,
        "answerable": clock.answerable,
    }
