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


class LogKey(NamedTuple):
    """The key that seals signals on the log from `begins_at` until `ends_at`. `read_to` says how far each topic was once nothing more
    could be sealed with it; `secret` is None once all of that is read and the key was thrown away."""

    begins_at: datetime
    ends_at: datetime
    secret: bytes | None
    read_to: str | None = None

    @property
    def late_at(self) -> datetime:
        """From when an acknowledgement of what it sealed counts no more."""
        return self.ends_at + (self.ends_at - self.begins_at) / 10

    @property
    def over_at(self) -> datetime:
        """From when nothing is on a topic that it sealed and that counts, but what is there already; whatever small differences there are
        between the clocks of two processes."""
        return self.ends_at + (self.ends_at - self.begins_at) / 5


class LogKeys(Protocol):
    """The keys of periods, made long ahead: so that ingest seals while the store is away, and an older copy of the store has the keys of
    what came after it."""

    async def all(self) -> Sequence[LogKey]:
        """By when they begin."""

    async def add(self, keys: Sequence[LogKey]) -> None:
        """Where there is none that begins then. Durable when it returns."""

    async def mark(self, begins_at: Sequence[datetime], read_to: str) -> None:
        """Notes how far the topics are."""

    async def throw_away(self, begins_at: Sequence[datetime]) -> None:
        """Their secrets are gone; that they were there stays known."""

    async def forget(self, before: datetime) -> None:
        """Those that were thrown away and began before."""

    async def is_in_use(self) -> bool:
        """Whether somebody has read the log already: then an upgrade is under way, and others may not know of seals yet."""

    async def are_wanted(self) -> bool:
        """Whether a signal was set aside for want of a key, and waits for it."""

    async def oldest(self) -> datetime | None:
        """When the oldest key begins that is there; None where none is."""
