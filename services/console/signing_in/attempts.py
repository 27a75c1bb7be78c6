"""A sign-in under way, sealed into a cookie of the browser that began it: no stranger fills our store, and no other browser can end it."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta

import msgspec
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

LASTS = timedelta(minutes=10)
"""For somebody to type their password and their second factor."""
_INFO = b"stafett sign-in attempt v1"


class Attempt(msgspec.Struct, frozen=True):
    """`state` comes back with the browser, `nonce` in the ID token; of `verifier` the provider has the digest (RFC 7636). `next_path` is
    what the reader wanted to see."""

    state: str
    nonce: str
    verifier: str
    next_path: str


def new_attempt(next_path: str) -> Attempt:
    """With 256 random bits in each of its three secrets."""
    return Attempt(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(32), next_path)


class AttemptSeal:
    """`key` is the deployment key, from which this use has one of its own."""

    def __init__(self, key: bytes) -> None:
        derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=_INFO).derive(key)
        self._fernet = Fernet(urlsafe_b64encode(derived))

    def close(self, attempt: Attempt, now: datetime) -> str:
        """What the cookie holds."""
        return self._fernet.encrypt_at_time(msgspec.json.encode(attempt), int(now.timestamp())).decode()

    def open(self, sealed: str, now: datetime) -> Attempt | None:
        """None for one that is too old, or that we did not seal."""
        try:
            text = self._fernet.decrypt_at_time(sealed.encode(), int(LASTS.total_seconds()), int(now.timestamp()))
        except InvalidToken:
            return None
        return msgspec.json.decode(text, type=Attempt)
