"""One try: signed as Standard Webhooks has it, to an address that was looked at first, redirects not followed."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

import httpx

from schemas.subscriptions import Payload
from services.delivery.flat import flatten
from services.outbound.client import build_pinned_request


def key_of(secret: str) -> bytes:
    """The bytes that a Standard Webhooks secret stands for. Raises ValueError where it is no base64, or nothing."""
    if not (key := b64decode(secret.removeprefix("whsec_"), validate=True)):
        raise ValueError("the secret is empty")
    return key


def signature(secrets: Sequence[str], ident: str, stamp: int, body: bytes) -> str:
    """The `webhook-signature` header: `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`, for each secret."""
    signed = f"{ident}.{stamp}.".encode() + body
    keys = [key_of(secret) for secret in secrets]
    return " ".join(f"v1,{b64encode(hmac.digest(key, signed, 'sha256')).decode()}" for key in keys)


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
    raw, stamp = text.encode(), int(now.timestamp())
    headers = {
        "content-type": content_type,
        "webhook-id": ident,
        "webhook-timestamp": str(stamp),
        "webhook-signature": signature(secrets, ident, stamp, raw),
    }
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
