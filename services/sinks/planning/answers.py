"""What follows in a CRM from what sales did with an offer or a hand-over: the stage, the task, and fields that say what came of it. Pure."""

from __future__ import annotations

from typing import Literal

from schemas.envelope import Envelope
from schemas.events import (
    EventData,
    HandoverAccepted,
    HandoverExpired,
    HandoverFollowedUp,
    HandoverLost,
    HandoverRejected,
    HandoverReturned,
    HandoverWithdrawn,
    HandoverWon,
)
from schemas.json_values import JsonValue
from schemas.sinks.base import HandoverStage
from schemas.sinks.mapping import FieldRules
from services.sinks.planning.facts import map_facts
from services.sinks.planning.operations import Change
from services.sinks.records import Fields, Key, Wanted

OUTCOMES = (HandoverRejected, HandoverExpired, HandoverWithdrawn, HandoverReturned, HandoverWon, HandoverLost)
"""The events that say what came of it."""
OutcomeState = Literal["rejected", "expired", "withdrawn", "returned", "won", "lost"]


def answer_changes(event: Envelope, data: EventData, rules: FieldRules) -> tuple[Change, ...]:
    """What follows from the event; nothing from one of another kind."""
    outcome = _outcome(event, data, rules)
    match data:
        case HandoverAccepted():
            return move(data.handover_id, "accepted")
        case HandoverFollowedUp():
            return end_task(data.offer_id, "done")
        case HandoverRejected() | HandoverExpired() | HandoverWithdrawn():
            told = (Change("outcome", _opportunity(data.handover_id, outcome)),) if outcome else ()
            return (*told, *end_task(data.offer_id, "cancelled"))
        case HandoverReturned():
            return (*move(data.handover_id, "returned", outcome), *end_task(data.offer_id, "cancelled"))
        case HandoverWon():
            return (*move(data.handover_id, "won", outcome), *end_task(data.offer_id, "done"))
        case HandoverLost():
            return (*move(data.handover_id, "lost", outcome), *end_task(data.offer_id, "cancelled"))
        case _:
            return ()


def move(handover_id: str | None, stage: HandoverStage, extra: Fields | None = None) -> tuple[Change, ...]:
    """The hand-over is at this stage from now on."""
    return (Change("opportunity", _opportunity(handover_id, extra or {}), stage),) if handover_id is not None else ()


def end_task(offer_id: str | None, state: Literal["done", "cancelled"]) -> tuple[Change, ...]:
    """The task of the offer is over."""
    if offer_id is None:
        return ()
    wanted = Wanted(Key("task", offer_id), {"state": state})
    return (Change(f"end_task_{offer_id.rpartition('.')[2]}", wanted),)


def _opportunity(handover_id: str, extra: Fields) -> Wanted:
    return Wanted(Key("opportunity", handover_id), {}, extra)


def _outcome(event: Envelope, data: EventData, rules: FieldRules) -> dict[str, JsonValue]:
    """The fields that the file maps, each of which is blank where the event says nothing for it."""
    mapped = rules.of_outcome
    if not mapped or not isinstance(data, OUTCOMES):
        return {}
    facts = {"outcome.state": _state(data), "outcome.reason": getattr(data, "reason", None), "outcome.at": event.time}
    known = map_facts(mapped, facts)
    return {name: known.get(name) for name in mapped}


def _state(data: EventData) -> OutcomeState | None:
    match data:
        case HandoverRejected():
            return "rejected"
        case HandoverExpired():
            return "expired"
        case HandoverWithdrawn():
            return "withdrawn"
        case HandoverReturned():
            return "returned"
        case HandoverWon():
            return "won"
        case HandoverLost():
            return "lost"
        case _:
            return None
