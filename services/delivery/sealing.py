"""Secrets of subscriptions that were made over the API, as they are kept: sealed with a key that comes from the deployment key,
so that a copy of the database alone signs nothing, and bound to the subscription's name."""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12
_INFO = b"stafett subscription secrets v1"


class KeptSecret(msgspec.Struct, frozen=True):
    """A Standard Webhooks secret; it signs until an instant, or for good."""

    secret: str
    until: datetime | None = None


class Unsealable(Exception):
    """It was sealed with another deployment key, for another subscription, or changed since."""


class Seal:
    """`key` is the deployment key."""

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=_INFO).derive(key))

    def close(self, name: str, kept: Sequence[KeptSecret]) -> bytes:
        """What is stored for the subscription of this name."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._aead.encrypt(nonce, msgspec.json.encode(kept), name.encode())

    def open(self, name: str, sealed: bytes) -> tuple[KeptSecret, ...]:
        """Raises Unsealable."""
        try:
            text = self._aead.decrypt(sealed[:_NONCE], sealed[_NONCE:], name.encode())
        except (InvalidTag, ValueError):
            raise Unsealable from None
        return msgspec.json.decode(text, type=tuple[KeptSecret, ...])


def valid_secrets(kept: Sequence[KeptSecret], now: datetime) -> tuple[str, ...]:
    """Those that sign now, the newest first."""
    return tuple(one.secret for one in kept if one.until is None or one.until > now)


def new_secret() -> str:
    """As `openssl rand -base64 32` makes one."""
    return f"whsec_{b64encode(secrets.token_bytes(32)).decode()}"
