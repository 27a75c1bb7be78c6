"""Calls over HTTP: guarded, within the sink's allowance, bounded in time and size. Nothing is judged here but whether it arrived."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import NamedTuple

import httpx

from services.outbound.client import AddressRefused, build_pinned_request
from services.sinks.calls import Call, Reply, Shown
from services.sinks.limits import Allowance
from services.sinks.outcomes import Trouble
from services.sinks.remaining import remaining_in

LONGEST_REPLY = 4 * 1024 * 1024
"""Bytes of an answer that are read; a list that is longer is asked for in pages."""


class Endpoint(NamedTuple):
    """Where a sink's calls go. `timeout` in seconds, for the whole of a call."""

    base_url: str
    timeout: float
    allow_private: bool


class HttpCaller:
    """Sends a call over `client`."""

    def __init__(
        self, client: httpx.AsyncClient, endpoint: Endpoint, allowance: Allowance, now: Callable[[], datetime]
    ) -> None:
        self._client, self._endpoint, self._allowance, self._now = client, endpoint, allowance, now
        self.clock_offset: timedelta | None = None
        """How far our clock is ahead of the vendor's, as its last answer said with its `Date`; None before one did."""

    async def __call__(self, call: Call) -> Reply:
        if pause := self._allowance.reserve(call.cost, self._now(), self._endpoint.timeout):
            await asyncio.sleep(pause.total_seconds())
        try:
            async with asyncio.timeout(self._endpoint.timeout):
                reply = await self._exchange(call)
        except TimeoutError:
            raise Trouble("unknown" if call.is_write else "transient", "no_answer_in_time") from None
        if call.base is None:
            self._allowance.believe(remaining_in(reply.headers), self._now())
            if (at := _instant_in(reply.headers)) is not None:
                self.clock_offset = self._now() - at
        return reply

    async def _exchange(self, call: Call) -> Reply:
        url, headers = (call.base or self._endpoint.base_url) + call.path, {**call.headers, **call.secret}
        try:
            request = await build_pinned_request(
                self._client,
                call.method,
                url=url,
                headers=headers,
                content=call.body,
                allow_private=self._endpoint.allow_private,
            )
        except AddressRefused:
            raise Trouble("refused_setup", "address_is_not_public", field="base_url") from None
        except OSError:
            raise Trouble("transient", "name_is_unknown") from None
        try:
            answer = await self._client.send(request, stream=True, follow_redirects=False)
            try:
                body = await _read(answer)
            finally:
                await answer.aclose()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise Trouble("transient", "no_connection") from None
        except httpx.HTTPError as error:
            raise Trouble("unknown" if call.is_write else "transient", type(error).__name__) from None
        return Reply(answer.status_code, _by_lower_name(answer.headers), body)


class ShowingCaller:
    """Notes calls and sends none, or, given `reads`, none that writes. Raises Shown instead of an answer."""

    def __init__(self, reads: HttpCaller | None = None) -> None:
        self._reads = reads
        self.calls: list[Call] = []

    async def __call__(self, call: Call) -> Reply:
        if self._reads is not None and not call.is_write:
            return await self._reads(call)
        if not call.is_login:
            self.calls.append(call)
        raise Shown

    def take(self) -> str:
        """The calls that were noted, for a person; they are forgotten."""
        calls, self.calls = self.calls, []
        return "\n\n".join(call.describe() for call in calls)


def _instant_in(headers: Mapping[str, str]) -> datetime | None:
    """When the vendor sent it, by its own clock, to the second."""
    try:
        at = parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


async def _read(answer: httpx.Response) -> bytes:
    body = b""
    async for piece in answer.aiter_bytes():
        body += piece
        if len(body) > LONGEST_REPLY:
            raise httpx.ReadError("the answer is too long")
    return body


def _by_lower_name(headers: httpx.Headers) -> Mapping[str, str]:
    return {name.lower(): value for name, value in headers.items()}
