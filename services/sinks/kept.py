"""What is kept of records, and what follows from it. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import assert_never

from schemas.json_values import JsonValue
from schemas.sinks import RecordKind
from services.ports.sinks import WAITING, SinkRecord
from services.sinks.outcomes import Made, Trouble
from services.sinks.planning.plan import OpenHandover
from services.sinks.planning.touches import TOUCHES, Touched, touches_of
from services.sinks.records import Fields, Key
from services.sinks.stepping import Done


def newest_handover(records: Sequence[SinkRecord]) -> OpenHandover | None:
    """The newest hand-over of a lead that this sink knows an opportunity of, with the task of its newest offer."""
    present = [record for record in reversed(records) if record.state == "present"]
    handover = next((r.key for r in present if r.kind == "opportunity" and not r.is_over), None)
    if handover is None:
        return None
    offers = (r.key for r in present if r.kind == "task" and r.key.rpartition(".")[0] == handover)
    touches = next((r for r in records if r.kind == "touches" and r.key == handover), None)
    touched = None
    if touches is not None:
        touched = Touched(handover, touches_of(touches.before), is_written=touches.vendor_id != WAITING)
    return OpenHandover(handover, next(offers, None), touched)


def after_create(making: SinkRecord, made: Made, fields: Fields, now: datetime) -> Done:
    # One that was there already was not written yet: with no digest the next event brings it up to date.
    digest = None if made.adopted else digest_of(fields)
    record = making._replace(
        state="present", vendor_id=made.vendor_id, url=made.url, digest=digest, adopted=made.adopted, seen_at=now
    )
    return Done("adopted" if made.adopted else "created", record, is_new=True)


def taken_away(kind: RecordKind) -> str | None:
    """What comes of a record of ours that somebody took away there: a note or task stays away; None for those that others hang
    on, which are made again. Raises Trouble (gone) for an opportunity: only a person makes it again, by `forget`."""
    match kind:
        case "opportunity":
            raise Trouble("gone", "opportunity_is_no_longer_there")
        case "note" | "task":
            return "taken_away_there"
        case "contact" | "company":
            return None
        case _:
            assert_never(kind)


def may_wait(record: SinkRecord | None, key: Key) -> bool:
    """Whether it leaves a short bucket to owners and offers: an edit of a note, and what the lead did meanwhile."""
    is_there = record is not None and record.state == "present"
    return key.kind == "note" and (is_there or key.text.endswith(TOUCHES))


def is_blank(value: JsonValue) -> bool:
    return value is None or value in ("", [])


def digest_of(fields: Fields) -> str:
    return sha256(json.dumps(fields, sort_keys=True, default=str).encode()).hexdigest()
