"""Ids are derived, never drawn: a redelivery, a replay and another set-up give the same ones."""

from __future__ import annotations

import hashlib
import struct

_DIGITS = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = [first + second for first in _DIGITS for second in _DIGITS]
_WORDS = struct.Struct(">QQH").unpack_from


PROMISES = "promise:"
"""Before the name of a volume promise in the subject of its events and in a `clock.due` signal, where a lead has its id; no
lead's id begins so. Alone it is the partition key of what concerns all promises."""


def promise_subject(name: str) -> str:
    """The promise of this name, as it is written on the wire where a lead's id may be."""
    return f"{PROMISES}{name}"


def promise_named(subject: str | None) -> str | None:
    """The name of the volume promise that this is the subject of; None for a lead's id. No other place tells them apart."""
    return subject.removeprefix(PROMISES) or None if subject is not None and subject.startswith(PROMISES) else None


def derive(prefix: str, *parts: object) -> str:
    """`prefix_` and 26 base32 digits (130 bits) of SHA-256 over the parts. The parts must not be personal data:
    signal ids, which everything is derived from, are keyed digests already."""
    text = "\x1f".join([str(part) for part in parts])
    return f"{prefix}_{base32(hashlib.sha256(text.encode()).digest())}"


def base32(digest: bytes) -> str:
    """The first 26 base32 digits (130 bits), in lower case. The library's own goes digit by digit: thrice the cost."""
    a, b, c = _WORDS(digest)
    return (
        f"{_PAIRS[a >> 54]}{_PAIRS[a >> 44 & 1023]}{_PAIRS[a >> 34 & 1023]}{_PAIRS[a >> 24 & 1023]}"
        f"{_PAIRS[a >> 14 & 1023]}{_PAIRS[a >> 4 & 1023]}{_PAIRS[(a << 6 | b >> 58) & 1023]}{_PAIRS[b >> 48 & 1023]}"
        f"{_PAIRS[b >> 38 & 1023]}{_PAIRS[b >> 28 & 1023]}{_PAIRS[b >> 18 & 1023]}{_PAIRS[b >> 8 & 1023]}"
        f"{_PAIRS[(b << 2 | c >> 14) & 1023]}"
    )
