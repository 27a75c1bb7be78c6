"""What the screen Plumbing asks of the store: what is set aside, what came to nothing, who gets events and how they are.

Lists are ordered and bounded. Every method raises StoreUnavailable.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple, Protocol

from services.ports.deliveries import Pause
from services.ports.reading import Place
from services.ports.rows import Quarantine


class FateCount(NamedTuple):
    """So many signals of one source came to nothing for one reason. `source` is None in old rows; `fate` and `reason` are words of
    `schemas.fates`."""

    source: str | None
    fate: str
    reason: str | None
    number: int


class FateCounts(NamedTuple):
    """The most first. `is_all` is False where more came to nothing than are counted: then the newest are."""

    counts: list[FateCount]
    is_all: bool


class Receiver(NamedTuple):
    """A subscription, or a sink (`sink/NAME`), that ever ran: how many events of the feed it has not been looked at for (`behind`), how
    many wait for it (counted up to a bound, `is_all` False where more do), and how it is, as in `deliveries.Health`."""

    name: str
    behind: int
    waiting: int
    is_all: bool
    disabled: str | None
    failing_since: datetime | None
    pause: Pause | None
    paused_until: datetime | None


class PlumbingReading(Protocol):
    """For the screen Plumbing."""

    async def head(self) -> int:
        """The position of the last event; 0 before the first."""

    async def fate_counts(self, since: datetime, sources: Collection[str] | None = None) -> FateCounts:
        """Of signals recorded since then, of these sources (None: of all)."""

    async def receivers(self) -> list[Receiver]:
        """By name."""

    async def quarantine_page(
        self, sources: Collection[str] | None = None, before: Place[str] | None = None, limit: int = 20
    ) -> list[Quarantine]:
        """Without their bodies, the newest first, of these sources (None: of all); from in front of `before`, the place of the last
        one of the page before."""
