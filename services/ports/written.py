"""What a sink wrote last into fields of which a CRM's webhooks tell, as digests with their instants: so its echo is known by its value.

Kept with the record as JSON, `{"stage": [digest, microseconds]}`. An echo carries exactly what we wrote, to that field of that record,
and not long ago; any other value is somebody else's. What we see there as it should be, and did not write, takes away the mark of
another value: who goes back to what we wrote before is not taken for us.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from hashlib import sha256

from schemas.json_values import JsonValue
from schemas.sinks import ValueName
from services.ports.instants import instant, micros

TOLD: tuple[ValueName, ...] = ("stage", "owner", "state")
"""Values that a webhook tells of: the stage and the owner of an opportunity, a task that is done."""
_OF_FIELD = "="
"""Before the name of a field of theirs, of which no webhook is asked."""
WINDOW = timedelta(minutes=10)
"""How long after our write its webhook is looked for."""


def note_values(
    kept: str | None, values: Mapping[ValueName, JsonValue], written: Collection[ValueName], at: datetime
) -> str | None:
    """The marks once these are the values there: those of `written`, which we write now, and none of a value that was there before."""
    marks = _read(kept)
    for name in TOLD:
        if name not in values:
            continue
        digest = _digest(values[name])
        if name in written:
            marks[name] = (digest, micros(at))
        elif name in marks and marks[name][0] != digest:
            del marks[name]
    return json.dumps(marks) if marks else None


def note_fields(kept: str | None, fields: Mapping[str, JsonValue], at: datetime) -> str:
    """The marks with these fields of theirs among them, which we write now: so that an erasure knows what of a record is ours."""
    marks = _read(kept) | {_OF_FIELD + name: (_digest(value), micros(at)) for name, value in fields.items()}
    return json.dumps(marks)


def noted_fields(kept: str | None) -> frozenset[str]:
    """The fields of theirs that we wrote."""
    return frozenset(name.removeprefix(_OF_FIELD) for name in _read(kept) if name.startswith(_OF_FIELD))


def is_ours(kept: str | None, field: str, value: JsonValue) -> bool:
    """Whether this field of theirs holds what we wrote into it, however long ago."""
    mark = _read(kept).get(_OF_FIELD + field)
    return mark is not None and mark[0] == _digest(value)


def is_echo(kept: str | None, name: ValueName, value: JsonValue, at: datetime) -> bool:
    """Whether a webhook that comes at `at` with this value tells of our own write."""
    mark = _read(kept).get(name)
    return mark is not None and mark[0] == _digest(value) and instant(mark[1]) <= at <= instant(mark[1]) + WINDOW


def _read(kept: str | None) -> dict[str, tuple[str, int]]:
    return {name: (digest, at) for name, (digest, at) in json.loads(kept or "{}").items()}


def _digest(value: JsonValue) -> str:
    """In upper or lower case alike, as sources compare stages."""
    return sha256(str(value).casefold().encode()).hexdigest()[:32]
