"""Sources that do not tell what they should: silent against their own usual traffic, or with webhooks at the vendor that are wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime

from routing.incidents.targets import SOURCES, TargetTrouble
from services.bootstrap.sinks_file import read_sinks
from services.bootstrap.traffic import LOOK, SilenceWatch, live_sources
from services.observability import metrics
from services.ports.sinks import SinkSweeps
from services.ports.traffic import SourceTraffic
from services.settings import Settings


class SourceWatch:
    """Both, as the store has them, looked at every five minutes at most. `sources`: the source of each sink whose vendor is asked for its
    webhooks."""

    def __init__(
        self, silence: SilenceWatch, sweeps: SinkSweeps, sources: Mapping[str, str], now: Callable[[], datetime]
    ) -> None:
        self._silence, self._sweeps, self._sources, self._now = silence, sweeps, sources, now
        self._found: dict[str, str] = {}
        self._look_at: datetime | None = None

    async def troubles(self) -> list[TargetTrouble]:
        """One for each source (`source/NAME`), with all that is wrong with it. Raises StoreUnavailable."""
        found = {trouble.name: trouble for trouble in await self._silence.troubles()}
        for name, why in (await self._webhook_problems()).items():
            known = found.get(name)
            found[name] = TargetTrouble(name, why) if known is None else known._replace(why=f"{known.why}; {why}")
        return [found[name] for name in sorted(found)]

    async def _webhook_problems(self) -> Mapping[str, str]:
        now = self._now()
        if self._sources and (self._look_at is None or now >= self._look_at):
            kept = await self._sweeps.sweep_findings("webhooks")
            self._found = {}
            for target, source in sorted(self._sources.items()):
                problems = json.loads(kept.get(target) or "[]")
                metrics.set_webhook_problems(source, len(problems))
                if problems:
                    self._found[f"{SOURCES}{source}"] = "; ".join(problems)
            self._look_at = now + LOOK
        return self._found


def source_watch_of(
    settings: Settings, traffic: SourceTraffic, sweeps: SinkSweeps, now: Callable[[], datetime]
) -> SourceWatch:
    """Of the live sources and sinks of the files. Raises FileError."""
    live = live_sources(settings)
    sources = {
        sink.target: sink.source
        for sink in read_sinks(settings)
        if sink.source in live and sink.mode == "live" and sink.webhooks
    }
    return SourceWatch(SilenceWatch(traffic, live, now), sweeps, sources, now)
