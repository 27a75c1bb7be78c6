"""Ids are derived, never drawn: a redelivery, a replay and another set-up give the same ones."""

from __future__ import annotations

import base64
import hashlib


def derive(prefix: str, *parts: object) -> str:
    """`prefix_` and 26 base32 digits (130 bits) of SHA-256 over the parts. The parts must not be personal data:
    signal ids, which everything is derived from, are keyed digests already."""
    text = "\x1f".join(str(part) for part in parts)
    digest = hashlib.sha256(text.encode()).digest()
    return f"{prefix}_{base64.b32encode(digest)[:26].decode().lower()}"
