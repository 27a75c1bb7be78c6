"""What a lead did while somebody owned it, as one note of the opportunity: noted one by one, written together. Pure.

What was noted and not yet written is kept as a record of its own (kind `touches`, key: the hand-over's), with the instant at which it is
due. So a storm of touches is one write, and what is kept of them is no more than `LONGEST_LIST`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from schemas.envelope import Envelope
from schemas.events import LeadTouched
from schemas.sinks.base import NoteSettings
from services.ports.instants import instant, micros
from services.sinks.planning.note import touches_text
from services.sinks.planning.operations import Collect, Ensure, Operation, Spread
from services.sinks.records import Key, Wanted

BATCH = timedelta(minutes=15)
"""So long after the first of them what a lead did is written."""
TOUCHES = "/touches"
"""The end of our key of their note."""
LONGEST_LIST = 20
"""The newest that stand in the note."""


class Touch(NamedTuple):
    """One of them: the event that told it, when it was, which kind of signal of which source."""

    event_id: str
    at: datetime
    kind: str
    source: str


class Touched(NamedTuple):
    """What is kept of a hand-over, oldest first; `is_written` where the note holds all of it."""

    handover_id: str
    touches: tuple[Touch, ...] = ()
    is_written: bool = True

    def has(self, event_id: str) -> bool:
        """Whether this event is among them."""
        return any(touch.event_id == event_id for touch in self.touches)


def touches_plan(event: Envelope, data: LeadTouched, kept: Touched, settings: NoteSettings) -> tuple[Operation, ...]:
    """The first time that the event comes it is noted; when it comes again since it is due, all of them are written."""
    if not kept.has(event.id):
        touch = Touch(event.id, event.time, data.signal_kind, data.source)
        touches = sorted((*kept.touches, touch), key=lambda one: one.at)[-LONGEST_LIST:]
        return (Collect("collect", kept.handover_id, touches_json(touches)),)
    if kept.is_written:
        return ()
    key = Key("note", f"{kept.handover_id}{TOUCHES}")
    lines = [(touch.at, touch.kind, touch.source) for touch in reversed(kept.touches)]
    wanted = Wanted(key, {"text": touches_text(lines, settings, key.marker)}, owned=frozenset({"text"}))
    hangs_on = (Key("opportunity", kept.handover_id), Key("contact", event.subject))
    return (Ensure("touches", wanted, hangs_on), Spread("written", kept.handover_id))


def touches_json(touches: Sequence[Touch]) -> str:
    """As it is kept; nothing in it is of the person."""
    return json.dumps([[touch.event_id, micros(touch.at), touch.kind, touch.source] for touch in touches])


def touches_of(kept: str | None) -> tuple[Touch, ...]:
    """What is kept."""
    rows = json.loads(kept or "[]")
    return tuple(Touch(event_id, instant(at), kind, source) for event_id, at, kind, source in rows)
