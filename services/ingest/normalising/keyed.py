"""Keyed digests (HMAC-SHA256, RFC 2104) of many short texts under one key: what depends on the key alone is computed once."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import NamedTuple

BLOCK = 64
"""Bytes that SHA-256 takes at once; a longer key is hashed first."""
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))


class _Begun(NamedTuple):
    """Both hashes with the key in them, to be copied and never changed."""

    inner: hashlib._Hash
    outer: hashlib._Hash


@lru_cache(maxsize=4)
def _begin(key: bytes) -> _Begun:
    """The deployment has one key; a second is there while it is changed."""
    short = key if len(key) <= BLOCK else hashlib.sha256(key).digest()
    whole = short.ljust(BLOCK, b"\0")
    return _Begun(hashlib.sha256(whole.translate(_INNER)), hashlib.sha256(whole.translate(_OUTER)))


def keyed_hash(key: bytes, message: bytes) -> hashlib._Hash:
    """The hash whose digest is the HMAC-SHA256 of the message: 32 bytes."""
    inner, outer = _begin(key)
    first = inner.copy()
    first.update(message)
    second = outer.copy()
    second.update(first.digest())
    return second
