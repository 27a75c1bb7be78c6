"""The keys of sealed parts, as the store keeps them. Every method raises StoreUnavailable."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol


class PersonKey(NamedTuple):
    """The key by which what is personal of a lead's events is sealed on topics; `secret` is None once it was thrown away. `brand` is
    the lead's."""

    secret: bytes | None
    brand: str | None


class PersonKeys(Protocol):
    """A key for each lead of which something personal was published."""

    async def make_keys(self, leads: Collection[str], now: datetime) -> Mapping[str, bytes | None]:
        """The keys of these leads, made where there is none; None for those whose key was thrown away. Durable when it returns, so
        that nothing is sealed by a key that a kill takes away."""

    async def keys_of(self, leads: Sequence[str]) -> Mapping[str, PersonKey]:
        """Those that there are."""
