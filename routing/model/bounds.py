"""How much of what people wrote is kept with a lead, so that no event grows beyond what the log takes. The history has it all."""

from __future__ import annotations

import json

MARK = "[cut]"
"""Stands where something was left out."""
WORDS_KEPT = 2000
"""Characters of each thing said."""
SAID_BYTES = 6 * 1024
"""Of one entry of the record, as JSON; 30 entries are 180 KiB."""
ANSWERS_BYTES = 72 * 1024
"""Of all answers of a lead together."""
ANSWERS_KEPT = 100
MAX_TAGS = 100
MAX_REFERENCES = 50
"""Of a lead, and as many again of its hand-over."""
_LEVELS = 4
"""Objects and lists in one another; what is deeper is left out where the whole does not fit."""
_LEAST = 64
"""Bytes below which nothing is begun any more; a mark always fits."""


def shortened_words(fields: dict[str, object]) -> dict[str, object]:
    """The words of one entry, at most SAID_BYTES."""
    shortened = {name: _short(value) for name, value in fields.items()}
    return shortened if _fits(shortened, SAID_BYTES) else _object(shortened, SAID_BYTES, _LEVELS)


def answers(fields: dict[str, object]) -> dict[str, object]:
    """The last ANSWERS_KEPT of them, as many as fit into ANSWERS_BYTES; a mark comes first where others were left out."""
    if len(fields) <= ANSWERS_KEPT and _fits(fields, ANSWERS_BYTES):
        return fields
    kept: list[tuple[str, object]] = []
    room = ANSWERS_BYTES - _LEAST
    for name, value in reversed([item for item in fields.items() if item[0] != MARK]):
        one = _object({name: value}, SAID_BYTES, _LEVELS)
        room -= size(one)
        if room < 0 or len(kept) + 1 == ANSWERS_KEPT:
            break
        kept += one.items()
    return {MARK: MARK, **dict(reversed(kept))}


def _fits(fields: dict[str, object], room: int) -> bool:
    """Short texts and numbers, as nearly all are, need not be written to be measured: a character is six bytes at most,
    quotes and separators of one answer are eight, a number is thirty."""
    characters = 0
    for name, value in fields.items():
        if isinstance(value, str):
            characters += len(value)
        elif value is None or isinstance(value, float) or (isinstance(value, int) and abs(value) < 10**18):
            characters += 5
        else:
            return size(fields) <= room
        characters += len(name) + 2
    return characters * 6 <= room or size(fields) <= room


def size(value: object) -> int:
    """Bytes of it as JSON, at most."""
    return len(json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "surrogatepass"))


def _short(value: object) -> object:
    return f"{value[:WORDS_KEPT]} {MARK}" if isinstance(value, str) and len(value) > WORDS_KEPT else value


def _cut(value: object, room: int, levels: int) -> object:
    """At most `room` bytes, which are _LEAST or more."""
    value = _short(value)
    if size(value) <= room:
        return value
    if isinstance(value, str):
        # A character is six bytes at most: \u0001.
        return f"{value[: (room - 16) // 6]} {MARK}"
    if levels and isinstance(value, dict):
        return _object(value, room, levels)
    if levels and isinstance(value, list):
        return _list(value, room, levels)
    return MARK


def _object(value: dict[str, object], room: int, levels: int) -> dict[str, object]:
    kept: dict[str, object] = {}
    remaining = room - _LEAST
    for name, item in value.items():
        name = name if size(name) <= _LEAST * 4 else f"{name[:32]} {MARK}"
        remaining -= size(name) + 4
        if remaining < _LEAST:
            return {**kept, MARK: MARK}
        kept[name] = _cut(item, remaining, levels - 1)
        remaining -= size(kept[name])
    return kept


def _list(value: list[object], room: int, levels: int) -> list[object]:
    kept: list[object] = []
    remaining = room - _LEAST
    for item in value:
        if remaining < _LEAST:
            return [*kept, MARK]
        kept.append(_cut(item, remaining, levels - 1))
        remaining -= size(kept[-1]) + 2
    return kept
