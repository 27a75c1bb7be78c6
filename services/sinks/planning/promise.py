"""What a CRM is told of the promise to follow up a hand-over: by when, and whether it was kept. Pure."""

from __future__ import annotations

from typing import Literal

from schemas.events import (
    EventData,
    SlaBreached,
    SlaCancelled,
    SlaCorrected,
    SlaFulfilled,
    SlaPaused,
    SlaResumed,
    SlaStarted,
)
from schemas.json_values import JsonValue
from schemas.sinks.mapping import FieldRules
from services.sinks.planning.facts import Facts, map_facts
from services.sinks.planning.operations import Change
from services.sinks.records import Key, Wanted

EVENTS: frozenset[str] = frozenset(
    event.type_name
    for event in (SlaStarted, SlaPaused, SlaResumed, SlaFulfilled, SlaBreached, SlaCorrected, SlaCancelled)
)
"""The events that tell of it."""
PromiseState = Literal["running", "paused", "kept", "breached", "cancelled"]
"""`paused`: the clock stands still. `breached`: not kept by its due instant, whatever was done later."""
_STATES: dict[str, PromiseState] = {"running": "running", "fulfilled": "kept", "breached": "breached"}
"""Ours of the states that a correction names; all others mean that nothing is measured."""


def promise_changes(event: EventData, rules: FieldRules) -> tuple[Change, ...]:
    """The fields of the promise, where the file maps any and the event is of a promise to follow up a hand-over."""
    mapped = rules.of_promise
    facts = _facts_of(event) if mapped else {}
    if not facts:
        return ()
    extra: dict[str, JsonValue] = dict(map_facts(mapped, facts))
    if isinstance(event, SlaCorrected):
        # What was said before is not so: an instant that is none any more is taken away.
        extra = {name: extra.get(name) for name in mapped}
    wanted = Wanted(Key("opportunity", str(facts["handover.id"])), {}, extra)
    return (Change("promise", wanted),) if extra else ()


def _facts_of(event: EventData) -> Facts:
    match event:
        case SlaStarted() | SlaResumed():
            state: PromiseState = "running"
        case SlaPaused():
            state = "paused"
        case SlaFulfilled():
            state = "kept" if event.fulfilled_at <= event.due_at else "breached"
        case SlaBreached():
            state = "breached"
        case SlaCorrected():
            state = _STATES.get(event.new, "cancelled")
        case SlaCancelled():
            state = "cancelled"
        case _:
            return {}
    if event.metric != "follow_up" or event.handover_id is None:
        return {}
    kept_at = event.fulfilled_at if isinstance(event, SlaFulfilled | SlaCorrected) else None
    breached_at = event.due_at if state == "breached" else None
    return {
        "handover.id": event.handover_id,
        "sla.state": state,
        "sla.due_at": event.due_at,
        "sla.kept_at": kept_at,
        "sla.breached_at": breached_at,
    }
