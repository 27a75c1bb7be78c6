"""One try: signed as Standard Webhooks has it, to an address that was looked at first, redirects not followed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

import httpx

from schemas.subscriptions import Payload
from services.delivery.flat import flatten
from services.outbound.client import build_pinned_request
from services.outbound.signing import signed_headers


async def send(
    client: httpx.AsyncClient,
    url: str,
    secrets: Sequence[str],
    ident: str,
    body: str,
    now: datetime,
    *,
    allow_private: bool,
    payload: Payload = "cloudevents",
) -> httpx.Response:
    """`body` is the envelope; what is signed is what is sent, in the shape of `payload`. Connects to the very address that was looked at, so that a name that changes its answer cannot lead elsewhere.

    Raises AddressRefused, OSError, httpx.HTTPError, httpx.InvalidURL, ValueError, msgspec.DecodeError.
    """
    content_type, text = _shape(body, payload)
    raw = text.encode()
    headers = {"content-type": content_type, **signed_headers(secrets, ident, now, raw)}
    request = await build_pinned_request(
        client, "POST", url=url, headers=headers, content=raw, allow_private=allow_private
    )
    answer = await client.send(request, stream=True, follow_redirects=False)
    await answer.aclose()
    return answer


def _shape(body: str, payload: Payload) -> tuple[str, str]:
    """(media type, text) of the envelope in this shape."""
    match payload:
        case "cloudevents":
            return "application/cloudevents+json", body
        case "flat":
            return "application/json", flatten(body)
        case _:
            assert_never(payload)
