"""Signatures of Standard Webhooks: what proves to a receiver that we sent it."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime


def key_of(secret: str) -> bytes:
    """The bytes that a Standard Webhooks secret stands for. Raises ValueError where it is no base64, or nothing."""
    if not (key := b64decode(secret.removeprefix("whsec_"), validate=True)):
        raise ValueError("the secret is empty")
    return key


def signature(keys: Sequence[bytes], ident: str, stamp: int, body: bytes) -> str:
    """The `webhook-signature` header: `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`, for each key."""
    signed = f"{ident}.{stamp}.".encode() + body
    return " ".join(f"v1,{b64encode(hmac.digest(key, signed, 'sha256')).decode()}" for key in keys)


def signed_headers(keys: Sequence[bytes], ident: str, now: datetime, body: bytes) -> Mapping[str, str]:
    """The three headers that a receiver looks at; `keys` by `key_of`, of which the first is the one in use."""
    stamp = int(now.timestamp())
    return {
        "webhook-id": ident,
        "webhook-timestamp": str(stamp),
        "webhook-signature": signature(keys, ident, stamp, body),
    }
