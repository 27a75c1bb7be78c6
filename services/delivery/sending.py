"""One try: signed as Standard Webhooks has it, to an address that was looked at first, redirects not followed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import assert_never

from schemas.subscriptions import Payload, SubscriptionTerms
from services.delivery.flat import flatten
from services.outbound.exchanges import Answer
from services.outbound.posting import Place, Poster, header_lines, place_of
from services.outbound.signing import key_of, signed_headers


class Outlet:
    """Where the events of one subscription go, and by which secrets they are signed: what is the same for each of them is made
    once, when the first one is sent."""

    def __init__(self, terms: SubscriptionTerms, secrets: Sequence[str]) -> None:
        self._terms, self._secrets = terms, secrets

    @property
    def name(self) -> str:
        """The subscription's."""
        return self._terms.name

    async def send(self, poster: Poster, ident: str, body: str, now: datetime, *, trace: str | None = None) -> Answer:
        """`body` is the envelope; what is signed is what is sent, in the shape of the subscription's `payload`; `trace` goes along as
        the header `traceparent`. Connects to the very
        address that was looked at, so that a name that changes its answer cannot lead elsewhere.

        Raises AddressRefused, OSError, httpx.HTTPError, httpx.InvalidURL, ValueError, msgspec.DecodeError.
        """
        content_type, text = _shape(body, self._terms.payload)
        raw = text.encode()
        headers = {"content-type": content_type, **signed_headers(self._keys, ident, now, raw)}
        if trace is not None:
            headers["traceparent"] = trace
        return await poster.post(self._place, header_lines(headers), raw)

    @cached_property
    def _keys(self) -> tuple[bytes, ...]:
        return tuple(key_of(secret) for secret in self._secrets)

    @cached_property
    def _place(self) -> Place:
        return place_of(self._terms.url, allow_private=self._terms.allow_private)


def _shape(body: str, payload: Payload) -> tuple[str, str]:
    """(media type, text) of the envelope in this shape."""
    match payload:
        case "cloudevents":
            return "application/cloudevents+json", body
        case "flat":
            return "application/json", flatten(body)
        case _:
            assert_never(payload)
