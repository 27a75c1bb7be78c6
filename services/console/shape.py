"""What a body is made of, without what it says: names and types of its members. Helps to correct a mapping."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qsl

from services.observability import scrub

DEPTH = 12
MEMBERS = 100


def shape_of(body: bytes | None, content_type: str | None) -> Any:
    """Nested names with `text`, `number`, `yes or no` or `null`; None where it is neither JSON nor a form."""
    if not body:
        return None
    try:
        if "urlencoded" in (content_type or ""):
            return {scrub(name): "text" for name, _ in parse_qsl(body.decode(), max_num_fields=MEMBERS)}
        return _shape(json.loads(body), DEPTH)
    except (ValueError, RecursionError):
        return None


def _shape(value: Any, depth: int) -> Any:
    if isinstance(value, dict | list) and depth == 0:
        return "..."
    if isinstance(value, dict):
        return {scrub(str(name)): _shape(inner, depth - 1) for name, inner in list(value.items())[:MEMBERS]}
    if isinstance(value, list):
        return [_shape(inner, depth - 1) for inner in value[:1]]
    if value is None or isinstance(value, bool):
        return "null" if value is None else "yes or no"
    return "number" if isinstance(value, int | float) else "text"


def readable(body: bytes | None) -> str | None:
    """The body as text; bytes that are none in base64."""
    if body is None:
        return None
    try:
        return body.decode()
    except UnicodeDecodeError:
        return base64.b64encode(body).decode()
