"""The port `SourceTraffic` in SQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import text

from services.adapters.sql.engine import Engines
from services.ports.instants import instant, micros


class SqlSourceTraffic:
    """A row for each source and hour."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    async def add(self, counts: Mapping[tuple[str, datetime], int], keep_from: datetime) -> None:
        # In one order, so that of two processes none waits for a row of the other for ever.
        rows = [{"s": source, "h": micros(hour), "c": count} for (source, hour), count in sorted(counts.items())]
        if not rows:
            return
        sources = [{"s": name, "before": micros(keep_from)} for name in sorted({source for source, _ in counts})]
        async with self._engines.write() as conn:
            await conn.execute(
                text(
                    "INSERT INTO source_hours (source, hour, count) VALUES (:s, :h, :c)"
                    " ON CONFLICT (source, hour) DO UPDATE SET count = source_hours.count + excluded.count"
                ),
                rows,
            )
            await conn.execute(text("DELETE FROM source_hours WHERE source = :s AND hour < :before"), sources)

    async def by_source(self) -> dict[str, dict[datetime, int]]:
        async with self._engines.read() as conn:
            rows = await conn.execute(text("SELECT source, hour, count FROM source_hours"))
            found: dict[str, dict[datetime, int]] = {}
            for row in rows:
                found.setdefault(row.source, {})[instant(row.hour)] = row[2]
        return found
