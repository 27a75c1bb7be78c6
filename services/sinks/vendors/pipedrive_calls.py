"""Pipedrive's API (v2, and v1 for notes) with a token, and what its answers mean.

Every answer is `{success, data, ...}`, an error `{success: false, error, error_info, code}`. Who goes on after 429 is answered a page
with 403 by the firewall before it. A 429 says not whether a burst or the day is over: a second one soon after the first means the day.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta

from schemas.json_values import JsonObject, JsonValue
from services.sinks.calls import Caller, Reply, json_call
from services.sinks.outcomes import Trouble

BURST = timedelta(seconds=3)
"""A window of the burst limit is two seconds."""
SOON = timedelta(seconds=30)
LEFT_IN_PEACE = timedelta(minutes=2)
OF_ALL = frozenset({"stage_id", "pipeline_id", "custom_fields", "type"})
"""What is wrong for every record where it is wrong for one."""
_NAME = re.compile(
    r"\b(title|name|owner_id|person_id|org_id|stage_id|pipeline_id|status|value|emails|phones|custom_fields|due_date|due_time|type|content)\b"
)


class PipedriveCalls:
    """One company, as one user."""

    def __init__(self, caller: Caller, secret: str, now: Callable[[], datetime]) -> None:
        self._caller, self._secret, self._now = caller, secret, now
        self._refused_at: datetime | None = None

    async def read(self, path: str, *, cost: int = 1) -> JsonObject | None:
        """The answer; None where there is no such record. Raises Trouble."""
        reply = await self._send("GET", path, None, cost=cost)
        return None if reply.status in (404, 410) else self._whole(reply, is_write=False)

    async def write(self, method: str, path: str, body: JsonValue = None, *, cost: int = 5) -> JsonObject:
        """Raises Trouble."""
        return self._whole(await self._send(method, path, body, cost=cost), is_write=True)

    async def _send(self, method: str, path: str, body: JsonValue, *, cost: int) -> Reply:
        secret = {"x-api-token": self._secret}
        return await self._caller(json_call(method, path, body, secret=secret, is_write=method != "GET", cost=cost))

    def _whole(self, reply: Reply, *, is_write: bool) -> JsonObject:
        value = _value_of(reply)
        if reply.status == 429:
            raise self._limit(reply)
        if reply.status in (200, 201) and value is not None and value.get("success") is True:
            return value
        raise trouble_of(reply.status, value, is_write=is_write)

    def _limit(self, reply: Reply) -> Trouble:
        now, before = self._now(), self._refused_at
        self._refused_at = now
        if before is not None and now - before < SOON:
            return Trouble("spent", "http_429_again")
        reset = reply.headers.get("x-ratelimit-reset", "")
        return Trouble(
            "throttled",
            "http_429",
            wait=max(BURST, timedelta(seconds=min(int(reset), 60))) if reset.isdigit() else BURST,
        )


def trouble_of(status: int, value: JsonObject | None, *, is_write: bool) -> Trouble:
    """What an answer that is no success means. `value` is its body, None for a page."""
    if value is None:
        if status == 403:
            return Trouble("throttled", "http_403_page", wait=LEFT_IN_PEACE)
        if status in (401, 404):
            return Trouble("refused_setup", f"http_{status}", field="base_url" if status == 404 else None)
        return Trouble("unknown" if is_write else "transient", f"http_{status}_no_json")
    code = str(value.get("code") or f"http_{status}")
    match = _NAME.search(str(value.get("error") or ""))
    field = match[1] if match else None
    if status in (401, 402, 403):
        return Trouble("refused_setup", code)
    if status in (404, 410):
        return Trouble("gone", code)
    if status == 423 or status == 409:
        return Trouble("locked", code)
    if 400 <= status < 500:
        return Trouble("refused_setup" if field in OF_ALL else "refused_data", code, field=field)
    return Trouble("unknown" if is_write else "transient", code)


def _value_of(reply: Reply) -> JsonObject | None:
    try:
        value: JsonValue = json.loads(reply.body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
