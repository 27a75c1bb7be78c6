"""Upsales' API as one of its keys calls it, and what its answers mean.

An answer is `{error, metadata, data}`; an error `{key, code, errorCode, msg}`, with a status of its own or with 200, and in `errors` where one asks
who one is. A key that is refused gets a plain text. A message may hold values of a record, so of it come out names of fields
that we sent, and nothing else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from datetime import timedelta

from schemas.json_values import JsonObject, JsonValue
from services.sinks.calls import Caller, Reply, json_call
from services.sinks.outcomes import Trouble, TroubleKind

WINDOW = timedelta(seconds=10)
"""The shortest of its windows; which one is full is told by its headers alone."""
THROTTLED = frozenset({"ThrottleLimit", "SessionWriteLimit"})
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]{0,50}")


class UpsalesCalls:
    """One customer's account, as one API key. The key goes in the cookie that Upsales' own pages use, for addresses are logged."""

    def __init__(self, caller: Caller, secret: str) -> None:
        self._caller, self._secret = caller, secret

    async def read(self, path: str) -> JsonObject | None:
        """One record; None where it is not there, or not for us. Raises Trouble."""
        reply = await self._send("GET", path, None, is_write=False)
        if reply.status == 404 and error_of(reply) is not None:
            return None
        data = whole(reply, is_write=False)
        return data if isinstance(data, dict) else None

    async def select(self, path: str) -> list[JsonObject]:
        """The records of a list. Raises Trouble."""
        data = whole(await self._send("GET", path, None, is_write=False), is_write=False)
        return [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []

    async def write(self, method: str, path: str, body: JsonObject | None = None) -> JsonObject:
        """What is there now. Raises Trouble."""
        reply = await self._send(method, path, body, is_write=True)
        data = whole(reply, is_write=True, sent=body or {})
        return data if isinstance(data, dict) else {}

    async def _send(self, method: str, path: str, body: JsonValue, *, is_write: bool) -> Reply:
        secret = {"cookie": f"token={self._secret}"}
        # It asks for the type also where nothing is sent.
        headers = {"content-type": "application/json"}
        return await self._caller(json_call(method, path, body, headers=headers, secret=secret, is_write=is_write))


def whole(reply: Reply, *, is_write: bool, sent: Collection[str] = ()) -> JsonValue:
    """The data of an answer. Raises Trouble where it is none, or holds an error; `sent` are the fields that it may be about."""
    answer = _object(reply)
    if answer is None:
        raise _trouble_of_page(reply, is_write=is_write)
    error = error_of(reply)
    if error is None and 200 <= reply.status < 300:
        return answer.get("data")
    raise _trouble_of_error(error or {}, reply, is_write=is_write, sent=sent)


def error_of(reply: Reply) -> JsonObject | None:
    """The error that an answer of Upsales' holds; None for one that succeeded and for a page of somebody between."""
    answer = _object(reply) or {}
    for name in ("error", "errors"):
        error = answer.get(name)
        first = error[0] if isinstance(error, list) and error else error
        if isinstance(first, dict):
            return first
        if first:
            return {"msg": str(first)}
    return None


def _trouble_of_error(error: JsonObject, reply: Reply, *, is_write: bool, sent: Collection[str]) -> Trouble:
    key, code = str(error.get("key") or ""), error.get("code")
    status = code if reply.status == 200 and isinstance(code, int) else reply.status
    kind = _kind_of(status, key, is_write=is_write)
    words = _WORD.findall(str(error.get("msg") or "")) + _WORD.findall(key)
    return Trouble(
        kind,
        key or f"http_{status}",
        field=next((word for word in words if word in sent), None),
        wait=_wait(reply) if kind == "throttled" else None,
    )


def _kind_of(status: int, key: str, *, is_write: bool) -> TroubleKind:
    if key in THROTTLED:
        return "throttled"
    match status:
        case 429:
            return "throttled"
        case 401 | 403 | 405:
            return "refused_setup"
        case 404 | 410:
            return "gone"
        case 200 | 400 | 409 | 413 | 422:
            return "refused_data"
        case _:
            return "unknown" if is_write else "transient"


def _trouble_of_page(reply: Reply, *, is_write: bool) -> Trouble:
    match reply.status:
        case 429:
            return Trouble("throttled", "http_429", wait=_wait(reply))
        case 401 | 403:
            return Trouble("refused_setup", f"http_{reply.status}", field="secret")
        case 404:
            return Trouble("refused_setup", "no_such_path", field="base_url")
        case _:
            return Trouble("unknown" if is_write else "transient", f"http_{reply.status}_no_json")


def _wait(reply: Reply) -> timedelta:
    """Until the window that is full begins again; it was seen to be told as less than nothing."""
    text = reply.headers.get("x-ratelimit-reset", "")
    seconds = int(text) if text.isascii() and text.isdigit() else 0
    return timedelta(seconds=min(seconds, 3600)) if seconds > 0 else WINDOW


def _object(reply: Reply) -> JsonObject | None:
    try:
        value: JsonValue = json.loads(reply.body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
