"""Requests to a sender's API: paced, bounded in size and time, answers kept for half a minute."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import httpx

from schemas.json_values import JsonValue
from schemas.sources import Fetch
from services.ingest.parsers.bounds.unreadable import Unreadable
from services.ingest.parsers.reading.safely import mapping, read_json
from services.outbound.client import AddressRefused, build_pinned_request, retry_after
from services.outbound.sockets import transport

TIMEOUT = 10.0
"""Seconds for a whole request."""
MAX_ANSWER = 1024 * 1024
KEPT, KEPT_SECONDS = 2000, 30.0
"""Answers kept, and for how long: a platform tells of each changed property by itself."""
_PASSING = frozenset({408, 425, 429})


class Later(Exception):
    """It may be answered another time; after `seconds`, where the API says so."""

    def __init__(self, reason: str, seconds: float | None = None) -> None:
        super().__init__(reason)
        self.seconds = seconds


class Refused(Exception):
    """It will not be answered until somebody changes something."""


class Gone(Exception):
    """The API has no such record any more."""


class Asker:
    """Asks one API for one source. `get` gives the answer to a path; `headers` go with every request."""

    def __init__(self, fetch: Fetch, base: str, headers: Mapping[str, str], client: httpx.AsyncClient | None) -> None:
        self._fetch, self._base, self._headers = fetch, base.rstrip("/"), {"accept": "application/json", **headers}
        self._client = client or httpx.AsyncClient(timeout=TIMEOUT, transport=transport(), trust_env=False)
        self._pace = _Pace(fetch.per_second)
        self._kept: OrderedDict[str, tuple[float, Mapping[str, JsonValue]]] = OrderedDict()

    async def close(self) -> None:
        await self._client.aclose()

    def forget(self, paths: Iterable[str]) -> None:
        """They are asked again: what they gave could not be read."""
        for path in paths:
            self._kept.pop(path, None)

    async def get(self, path: str) -> Mapping[str, JsonValue]:
        """Raises Later, Refused, Gone."""
        now = time.monotonic()
        kept = self._kept.get(path)
        if kept is not None and kept[0] > now:
            return kept[1]
        found = await self._ask(path)
        self._kept[path] = (now + KEPT_SECONDS, found)
        self._kept.move_to_end(path)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return found

    async def _ask(self, path: str) -> Mapping[str, JsonValue]:
        await self._pace.turn()
        try:
            async with asyncio.timeout(TIMEOUT):
                status, headers, body = await self._exchange(path)
        except AddressRefused:
            raise Refused("the API's name leads to an address that is not public") from None
        except (httpx.HTTPError, OSError, TimeoutError) as error:
            raise Later(type(error).__name__) from None
        if status in _PASSING or status >= 500:
            pause = retry_after(headers.get("retry-after"), datetime.now(UTC))
            seconds = pause.total_seconds() if pause is not None else None
            self._pace.hold(seconds if seconds is not None and status == 429 else 0.0)
            raise Later(f"it answered {status}", seconds)
        if status in (404, 410):
            raise Gone
        if status != 200:
            raise Refused(f"it answered {status}")
        try:
            return mapping(read_json(body))
        except Unreadable as error:
            raise Refused(f"it answered what cannot be read: {error.reason}") from None

    async def _exchange(self, path: str) -> tuple[int, httpx.Headers, bytes]:
        private = self._fetch.allow_private
        request = await build_pinned_request(
            self._client, "GET", f"{self._base}{path}", self._headers, allow_private=private
        )
        answer = await self._client.send(request, stream=True, follow_redirects=False)
        try:
            parts, size = [], 0
            async for part in answer.aiter_bytes():
                size += len(part)
                if size > MAX_ANSWER:
                    raise Refused(f"it answered over {MAX_ANSWER} bytes")
                parts.append(part)
            return answer.status_code, answer.headers, b"".join(parts)
        finally:
            await answer.aclose()


class _Pace:
    """One request every so often; all wait where the API asks for a pause."""

    def __init__(self, per_second: float) -> None:
        self._gap, self._next = 1.0 / per_second, 0.0

    async def turn(self) -> None:
        now = time.monotonic()
        at = max(now, self._next)
        self._next = at + self._gap
        if at > now:
            await asyncio.sleep(at - now)

    def hold(self, seconds: float) -> None:
        self._next = max(self._next, time.monotonic() + min(seconds, 3600.0))
