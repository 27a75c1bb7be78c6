"""Paths of a mapping: what stands at one in a body, and that nothing does."""

from __future__ import annotations

import re

from schemas.json_values import JsonValue
from services.ingest.parsers.reading.bodies import read_embedded_json
from services.ingest.parsers.reading.safely import text

_STEP = re.compile(r"\['([^']+)'\]|\[(\d+)\]|\[([\w.-]+)=(?:'([^']*)'|([^'\]=]+))\]|([^.\[\]']+)")
MAX_ROWS = 1000
"""Of a list in which one is looked for by what it says."""


class _Missing:
    """What stands where a path leads nowhere; `null` that stands somewhere is None."""


MISSING = _Missing()


def at(value: JsonValue, path: str) -> JsonValue:
    """What stands at a path; None where nothing does."""
    held = find(value, path)
    return None if held is MISSING else held


def find(value: JsonValue, path: str) -> JsonValue:
    """What stands at a path; MISSING where nothing does. JSON in a text is gone into, `[key=value]` is the first of a list that
    says so."""
    for quoted, index, key, said, bare, name in _STEP.findall(path):
        value = read_embedded_json(value)
        if key:
            rows = value[:MAX_ROWS] if isinstance(value, list) else []
            value = next((row for row in rows if text(at(row, key)) == (said or bare)), MISSING)
        elif index and isinstance(value, list):
            value = value[int(index)] if int(index) < len(value) else MISSING
        else:
            value = value.get(quoted or name or index, MISSING) if isinstance(value, dict) else MISSING
    return value
