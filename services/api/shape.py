"""What a body is made of, without what it says: names and types of its members. Helps to correct a mapping."""

from __future__ import annotations

import base64
import json
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl

from services.observability.logging import LONGEST_PLACE, scrub

DEPTH = 12
MEMBERS = 100
NAMES = 2000
"""In the shape of one body; whoever looks at it needs no more, and a stranger chose how many there are."""


def shape_of(body: bytes | None, content_type: str | None) -> Any:
    """Nested names with `text`, `number`, `yes or no` or `null`; None where it is neither JSON nor a form. Bounded, whatever
    the body: at most `NAMES` names, each cut."""
    if not body:
        return None
    try:
        if "urlencoded" in (content_type or ""):
            return {scrub(name, LONGEST_PLACE): "text" for name, _ in parse_qsl(body.decode(), max_num_fields=MEMBERS)}
        return _Shape().of(json.loads(body), DEPTH)
    except (ValueError, RecursionError):
        return None


class _Shape:
    """One drawing of a shape; it counts the names that are left."""

    def __init__(self) -> None:
        self._left = NAMES

    def of(self, value: Any, depth: int) -> Any:
        if isinstance(value, dict | list) and depth == 0:
            return "..."
        if isinstance(value, dict):
            members = list(islice(value.items(), min(MEMBERS, self._left)))
            self._left -= len(members)
            return {scrub(str(name), LONGEST_PLACE): self.of(inner, depth - 1) for name, inner in members}
        if isinstance(value, list):
            return [self.of(inner, depth - 1) for inner in value[:1]]
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
