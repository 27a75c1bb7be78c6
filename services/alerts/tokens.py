"""What a link to acknowledge has in it: an id, and a proof of whose link it is. Nothing of it is personal, and nothing can be guessed."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from routing.model.ids import base32


def token_of(key: bytes, ident: str, person: str) -> str:
    """For this person, or for whoever reads a room (`person` is empty)."""
    return f"{ident}.{_proof(key, ident, person)}"


def read_token(key: bytes, token: str, people: Iterable[str]) -> tuple[str, str] | None:
    """(id, person) of a token of ours; None for anything else. All are compared, whichever fits."""
    ident, _, proof = token.partition(".")
    fitting = [p for p in ("", *people) if hmac.compare_digest(_proof(key, ident, p).encode(), proof.encode())]
    return (ident, fitting[0]) if fitting else None


def _proof(key: bytes, ident: str, person: str) -> str:
    """130 bits of HMAC-SHA256 under the deployment's key, for this use alone."""
    text = f"acknowledge\x1f{ident}\x1f{person}"
    return base32(hmac.digest(key, text.encode(), hashlib.sha256))
