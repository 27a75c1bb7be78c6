"""One event at a time folded into incidents: what opens, moves or ends one, and who has to hear of it.

A breach that was told is over when the promise was kept late or nothing waits for it any more. No event of its clock says so
then, so the lead's own events do: followed up, answered, another stage, merged, put away.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from routing.incidents.changes import Folded, climb, correct, end, hand_on, move_due, open_incident
from routing.incidents.recipients import Audience
from routing.incidents.records import Incident, Resolution
from schemas.events import (
    EventData,
    HandoverAccepted,
    HandoverAcceptedLate,
    HandoverExpired,
    HandoverFollowedUp,
    HandoverRejected,
    HandoverWithdrawn,
    LeadDispositionChanged,
    LeadMerged,
    LeadOwnerChanged,
    LeadStageChanged,
    SlaBreached,
    SlaCancelled,
    SlaCorrected,
    SlaEscalated,
    SlaFulfilled,
    SlaPaused,
    SlaResumed,
    SlaStarted,
    SlaWarned,
)

ANSWERS = (HandoverAccepted, HandoverAcceptedLate, HandoverRejected, HandoverWithdrawn, HandoverExpired)
"""After them nobody waits for an answer to the offer."""
ENDINGS = (LeadStageChanged, LeadMerged, LeadDispositionChanged)
"""After them nothing of what the lead had before is waited for."""
OF_LEAD = (HandoverFollowedUp, LeadOwnerChanged, *ANSWERS, *ENDINGS)
OF_CLOCK = (
    SlaStarted,
    SlaWarned,
    SlaBreached,
    SlaEscalated,
    SlaFulfilled,
    SlaCancelled,
    SlaCorrected,
    SlaPaused,
    SlaResumed,
)
TYPES: Collection[str] = frozenset(kind.type_name for kind in (*OF_LEAD, *OF_CLOCK))
"""Types of the events that can open, move or end an incident; the others are passed over unread."""


_ENDED_BY: Mapping[type[EventData], Resolution] = {SlaFulfilled: "kept", SlaCancelled: "cancelled"}


class Happening(NamedTuple):
    """An event of the feed: its id, its subject (a lead's id, or `promise:NAME`), and what it says."""

    event_id: str
    subject: str
    data: EventData


def clock_of(data: EventData) -> str | None:
    """The clock that an event is about; None for those of a lead."""
    return data.clock_id if isinstance(data, OF_CLOCK) else None


def fold(event: Happening, known: Mapping[str, Incident], audience: Audience) -> Folded:
    """`known` are the incidents of the event's subject, by what they are about, also those that are over."""
    data, of_subject = event.data, [i for i in known.values() if i.subject == event.subject]
    if isinstance(data, OF_LEAD):
        return _fold_of_lead(event, data, of_subject, audience)
    incident = known.get(clock_of(data) or "")
    match data:
        case SlaWarned() | SlaBreached():
            return open_incident(event, data, incident, audience)
        case SlaCorrected() if data.new == "breached":
            return open_incident(event, data, incident, audience)
        case SlaCorrected():
            return correct(event.event_id, data, incident, audience)
        case SlaEscalated():
            return climb(event, data, incident, audience)
        case SlaFulfilled() | SlaCancelled():
            return end(event.event_id, [incident], _ENDED_BY[type(data)], audience)
        case SlaStarted():
            before = [i for i in of_subject if i.policy == data.policy and i.started_at < data.started_at]
            return end(event.event_id, before, "begun_again", audience)
        case SlaPaused() | SlaResumed():
            return move_due(incident, data.due_at, audience.now)
        case _:
            return Folded()


def _fold_of_lead(event: Happening, data: EventData, of_subject: list[Incident], audience: Audience) -> Folded:
    if isinstance(data, LeadOwnerChanged):
        return hand_on(event.event_id, data, of_subject, audience)
    if isinstance(data, HandoverFollowedUp):
        kept = [i for i in of_subject if i.metric in ("follow_up", "acceptance")]
        return end(event.event_id, kept, "kept_late", audience)
    if isinstance(data, ANSWERS):
        answered = [i for i in of_subject if i.metric == "acceptance"]
        return end(event.event_id, answered, "answered_late", audience)
    return end(event.event_id, of_subject, "moved_on", audience)
