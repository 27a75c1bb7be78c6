"""The ports of the screen Flow in SQL: a day is a stretch of positions of the feed, found by halves, for events have no index by time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text

from services.adapters.sql.engine import Engines, scalar
from services.adapters.sql.replays import SLACK, SqlReplays
from services.ports.flow import CountedKey, FlowCount, FlowEvent, Stretch, UncountedEvent
from services.ports.instants import instant, micros

_ADD = """INSERT INTO flow_counts (quarter, brand, kind, part, toward, count) VALUES (:quarter, :brand, :kind, :part, :toward, :n)
    ON CONFLICT (quarter, brand, kind, part, toward) DO UPDATE SET count = flow_counts.count + excluded.count"""


class SqlFlowReading:
    """The ports `FlowReading` and `FlowCounting`."""

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

    async def counted_upto(self) -> int:
        async with self._engines.read() as conn:
            return int(await scalar(conn, "SELECT value FROM counters WHERE name = 'flow'") or 0)

    async def events_to_count(self, after: int, upto: int, types: Sequence[str]) -> list[UncountedEvent]:
        dialect = self._engines.dialect
        statement = f"""SELECT e.recorded_at, e.head, coalesce((SELECT l.brand FROM leads l WHERE l.id = e.lead_id), '') AS brand
            FROM events e WHERE e.position > :after AND e.position <= :upto AND {dialect.among("e.type", "types")}"""  # noqa: S608 - put in is a condition that this package writes; what others wrote is bound
        rows = await self._all(statement, after=after, upto=upto, types=dialect.list_value(types))
        return [UncountedEvent(instant(row.recorded_at), row.brand, row.head) for row in rows]

    async def add_counts(self, counts: Mapping[CountedKey, int], after: int, upto: int) -> bool:
        rows = [
            {
                "quarter": micros(key.quarter),
                "brand": key.brand,
                "kind": key.kind,
                "part": key.of,
                "toward": key.to,
                "n": n,
            }
            for key, n in sorted(counts.items())
        ]
        async with self._engines.write() as conn:
            await conn.execute(text("INSERT INTO counters (name, value) VALUES ('flow', 0) ON CONFLICT DO NOTHING"))
            moved = await conn.execute(
                text("UPDATE counters SET value = :upto WHERE name = 'flow' AND value = :after"),
                {"upto": upto, "after": after},
            )
            if moved.rowcount and rows:
                await conn.execute(text(_ADD), rows)
            return bool(moved.rowcount)

    async def counts(
        self, spans: Sequence[tuple[datetime, datetime]], brands: Collection[str] | None
    ) -> list[list[FlowCount]]:
        dialect, of_brands = self._engines.dialect, "1 = 1"
        values: dict[str, Any] = {}
        if brands is not None:
            of_brands, values["brands"] = dialect.among("brand", "brands"), dialect.list_value(sorted(brands))
        parts = []
        for number, (since, until) in enumerate(spans):
            values |= {f"a{number}": micros(since), f"b{number}": micros(until)}
            parts.append(
                f"""SELECT {number} AS span, kind, part, toward, sum(count) AS n FROM flow_counts
                WHERE quarter >= :a{number} AND quarter < :b{number} AND {of_brands} GROUP BY kind, part, toward"""  # noqa: S608 - put in are numbers and a condition that this package writes; what others wrote is bound
            )
        found: list[list[FlowCount]] = [[] for _ in spans]
        # One statement, so that all spans are of one state.
        for row in await self._all(" UNION ALL ".join(parts), **values):
            found[row.span].append(FlowCount(row.kind, row.part, row.toward, int(row.n)))
        return found

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
