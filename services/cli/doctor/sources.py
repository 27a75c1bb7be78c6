"""Sources that do not tell what they should, as the store has it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

from routing.incidents.targets import SOURCES
from schemas.yamlfile import FileError
from services.adapters.sql.engine import Engines
from services.adapters.sql.sinks import SqlSinks
from services.adapters.sql.traffic import SqlSourceTraffic
from services.bootstrap.source_watch import source_watch_of
from services.cli.doctor.finding import Finding
from services.ports.errors import PortError
from services.settings import Settings

FIX = "look at the sender whether its webhooks are set up, switched on and reach us"


async def examine_sources(settings: Settings) -> AsyncIterator[Finding]:
    """Nothing is said where files or store cannot be read, which others tell."""
    engines = Engines(settings.database_url)
    try:
        watch = source_watch_of(settings, SqlSourceTraffic(engines), SqlSinks(engines), lambda: datetime.now(UTC))
        troubles = await watch.troubles()
    except (FileError, PortError):
        return
    finally:
        await engines.close()
    for trouble in troubles:
        yield Finding(f"source {trouble.name.removeprefix(SOURCES)}", "wrong", trouble.why, FIX)
    if not troubles:
        yield Finding("sources", "ok", "none is silent that usually would not be")
