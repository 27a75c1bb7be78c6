"""Calls to the sign-in provider: guarded as all that goes out, bounded in time and size, no redirection followed."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlencode

import httpx

from schemas.json_values import JsonObject
from services.door.problems import Trouble
from services.outbound.client import AddressRefused, build_pinned_request

log = logging.getLogger("stafett.http")
SECONDS = 10.0
"""For one call, from the name to the last byte."""
MOST_BYTES = 262_144
"""Of an answer; keys and descriptions of providers are some 10 KiB."""


class Answer(NamedTuple):
    """`body` is a JSON object."""

    status: int
    body: JsonObject


class ProviderCalls:
    """`allow_private`: the provider may be inside."""

    def __init__(self, allow_private: bool) -> None:
        self._allow_private = allow_private

    async def get(self, url: str) -> JsonObject:
        """The JSON object at this address. Raises Trouble `provider_away` for anything else."""
        answer = await self._exchange("GET", url, {})
        if answer.status != 200:
            raise _away(f"status {answer.status}")
        return answer.body

    async def post(self, url: str, fields: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        """What is answered to a form, below 500. Raises Trouble `provider_away`."""
        form = {"content-type": "application/x-www-form-urlencoded", **headers}
        answer = await self._exchange("POST", url, form, urlencode(fields).encode())
        if answer.status >= 500:
            raise _away(f"status {answer.status}")
        return answer

    async def _exchange(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None = None
    ) -> Answer:
        try:
            async with asyncio.timeout(SECONDS), httpx.AsyncClient(timeout=SECONDS, trust_env=False) as client:
                request = await build_pinned_request(
                    client,
                    method,
                    url=url,
                    headers={"accept": "application/json", **headers},
                    content=content,
                    allow_private=self._allow_private,
                )
                answer = await client.send(request, stream=True, follow_redirects=False)
                try:
                    return Answer(answer.status_code, _object(await _read(answer)))
                finally:
                    await answer.aclose()
        except AddressRefused:
            raise _away("its address is not public; STAFETT_OIDC_ALLOW_PRIVATE=true lets it be") from None
        except (httpx.HTTPError, OSError, TimeoutError) as error:
            raise _away(type(error).__name__) from None


def _away(why: str) -> Trouble:
    """The log says why; whoever signs in can do nothing about it."""
    log.warning("the sign-in provider cannot be used", extra={"error": why})
    return Trouble("provider_away", retry_after=10)


async def _read(answer: httpx.Response) -> bytes:
    body = b""
    async for piece in answer.aiter_bytes():
        body += piece
        if len(body) > MOST_BYTES:
            raise httpx.ReadError("the answer is too long")
    return body


def _object(body: bytes) -> JsonObject:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise _away("its answer is no JSON") from None
    if not isinstance(value, dict):
        raise _away("its answer is no JSON object")
    return value
