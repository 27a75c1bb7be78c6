"""What platforms answer alike: limits, faults of theirs, pages of somebody between. All else a platform's file classifies by its body."""

from __future__ import annotations

import json
from datetime import timedelta

from schemas.json_values import JsonObject, JsonValue
from services.sinks.calls import Reply
from services.sinks.outcomes import Trouble

LONGEST_WAIT = timedelta(hours=1)
PAGE_WAIT = timedelta(minutes=1)
"""After the page of a firewall, which is what those get who call too often."""


def object_in(reply: Reply) -> JsonObject | None:
    """The answer's JSON object; None for anything else, as a page of a proxy is."""
    try:
        value: JsonValue = json.loads(reply.body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def rows_in(value: JsonValue) -> list[JsonObject]:
    """The objects of a list; of a map by id its values, since PHP writes an empty map as a list."""
    values = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [row for row in values if isinstance(row, dict)]


def raise_if_busy(reply: Reply, *, is_write: bool) -> None:
    """Raises Trouble where too much was asked, or a fault is theirs or of somebody between. A write that such an answer came to may
    have happened all the same."""
    if reply.status == 429:
        raise Trouble("throttled", "http_429", wait=_wait_of(reply))
    if reply.status in (408, 425) or reply.status >= 500:
        raise Trouble("unknown" if is_write else "transient", f"http_{reply.status}", wait=_wait_of(reply))
    if object_in(reply) is None and reply.status not in (200, 201, 202, 204):
        if reply.status == 401:
            raise Trouble("refused_setup", "http_401", field="secret")
        # Not theirs: a path that is not there, or a firewall that lets nobody through for a while.
        if reply.status in (404, 405):
            raise Trouble("refused_setup", f"http_{reply.status}_page", field="base_url")
        raise Trouble("throttled", f"http_{reply.status}_page", wait=PAGE_WAIT)


def _wait_of(reply: Reply) -> timedelta | None:
    seconds = reply.headers.get("retry-after", "")
    return min(timedelta(seconds=int(seconds)), LONGEST_WAIT) if seconds.isdigit() and len(seconds) < 8 else None
