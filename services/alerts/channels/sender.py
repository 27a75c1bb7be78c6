"""What a channel does: takes a message, and says what came of it. HTTP goes to addresses that were looked at first."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, Protocol

import httpx

from schemas.json_values import JsonValue
from services.alerts.messages.building import Message
from services.outbound.client import build_pinned_request, retry_after

MOST_ANSWER = 65_536
"""Bytes of an answer that are read; what is longer is cut."""


class Outcome(NamedTuple):
    """What came of one try: `sent`; `later`, after `pause` where the place asks for one, which holds the whole channel; or `refused`:
    this message is not taken, however often. `receipt` is what a later message of the thread needs; `error` is a word for people."""

    state: str
    error: str | None = None
    pause: timedelta | None = None
    receipt: str | None = None


class Sender(Protocol):
    """One channel of the file, with its secrets in hand."""

    async def send(self, message: Message) -> Outcome:
        """One try. What it raises counts as `later`."""


class Answer(NamedTuple):
    """An HTTP answer, as much of it as is read."""

    status: int
    headers: httpx.Headers
    body: bytes

    def pause(self, now: datetime) -> timedelta | None:
        """What `Retry-After` asks for."""
        return retry_after(self.headers.get("retry-after"), now)


class Post:
    """Posts JSON over one client, and asks."""

    def __init__(self, client: httpx.AsyncClient, *, allow_private: bool) -> None:
        self._client, self._allow_private = client, allow_private

    async def json(self, url: str, body: JsonValue, headers: Mapping[str, str] | None = None) -> Answer:
        """Raises AddressRefused, OSError, httpx.HTTPError, httpx.InvalidURL."""
        return await self.raw(url, json.dumps(body, ensure_ascii=False).encode(), headers)

    async def get(self, url: str, headers: Mapping[str, str]) -> Answer:
        """Asks, and sends nothing. Raises as `json`."""
        return await self._exchange("GET", url, headers, None)

    async def raw(
        self,
        url: str,
        content: bytes,
        headers: Mapping[str, str] | None = None,
        *,
        method: Literal["POST", "PUT"] = "POST",
    ) -> Answer:
        """The same for bytes that are JSON already."""
        given = {"content-type": "application/json; charset=utf-8", **(headers or {})}
        return await self._exchange(method, url, given, content)

    async def _exchange(self, method: str, url: str, headers: Mapping[str, str], content: bytes | None) -> Answer:
        request = await build_pinned_request(
            self._client, method, url=url, headers=headers, content=content, allow_private=self._allow_private
        )
        answer = await self._client.send(request, stream=True, follow_redirects=False)
        try:
            body = b""
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) >= MOST_ANSWER:
                    break
        finally:
            await answer.aclose()
        return Answer(answer.status_code, answer.headers, body[:MOST_ANSWER])


def judge(answer: Answer, now: datetime) -> Outcome:
    """By the status alone, where a place says nothing else: 2xx is sent; 408, 425, 429 and 5xx pass; all others stay as they are."""
    status = answer.status
    if 200 <= status < 300:
        return Outcome("sent")
    if status in (408, 425, 429) or status >= 500:
        return Outcome("later", f"HTTP {status}", answer.pause(now))
    return Outcome("refused", f"HTTP {status}")


def cut(text: str, most: int) -> str:
    """At most so many characters, with an ellipsis where some are left out."""
    return text if len(text) <= most else text[: most - 1] + "…"
