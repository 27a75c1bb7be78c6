"""The screen Plumbing, from the parts."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Mapping

from services.adapters.sql.plumbing import SqlPlumbingReading
from services.api.sinks import SinkDesk
from services.bootstrap.desk import desk_of
from services.bootstrap.parts import Parts
from services.bootstrap.redriving import redrive
from services.bootstrap.sinks_file import read_every_sink
from services.bootstrap.traffic import SilenceWatch
from services.console.plumbing.desk import PlumbingDesk, Unread
from services.ingest.accepting.intake import Intake
from services.ingest.configured.source import Configured
from services.ingest.reread import Retry
from services.ports.errors import LogUnavailable

log = logging.getLogger("stafett.http")
PATIENCE = 2.0
"""Seconds for the log to say where it ends; a page does not wait longer."""


def plumbing_of(parts: Parts, sources: Mapping[str, Configured], intake: Intake) -> PlumbingDesk:
    """Raises FileError for a sinks file that cannot be read."""
    reading = parts.reading
    live = [name for name, entry in sources.items() if entry.source.mode == "live"]
    return PlumbingDesk(
        reading=reading,
        plumbing=SqlPlumbingReading(parts.store.engines),
        sources={name: entry.source.brand for name, entry in sources.items()},
        unread=functools.partial(unread_of, parts),
        silences=SilenceWatch(parts.traffic, live, parts.now).silences,
        retry=Retry(sources=sources, intake=intake, key=parts.key, find=reading.quarantine_entry, store=parts.store),
        redrive=functools.partial(redrive, parts),
        sinks=SinkDesk(read_every_sink(parts.settings), parts.sinks, parts.deliveries, parts.now),
        subscriptions=desk_of(parts),
    )


async def unread_of(parts: Parts) -> Unread | None:
    """None while the log does not answer. Raises StoreUnavailable."""
    try:
        async with asyncio.timeout(PATIENCE):
            return Unread(await _behind(parts, "router", "signals"), await _behind(parts, "enrich", "thin"))
    except (LogUnavailable, TimeoutError) as error:
        log.debug("how much waits on the log is not known", extra={"error": type(error).__name__})
        return None


async def _behind(parts: Parts, group: str, name: str) -> int:
    topic = parts.settings.topic(name)
    positions = await parts.store.all_positions(group, topic, parts.log.cluster)
    ends = await parts.log.end_offsets(topic)
    return sum(max(0, end - positions.get(partition, 0)) for partition, end in ends.items())
