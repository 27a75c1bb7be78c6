"""Bodies as objects: JSON, urlencoded and multipart forms, keys in brackets (`data[merges][FNAME]`), JSON in a field."""

from __future__ import annotations

import re

from schemas.json_values import JsonObject, JsonValue
from services.ingest.parsers.bounds.unreadable import Unreadable
from services.ingest.parsers.reading.charsets import charset_of, to_utf8
from services.ingest.parsers.reading.form_fields import fields_of, looks_like_json, unwrap_json
from services.ingest.parsers.reading.safely import as_object, read_json

_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_STEP = re.compile(r"\[([^\[\]]*)\]")
MAX_STEPS = 12


def whole_of(body: bytes, content_type: str) -> JsonValue:
    """JSON as it is; a form as an object with bracketed keys unfolded. Raises Unreadable."""
    if looks_like_json(body, content_type):
        try:
            return unwrap_json(read_json(to_utf8(body, content_type)))
        except UnicodeDecodeError:
            raise Unreadable(f"not {charset_of(content_type).upper()}") from None
    return unfold_keys(fields_of(body, content_type))


def object_of(body: bytes, content_type: str) -> JsonObject:
    """The body of a kind that sends one object. Raises Unreadable."""
    return as_object(whole_of(body, content_type))


def unfold_keys(fields: JsonObject) -> JsonObject:
    """`a[b][0]=x` as PHP, Rails and jQuery write nested data. A key that is no such path stays as it is."""
    tree: JsonObject = {}
    for key, value in fields.items():
        match = _KEY.fullmatch(key)
        steps = [match[1], *_STEP.findall(match[2])] if match else [key]
        _put_at_path(tree, steps if len(steps) <= MAX_STEPS else [key], value)
    return {key: _lists(value) for key, value in tree.items()}


def _put_at_path(tree: JsonObject, steps: list[str], value: JsonValue) -> None:
    at = tree
    for step in steps[:-1]:
        held = at.setdefault(step or str(len(at)), {})
        if not isinstance(held, dict):
            # `note[type]=3` beside `note[type][id]=7`: both are kept.
            held = at[step] = {"": held}
        at = held
    if not steps[-1] and isinstance(value, list):
        # `interest[]=a&interest[]=b`: all of them.
        start = len(at)
        at.update({str(start + i): one for i, one in enumerate(value)})
        return
    last = steps[-1] or str(len(at))
    if isinstance(at.get(last), dict):
        at[last][""] = value
    else:
        at[last] = value


def _lists(value: JsonValue) -> JsonValue:
    """Objects whose keys are 0, 1, 2, ... are lists."""
    if not isinstance(value, dict):
        return value
    inner = {key: _lists(held) for key, held in value.items()}
    if inner and all(key == str(i) for i, key in enumerate(inner)):
        return list(inner.values())
    return inner


def read_embedded_json(value: JsonValue) -> JsonValue:
    """A text that holds a JSON object or list, read; anything else as it is."""
    if isinstance(value, str) and value[:1] in ("{", "[") and value.rstrip()[-1:] in ("}", "]"):
        try:
            return read_json(value.encode("utf-8", "replace"))
        except Unreadable:
            return value
    return value
