"""The port `FlowReading` in SQL: a day is a stretch of positions of the feed, found by halves, for events have no index by time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text

from services.adapters.sql.engine import Engines, scalar
from services.adapters.sql.replays import SLACK, SqlReplays
from services.ports.flow import FlowEvent, Stretch
from services.ports.instants import instant, micros


class SqlFlowReading:
    """The port `FlowReading`."""

    def __init__(self, engines: Engines) -> None:
        self._engines, self._replays = engines, SqlReplays(engines)

    async def head(self) -> int:
        async with self._engines.read() as conn:
            return int(await scalar(conn, "SELECT value FROM counters WHERE name = 'events'") or 0)

    async def began_at(self) -> datetime | None:
        rows = await self._all("SELECT recorded_at FROM events ORDER BY position LIMIT 1")
        return instant(rows[0].recorded_at) if rows else None

    async def stretch(self, since: datetime, until: datetime) -> Stretch:
        before = await self._replays.position_before(since)
        return Stretch(before, await self._replays.position_before(until + 2 * SLACK), since, until)

    async def flow_events(
        self, stretch: Stretch, types: Sequence[str], brands: Collection[str] | None, limit: int
    ) -> list[FlowEvent]:
        return await self._events(stretch, types, brands, f"e.position LIMIT {int(limit)}")

    async def latest_flow_events(
        self, stretch: Stretch, types: Sequence[str], brands: Collection[str] | None, limit: int
    ) -> list[FlowEvent]:
        return await self._events(stretch, types, brands, f"e.position DESC LIMIT {int(limit)}")

    async def _events(
        self, stretch: Stretch, types: Sequence[str], brands: Collection[str] | None, order: str
    ) -> list[FlowEvent]:
        dialect = self._engines.dialect
        values: dict[str, Any] = {
            "after": stretch.after,
            "upto": stretch.upto,
            "since": micros(stretch.since),
            "until": micros(stretch.until),
            "types": dialect.list_value(types),
        }
        of_brands = "1 = 1"
        if brands is not None:
            # Asked of each event by itself, by the lead's key: as a join it would read all leads of the brands.
            of_brands = dialect.among("(SELECT l.brand FROM leads l WHERE l.id = e.lead_id)", "brands")
            values["brands"] = dialect.list_value(sorted(brands))
        statement = f"""SELECT e.position, e.recorded_at, e.lead_id, e.head FROM events e
            WHERE e.position > :after AND e.position <= :upto AND e.recorded_at >= :since AND e.recorded_at < :until
            AND {dialect.among("e.type", "types")} AND {of_brands} ORDER BY {order}"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        rows = await self._all(statement, **values)
        return [FlowEvent(row.position, instant(row.recorded_at), row.lead_id, row.head) for row in rows]

    async def _all(self, statement: str, **values: Any) -> Sequence[Any]:
        async with self._engines.read() as conn:
            return (await conn.execute(text(statement), values)).all()
