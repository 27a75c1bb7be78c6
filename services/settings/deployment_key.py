"""The deployment key as text and as bytes."""

from __future__ import annotations

import base64
import binascii

KEY_BYTES = 32


def key_bytes(text: str) -> bytes:
    """The bytes of a deployment key: hex if it is all hex, base64 if it is that, else the text itself.

    Raises:
        ValueError: it has fewer than 32 bytes.
    """
    for decode in (_hex, _base64, str.encode):
        key = decode(text.strip())
        if len(key) >= KEY_BYTES:
            return key
    raise ValueError(f"needs at least {KEY_BYTES} bytes; make one with: openssl rand -hex {KEY_BYTES}")


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
