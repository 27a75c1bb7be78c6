"""Keyed digests (HMAC-SHA256, RFC 2104) of many short texts under one key: what depends on the key alone is computed once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache

BLOCK = 64
"""Bytes that SHA-256 takes at once; a longer key is hashed first."""
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))


@lru_cache(maxsize=4)
def keyed_by(key: bytes) -> Callable[[bytes], hashlib._Hash]:
    """`keyed_hash` with this key, whose two hashes are begun with the key in them and copied for each message. The deployment has
    one key; a second is there while it is changed."""
    short = key if len(key) <= BLOCK else hashlib.sha256(key).digest()
    whole = short.ljust(BLOCK, b"\0")
    begin_inner = hashlib.sha256(whole.translate(_INNER)).copy
    begin_outer = hashlib.sha256(whole.translate(_OUTER)).copy

    def hash_of(message: bytes) -> hashlib._Hash:
        inner, outer = begin_inner(), begin_outer()
        inner.update(message)
        outer.update(inner.digest())
        return outer

    return hash_of


def keyed_hash(key: bytes, message: bytes) -> hashlib._Hash:
    """The hash whose digest is the HMAC-SHA256 of the message: 32 bytes."""
    return keyed_by(key)(message)
