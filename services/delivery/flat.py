"""An event as one flat JSON object, for tools that read no envelopes: no member of it is an object or a list.

The rule of names, which docs/deliveries.md tells receivers: the envelope's attributes have `event_` before them, members of
`data` have the names on the way to them joined by `_`. A list of plain values is one text; in a list with objects, and in a
list of lists, each entry has its number, from 1. What is no letter, digit or underscore is `_`; a name that is there already
gets `_2`, `_3`, ... Empty lists and objects are null.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from schemas.json_values import JsonObject, JsonValue

MOST = 1000
"""Members of such an object; what comes after them is left out, and `event_truncated` says so."""
DEEPEST = 20
"""Levels that are taken apart; what is deeper is JSON in a text."""
_STRANGE = re.compile(r"[^A-Za-z0-9_]")


def flatten(envelope: str) -> str:
    """The same event, flat. Raises msgspec.DecodeError where it is no JSON object."""
    whole: JsonObject = msgspec.json.decode(envelope, type=dict)
    data: JsonValue = whole.pop("data", None)
    flat: JsonObject = {}
    for path, value in (*_members("event", whole, 0), *_members("", data if data is not None else {}, 0)):
        if len(flat) >= MOST:
            flat["event_truncated"] = True
            break
        flat[_free_name(_STRANGE.sub("_", path), flat)] = value
    return msgspec.json.encode(flat).decode()


def _free_name(name: str, flat: JsonObject) -> str:
    if name not in flat:
        return name
    number = 2
    while f"{name}_{number}" in flat:
        number += 1
    return f"{name}_{number}"


def _members(path: str, value: JsonValue, depth: int) -> Iterator[tuple[str, JsonValue]]:
    """(name, plain value) of all that is in it."""
    if isinstance(value, dict | list):
        yield from _inner(path, value, depth)
    else:
        yield path, value


def _inner(path: str, value: JsonObject | list[JsonValue], depth: int) -> Iterator[tuple[str, JsonValue]]:
    entries = value.items() if isinstance(value, dict) else enumerate(value, 1)
    if not value:
        if path:
            yield path, None
    elif depth >= DEEPEST:
        yield path, msgspec.json.encode(value).decode()
    elif isinstance(value, list) and not any(isinstance(entry, dict | list) for entry in value):
        yield path, ", ".join(map(_text, value))
    else:
        for name, entry in entries:
            yield from _members(f"{path}_{name}" if path else str(name), entry, depth + 1)


def _text(value: JsonValue) -> str:
    """As it stands in a list that is one text."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
