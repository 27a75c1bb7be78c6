"""Senders whose signals cannot be processed: each stops itself, before all of them together stop the house."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from services.ports.errors import StoreUnavailable

log = logging.getLogger("stafett.ingest")
LOOK = 5.0
"""Seconds between two looks at the store; a request never waits for one."""


class Stops:
    """`count` says how many signals of each source were set aside within the last hour and wait; beyond `limit` the source is
    stopped. `on_change(source, stopped)` is told of each change. `ticks` are seconds of a monotonic clock."""

    def __init__(
        self,
        count: Callable[[], Awaitable[Mapping[str, int]]],
        limit: int,
        ticks: Callable[[], float],
        on_change: Callable[[str, bool], None] = lambda *_: None,
    ) -> None:
        self._count, self._limit, self._ticks, self._on_change = count, limit, ticks, on_change
        self._stopped: frozenset[str] = frozenset()
        self._look_at = 0.0
        self._looking: asyncio.Task[None] | None = None

    def is_stopped(self, source: str) -> bool:
        """As the last look found it; begins another where that is too long ago."""
        if self._looking is None and self._ticks() >= self._look_at:
            self._looking = asyncio.get_running_loop().create_task(self.look())
        return source in self._stopped

    async def look(self) -> None:
        """Asks the store; while it is away, what was found last goes on."""
        try:
            counts = await self._count()
        except StoreUnavailable:
            counts = None
        finally:
            self._look_at, self._looking = self._ticks() + LOOK, None
        if counts is not None:
            self._change(frozenset(name for name, count in counts.items() if name and count > self._limit))

    def _change(self, stopped: frozenset[str]) -> None:
        for name in sorted(stopped - self._stopped):
            log.error(
                "source stopped: too many of its signals could not be processed; see `stafett dlq list`",
                extra={"source": name, "limit": self._limit},
            )
            self._on_change(name, True)
        for name in sorted(self._stopped - stopped):
            log.warning("source takes signals again", extra={"source": name})
            self._on_change(name, False)
        self._stopped = stopped
