"""Close's API as an API key calls it, and what its answers mean.

A refused value is `{errors: [...], field-errors: {name: words}}` with 400; all else is `{error: words}`. The words may hold values, so
nothing of them comes out but names of fields. Too many calls are a 429 with `RateLimit: limit=, remaining=, reset=` in seconds, for the
group of paths that was called. Read in Close's documentation (November 2026).
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import quote, urlencode

from schemas.json_values import JsonObject, JsonValue
from services.sinks.calls import Caller, Reply, json_call
from services.sinks.outcomes import Trouble

PAGE = 100
LEFT_IN_PEACE = timedelta(seconds=60)
"""After the page of a firewall before Close."""
_RESET = re.compile(r"\breset=(\d{1,5})\b")
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,99}")
_SET_UP = frozenset({"status_id", "_type", "lead_id"})
"""Fields that are written for all records in the same way, beside custom fields that are not there."""


class CloseCalls:
    """One organisation; paths are below `/api/v1` and end in a slash."""

    def __init__(self, caller: Caller, secret: str) -> None:
        self._caller = caller
        self._secret = {"authorization": "Basic " + base64.b64encode(f"{secret}:".encode()).decode()}

    async def read(self, noun: str, ident: str) -> JsonObject | None:
        """The record; None where it is not there any more. Raises Trouble."""
        reply = await self._send("GET", f"{noun}/{quote(ident, safe='')}/")
        return None if reply.status == 404 and _object(reply) is not None else _whole(reply, is_write=False)

    async def ask(self, path: str) -> JsonObject:
        """What is answered to a question that is about no record. Raises Trouble."""
        return _whole(await self._send("GET", path), is_write=False)

    async def list_all(self, path: str, **query: str) -> list[JsonObject]:
        """Everything of a list, page by page. Raises Trouble."""
        rows: list[JsonObject] = []
        while True:
            asked = urlencode({**query, "_limit": PAGE, "_skip": len(rows)})
            answer = await self.ask(f"{path}?{asked}")
            page = _rows(answer)
            rows += page
            if not answer.get("has_more") or not page:
                return rows

    async def search(self, query: JsonObject, kind: str, names: list[JsonValue]) -> list[JsonObject]:
        """What the index has of it, which comes some seconds late. Raises Trouble."""
        whole: JsonObject = {"type": "and", "queries": [{"type": "object_type", "object_type": kind}, query]}
        body: JsonObject = {"query": whole, "_fields": {kind: names}, "results_limit": 10, "cursor": None}
        return _rows(_whole(await self._send("POST", "data/search/", body), is_write=False))

    async def write(self, method: str, path: str, values: JsonValue = None) -> JsonObject:
        """The record as it is now. Raises Trouble."""
        return _whole(await self._send(method, path, values, is_write=True), is_write=True)

    async def _send(self, method: str, path: str, values: JsonValue = None, *, is_write: bool = False) -> Reply:
        return await self._caller(json_call(method, f"/api/v1/{path}", values, secret=self._secret, is_write=is_write))


def _whole(reply: Reply, *, is_write: bool) -> JsonObject:
    if reply.status == 204:
        return {}
    if reply.status in (200, 201):
        if (answer := _object(reply)) is None:
            raise Trouble("unknown" if is_write else "transient", "no_json")
        return answer
    raise _trouble_of(reply, is_write=is_write)


def _object(reply: Reply) -> JsonObject | None:
    try:
        value: JsonValue = json.loads(reply.body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _rows(answer: JsonObject) -> list[JsonObject]:
    rows: JsonValue = answer.get("data")
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _trouble_of(reply: Reply, *, is_write: bool) -> Trouble:
    status, error = reply.status, _object(reply)
    match status:
        case 429:
            return Trouble("throttled", "http_429", wait=_wait(reply) or timedelta(seconds=2))
        case 403 if error is None:
            return Trouble("throttled", "http_403_page", wait=LEFT_IN_PEACE)
        case 401 | 403 | 405 | 415:
            return Trouble("refused_setup", f"http_{status}")
        case 402:
            return Trouble("refused_setup", "limit_of_the_plan")
        case 404:
            return Trouble("gone" if is_write and error is not None else "refused_setup", "http_404")
        case 400 | 409 | 422 if is_write:
            return _trouble_of_refusal(status, error or {})
        case 400 | 409 | 422:
            return Trouble("refused_setup", "question_refused", field=next(_fields(error or {}), None))
        case _:
            return Trouble("unknown" if is_write else "transient", f"http_{status}", wait=_wait(reply))


def _trouble_of_refusal(status: int, error: JsonObject) -> Trouble:
    field = next(_fields(error), None)
    is_of_all = field in _SET_UP or (field is not None and field.startswith("custom"))
    return Trouble("refused_setup" if is_of_all else "refused_data", f"http_{status}", field=field)


def _fields(error: JsonObject) -> Iterator[str]:
    told: JsonValue = error.get("field-errors")
    yield from (name for name in told if _FIELD.fullmatch(name)) if isinstance(told, dict) else ()


def _wait(reply: Reply) -> timedelta | None:
    found = _RESET.search(reply.headers.get("ratelimit", ""))
    seconds = found[1] if found is not None else reply.headers.get("retry-after", "")
    return timedelta(seconds=min(int(seconds), 3600)) if seconds.isdecimal() else None
