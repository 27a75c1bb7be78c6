"""How much each source sends: counted in memory, kept now and then, and compared with what is usual.

On kill -9 the counts of the last minute are lost, which makes no source silent: a silence is of full hours.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta

from routing.incidents.silence import KEPT, Silence, find_silence, hour_of
from routing.incidents.targets import TargetTrouble
from schemas.sources import SourcesFile
from schemas.yamlfile import load
from services.bootstrap.parts import read_file
from services.observability import metrics
from services.ports.errors import PortError
from services.ports.traffic import SourceTraffic
from services.settings import Settings

log = logging.getLogger("stafett.traffic")
EVERY, LOOK = timedelta(minutes=1), timedelta(minutes=5)
MOST = 10_000
"""Counts that wait for the store at most; those of further hours are dropped while it is away."""


def live_sources(settings: Settings) -> list[str]:
    """The sources whose silence is somebody's business: those that are no test; none where this process has no file of them.
    Raises FileError."""
    path = settings.path(settings.files.sources)
    if not path.exists():
        return []
    return [
        source.name
        for source in load(read_file(settings, "sources"), SourcesFile, str(path)).sources
        if source.mode == "live"
    ]


class TrafficCounter:
    """Counts of one process that takes webhooks."""

    def __init__(self, traffic: SourceTraffic, now: Callable[[], datetime]) -> None:
        self._traffic, self._now = traffic, now
        self._counts: Counter[tuple[str, datetime]] = Counter()
        self._kept_at: datetime | None = None
        self._task: asyncio.Task[None] | None = None

    def count(self, source: str) -> None:
        """One delivery that was accepted. Each minute the counts are kept, by a task that nobody waits for."""
        now = self._now()
        key = (source, hour_of(now))
        if key in self._counts or len(self._counts) < MOST:
            self._counts[key] += 1
        is_due = self._kept_at is None or now - self._kept_at >= EVERY
        if is_due and (self._task is None or self._task.done()):
            self._kept_at = now
            self._task = asyncio.create_task(self.keep())

    async def keep(self) -> None:
        """What was counted goes to the store; where it cannot, it stays here."""
        counts, self._counts = self._counts, Counter()
        try:
            await self._traffic.add(counts, self._now() - KEPT)
        except PortError as error:
            self._counts.update(counts)
            log.warning("cannot keep how much came", extra={"error": type(error).__name__})


class SilenceWatch:
    """The sources that are silent against their own usual traffic, looked at every five minutes at most."""

    def __init__(self, traffic: SourceTraffic, sources: Collection[str], now: Callable[[], datetime]) -> None:
        self._traffic, self._sources, self._now = traffic, frozenset(sources), now
        self._found: dict[str, Silence] = {}
        self._look_at: datetime | None = None

    async def silences(self) -> Mapping[str, Silence]:
        """Of each source that is silent, by its name. Raises StoreUnavailable."""
        now = self._now()
        if self._look_at is None or now >= self._look_at:
            counts = await self._traffic.by_source()
            looked_at = {name: find_silence(counts.get(name, {}), now) for name in sorted(self._sources)}
            self._found = {name: silence for name, silence in looked_at.items() if silence is not None}
            self._look_at = now + LOOK
            for name in looked_at:
                metrics.set_source_silent(name, is_silent=name in self._found)
        return self._found

    async def troubles(self) -> list[TargetTrouble]:
        """`source/NAME` of each, with what is usual. Raises StoreUnavailable."""
        silences = await self.silences()
        return [TargetTrouble(f"source/{name}", silence.explain(), silence.since) for name, silence in silences.items()]
