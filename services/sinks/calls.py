"""Calls of a vendor's API, as data: made by a vendor's file, sent by whoever is given the task to send, or only shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple, Protocol

from schemas.json_values import JsonValue
from services.sinks.outcomes import Trouble


class Call(NamedTuple):
    """One request. `path` is below the sink's `base_url`, or below `base` where a login server is asked, with its query. `secret`
    headers are sent and never shown; where the body holds a secret, `shown` is what is shown of it. `cost` is what the vendor
    counts it as. `is_login`: it asks for a token and is no part of what is written, so that nobody is shown it."""

    method: str
    path: str
    body: bytes | None = None
    headers: Mapping[str, str] = {}
    secret: Mapping[str, str] = {}
    shown: bytes | None = None
    is_write: bool = False
    cost: int = 1
    base: str | None = None
    is_login: bool = False

    def describe(self) -> str:
        """The request for a person, without secrets."""
        body = self.shown if self.shown is not None else self.body
        lines = [f"{self.method} {self.path}", *(f"{name}: {value}" for name, value in self.headers.items())]
        return "\n".join(lines) + (f"\n\n{body.decode('utf-8', 'replace')}" if body is not None else "")


class Reply(NamedTuple):
    """An answer; `headers` by lower-case name, `body` cut at the sender's limit."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> JsonValue:
        """The body as JSON. Raises Trouble (transient) where it is none, as a page of a proxy is none."""
        try:
            value: JsonValue = json.loads(self.body)
        except ValueError:
            raise Trouble("transient", f"http_{self.status}_no_json") from None
        return value


class Caller(Protocol):
    """Sends a call. Raises Trouble: `transient` where it cannot have arrived, or only reads; `unknown` where a write may have
    happened. It judges no status: a vendor's file does."""

    async def __call__(self, call: Call) -> Reply: ...


class Shown(Exception):
    """The call was noted and not sent: this sink only shows what it would write."""


def json_call(
    method: str,
    path: str,
    value: JsonValue = None,
    *,
    headers: Mapping[str, str] | None = None,
    secret: Mapping[str, str] | None = None,
    is_write: bool = False,
    cost: int = 1,
) -> Call:
    """A call whose body is JSON; without a body where `value` is None."""
    plain = {"accept": "application/json", **(headers or {})}
    body = None
    if value is not None:
        plain["content-type"] = "application/json"
        body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Call(method, path, body, headers=plain, secret=secret or {}, is_write=is_write, cost=cost)
