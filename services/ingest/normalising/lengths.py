"""Facts of a bounded length and number: events carry them, and an event has to fit into a record of the log.

What people wrote (`fields`, `utm`) is not cut here: the signal has all of it, and the core keeps as much as events may have.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from msgspec.structs import astuple

from schemas.json_values import JsonObject, JsonValue
from schemas.parts import Part
from schemas.signals import Actor, Company, Consent, Parsed, Person, Reference, Sales

LONGEST = 256
"""Characters of a name, an id, a tag or any other fact."""
LONGEST_PROSE = 2000
"""Characters of a reason or a criterion, which are sentences."""
MOST = 100
"""Tags, references, consents or other facts of one kind in a signal: definitions go through them, and a lead has no more."""
_PROSE = frozenset({"reason", "criterion"})
_PARTS = frozenset({Actor, Company, Consent, Person, Reference, Sales})
_FREE = frozenset({"fields", "utm", "dedupe_key"})


def fitting(parsed: Parsed) -> Parsed:
    """The same facts with none too long, and of none too many; what was cut is kept whole among the fields. The same object
    where nothing was."""
    if not _may_be_long(astuple(parsed)):
        return parsed
    long = {
        name: value
        for name, value in parsed.values().items()
        if name not in _FREE and _is_long(value, LONGEST_PROSE if name in _PROSE else LONGEST)
    }
    if not long:
        return parsed
    whole: JsonObject = {}
    cut = {name: _cut(value, name, whole) for name, value in long.items()}
    return parsed.but(**cut, fields={**parsed.fields, **whole})


def _may_be_long(values: Iterable[JsonValue]) -> bool:
    """Whether any text or list among these is too long, seen at a glance: this is on every signal's way. Free ones may be among them."""
    for value in values:
        kind = type(value)
        if kind is str:
            if len(value) > LONGEST:
                return True
        elif kind is tuple:
            if value and (len(value) > MOST or _may_be_long(value)):
                return True
        elif kind in _PARTS and _may_be_long(astuple(value)):
            return True
    return False


def _is_long(value: JsonValue, limit: int) -> bool:
    """By exact types and most frequent first."""
    kind = type(value)
    if value is None or kind is bool:
        return False
    if kind is str:
        return len(value) > limit
    if kind is tuple:
        return len(value) > MOST or any([_is_long(item, limit) for item in value])
    return kind in _PARTS and any([_is_long(item, limit) for item in value.values().values()])


def _cut(value: JsonValue, place: str, whole: JsonObject) -> JsonValue:
    """A digest of what was cut keeps equal ones equal and different ones different."""
    limit = LONGEST_PROSE if place in _PROSE else LONGEST
    if isinstance(value, str) and len(value) > limit:
        name = f"({place})" if f"({place})" not in whole else f"({place} {len(whole) + 1})"
        whole[name] = value
        return f"{value[: limit - 40]} [cut {hashlib.sha256(value.encode('utf-8', 'replace')).hexdigest()[:24]}]"
    if isinstance(value, tuple):
        if len(value) > MOST:
            whole[f"({place} beyond {MOST})"] = [
                item.plain() if isinstance(item, Part) else item for item in value[MOST:]
            ]
        return tuple(_cut(item, place, whole) for item in value[:MOST])
    if isinstance(value, Part):
        return value.but(**{name: _cut(item, name.strip("_"), whole) for name, item in value.values().items()})
    return value
