"""The port `PlumbingReading` in SQL: each question is answered by an index, whatever there is of signals, events and bodies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text

from schemas.fates import FATES
from services.adapters.sql.engine import Engines, scalar
from services.ports.instants import instant, instant_or_none, micros
from services.ports.plumbing import FateCount, FateCounts, Receiver
from services.ports.reading import Place
from services.ports.rows import Quarantine

COUNTED = 10_000
"""Signals that are counted at most of each of FATES: a source that sends rubbish is seen by fewer."""
WAITING = 1000
"""Events that are counted at most for each receiver."""
LAST = Place(2**63 - 1, "")
_ENTRY = ", ".join(f"q.{name}" for name in Quarantine._fields if name not in ("body", "size"))


class SqlPlumbingReading:
    """The port `PlumbingReading`."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    async def head(self) -> int:
        async with self._engines.read() as conn:
            return int(await scalar(conn, "SELECT value FROM counters WHERE name = 'events'") or 0)

    async def fate_counts(self, since: datetime, sources: Collection[str] | None = None) -> FateCounts:
        statement = """SELECT source, reason, count(*) FROM (SELECT source, reason FROM history
            WHERE fate = :fate AND recorded_at >= :since ORDER BY recorded_at DESC, id DESC LIMIT :limit) f GROUP BY source, reason"""
        found: Counter[tuple[str | None, str, str | None]] = Counter()
        is_all = True
        for fate in FATES:
            rows = await self._all(statement, fate=fate, since=micros(since), limit=COUNTED)
            is_all = is_all and sum(row[2] for row in rows) < COUNTED
            found.update({(row[0], fate, row[1]): row[2] for row in rows if sources is None or row[0] in sources})
        ordered = sorted(found.items(), key=lambda item: (-item[1], *(word or "" for word in item[0])))
        return FateCounts([FateCount(*names, count) for names, count in ordered], is_all)

    async def receivers(self) -> list[Receiver]:
        statement = """SELECT c.subscription, c.position, c.disabled_reason, c.failing_since, c.pause, c.paused_until,
            (SELECT count(*) FROM (SELECT 1 FROM deliveries d
                WHERE d.subscription = c.subscription AND d.state = 'pending' LIMIT :limit) w) AS waiting
            FROM delivery_cursors c ORDER BY c.subscription"""
        head = await self.head()
        return [
            Receiver(
                name=row.subscription,
                behind=max(0, head - row.position),
                waiting=min(row.waiting, WAITING),
                is_all=row.waiting <= WAITING,
                disabled=row.disabled_reason,
                failing_since=instant_or_none(row.failing_since),
                pause=row.pause,
                paused_until=instant_or_none(row.paused_until),
            )
            for row in await self._all(statement, limit=WAITING + 1)
        ]

    async def quarantine_page(
        self, sources: Collection[str] | None = None, before: Place[str] | None = None, limit: int = 20
    ) -> list[Quarantine]:
        place, dialect = before or LAST, self._engines.dialect
        where, values = "q.received_at <= :at AND (q.received_at < :at OR q.id < :id)", {"at": place.at, "id": place.id}
        if sources is not None:
            where += f" AND {dialect.among('q.source', 'sources')}"
            values["sources"] = dialect.list_value(sorted(sources))
        statement = f"""SELECT {_ENTRY}, NULL AS body, b.size FROM quarantine q
            LEFT JOIN quarantine_bodies b ON b.source = q.source AND b.digest = q.digest
            WHERE {where} ORDER BY q.received_at DESC, q.id DESC LIMIT :limit"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        return [
            Quarantine(**row._asdict() | {"received_at": instant(row.received_at), "size": row.size or 0})
            for row in await self._all(statement, limit=limit, **values)
        ]

    async def _all(self, statement: str, **values: Any) -> Sequence[Any]:
        async with self._engines.read() as conn:
            return (await conn.execute(text(statement), values)).all()
