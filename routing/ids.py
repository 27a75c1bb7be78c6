"""Ids are derived, never drawn: a redelivery, a replay and another set-up give the same ones."""

from __future__ import annotations

import hashlib

_DIGITS = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = [first + second for first in _DIGITS for second in _DIGITS]
_SHIFTS = range(120, -1, -10)


def derive(prefix: str, *parts: object) -> str:
    """`prefix_` and 26 base32 digits (130 bits) of SHA-256 over the parts. The parts must not be personal data:
    signal ids, which everything is derived from, are keyed digests already."""
    text = "\x1f".join([str(part) for part in parts])
    return f"{prefix}_{base32(hashlib.sha256(text.encode()).digest())}"


def base32(digest: bytes) -> str:
    """The first 26 base32 digits (130 bits), in lower case. The library's own goes digit by digit: twice the cost."""
    number = int.from_bytes(digest[:17], "big") >> 6
    return "".join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])
