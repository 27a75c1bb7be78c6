"""API keys that were made while everything runs: their digests, who made each, and whether it was revoked."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple, Protocol

from schemas.api_keys import KeyEntry


class StoredKey(NamedTuple):
    """`entry` has the digest, never the key. `made_by`: the name of the key that made it, or `operator`."""

    entry: KeyEntry
    made_by: str
    made_at: datetime
    revoked_at: datetime | None = None


class KeyStore(Protocol):
    """Every method raises StoreUnavailable."""

    async def keys(self) -> list[StoredKey]:
        """All that were made, by name; those that were revoked too."""

    async def add(self, made: StoredKey) -> bool:
        """Whether it is there now: False where another has its name, one that was revoked too. Durable when it returns."""

    async def revoke(self, name: str, now: datetime) -> bool:
        """Whether it opened something until now. Durable when it returns."""
