"""A text sealed with a key: AES-256-GCM, bound to what it is about.

The nonce is a keyed digest of what is sealed, so the same is sealed to the same bytes (whoever publishes again publishes the same),
and no two different texts ever share one. A box is the nonce (12 bytes), the text as long as it is, and the tag (16 bytes).
"""

from __future__ import annotations

import hashlib
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES, NONCE_BYTES = 32, 12
_PERSON = b"stafett nonce"


class Unopenable(Exception):
    """It was sealed with another key, about something else, or was changed since."""


def draw_key() -> bytes:
    """A new key, of 32 random bytes."""
    return secrets.token_bytes(KEY_BYTES)


def check_value(key: bytes) -> str:
    """Eight hex digits by which one key is told from another; they say nothing else of it."""
    return hashlib.sha256(b"stafett key" + key).hexdigest()[:8]


class Box:
    """Seals and opens with one key; to set it up costs more than to seal with it."""

    def __init__(self, key: bytes) -> None:
        self._key, self._aead = key, AESGCM(key)

    def seal(self, text: bytes, about: bytes) -> bytes:
        """`about` has to be said again by whoever opens it."""
        length = len(about).to_bytes(4, "big")
        nonce = hashlib.blake2b(length + about + text, digest_size=NONCE_BYTES, key=self._key, person=_PERSON).digest()
        return nonce + self._aead.encrypt(nonce, text, about)

    def open(self, box: bytes, about: bytes) -> bytes:
        """The text. Raises Unopenable."""
        try:
            return self._aead.decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], about)
        except (InvalidTag, ValueError):
            raise Unopenable from None
