"""Ids of deliveries choose what is a repetition, so nobody but the sender may choose them.

A header is believed where the scheme signs it, or where the secret itself was sent: who has it may say everything. JsonValue other
header is emptied before a parser reads it, and the delivery is told by its body: one captured delivery, sent again under six
ids, is one. A source that proves nothing keeps its ids, those in the body as well, but the body is part of each: an id that
a stranger used first does not take the place of the honest delivery, nor of one that is proven later.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from schemas.signals import Quarantined
from schemas.sources import Scheme, Source
from services.ingest.configured.mapped import read
from services.ingest.parsers.bounds.faults import read_or_quarantine
from services.ingest.parsers.reading.safely import Result, body_digest

ID_HEADERS = frozenset({"webhook-id", "svix-id", "idempotency-key", "ce-id"})
"""Headers that parsers take the id of a delivery from."""


def read_signed(source: Source, body: bytes, content_type: str, headers: dict[str, str]) -> Result:
    """What is in a body of this source, with ids of deliveries that its sender alone can choose. `headers` come from
    `empty_unsigned_ids`, as those do that are kept with a body that was set aside."""
    result = read_or_quarantine(
        "$", lambda: read(source.kind, body, content_type, headers=headers, mapping=source.mapping)
    )
    if isinstance(result, Quarantined):
        return [result]
    return _with_body_in_ids(result, body) if source.proof == "none" else result


def empty_unsigned_ids(scheme: Scheme, headers: dict[str, str]) -> dict[str, str]:
    """The headers, with ids of deliveries emptied that nobody signed: that there was one is still known."""
    unsigned = (ID_HEADERS & headers.keys()) - _signed_ids(scheme, headers)
    return {**headers, **dict.fromkeys(unsigned, "")} if unsigned else headers


def _signed_ids(scheme: Scheme, headers: Mapping[str, str]) -> frozenset[str]:
    """The headers with an id that the scheme proves. Of a source that proves nothing they are all left: see above."""
    match scheme.scheme:
        case "none" | "basic" | "token" | "query" | "body_key":
            return ID_HEADERS
        case "standard_webhooks":
            # As the verifier chooses: the id is signed by the signature that counted.
            return frozenset({"webhook-id" if "webhook-signature" in headers else "svix-id"})
        case "hmac" | "public_key":
            return frozenset({scheme.id_header.casefold()} if "{id}" in scheme.template else ())
        case "hubspot":
            return frozenset()
        case _:
            assert_never(scheme.scheme)


def _with_body_in_ids(items: Result, body: bytes) -> Result:
    """A key that is the body's digest already has it."""
    return [
        item
        if isinstance(item, Quarantined) or item.dedupe_key.startswith("body:")
        else item.but(dedupe_key=f"{item.dedupe_key}:{body_digest(body)[:16]}")
        for item in items
    ]
