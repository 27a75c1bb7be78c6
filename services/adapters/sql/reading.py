"""The port `Reading` in SQL. Nothing here changes state."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Unpack

from sqlalchemy import text

from services.adapters.sql.aside import USAGE, usage_of
from services.adapters.sql.batch import clock_row, lead_row
from services.adapters.sql.engine import Engines, scalar
from services.adapters.sql.filters import clock_conditions, clock_values, lead_conditions, lead_values
from services.ports.instants import instant, micros
from services.ports.reading import (
    ClockFilter,
    Counts,
    HistoryEntry,
    LeadFilter,
    Place,
    QueueCount,
    place_of,
)
from services.ports.rows import (
    ClockRow,
    DeadLetter,
    EventRow,
    HistoryRow,
    Kept,
    LeadRow,
    LedgerKey,
    OutboxRow,
    Quarantine,
)

_LEAD = ", ".join(LeadRow._fields)
_HISTORY = ", ".join(HistoryRow._fields)
_EVENT = ", ".join(OutboxRow._fields)
_CLOCK = ", ".join(ClockRow._fields)
_LETTER = ", ".join(DeadLetter._fields)
_QUARANTINE = ", ".join(f"q.{name}" for name in Quarantine._fields if name not in ("body", "size"))


LARGE = 100
"""A count of what may be millions that took longer than QUICK seconds is kept for so many times as long as it took, so that
metrics that are asked for often take a hundredth of one connection at most."""
QUICK = 0.01


class SqlReading:
    """The port `Reading`. `brands` and `sources`: what else there is, is not there for whoever reads with it."""

    def __init__(
        self, engines: Engines, brands: frozenset[str] | None = None, sources: frozenset[str] = frozenset()
    ) -> None:
        self._engines, self._brands, self._sources = engines, brands, sources
        self._counted: dict[str, int] = {}
        self._count_again = 0.0
        self._used: dict[str, Kept] = {}
        self._use_again = 0.0

    def within(self, brands: Iterable[str], sources: Iterable[str]) -> SqlReading:
        """The same for somebody who sees these brands alone, and bodies of these sources."""
        return SqlReading(self._engines, frozenset(brands), frozenset(sources))

    def _lead_condition(self, lead_id: str) -> str:
        """A condition on rows that belong to the lead in this column."""
        if self._brands is None:
            return "1 = 1"
        return f"{lead_id} IN (SELECT id FROM leads WHERE {self._engines.dialect.among('brand', 'seen_brands')})"  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound

    def _source_condition(self, source: str) -> str:
        """A condition on rows that came from the source in this column."""
        return "1 = 1" if self._brands is None else self._engines.dialect.among(source, "seen_sources")

    async def leads(self, *, after: str = "", limit: int = 50, **wanted: Unpack[LeadFilter]) -> list[LeadRow]:
        where = [*lead_conditions(wanted, self._engines.dialect), "id > :after", self._lead_condition("id")]
        statement = f"SELECT {_LEAD} FROM leads WHERE {' AND '.join(where)} ORDER BY id LIMIT :limit"  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        values = lead_values(wanted, self._engines.dialect)
        return [lead_row(row) for row in await self._all(statement, after=after, limit=limit, **values)]

    async def lead(self, lead_id: str) -> LeadRow | None:
        rows = await self._all(f"SELECT {_LEAD} FROM leads WHERE id = :id AND {self._lead_condition('id')}", id=lead_id)  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        return lead_row(rows[0]) if rows else None

    async def leads_by_id(self, lead_ids: Collection[str]) -> list[LeadRow]:
        dialect = self._engines.dialect
        where = f"{dialect.among('id', 'ids')} AND {self._lead_condition('id')}"
        rows = await self._all(f"SELECT {_LEAD} FROM leads WHERE {where}", ids=dialect.list_value(lead_ids))  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        return [lead_row(row) for row in rows]

    async def queues(self) -> list[QueueCount]:
        statement = f"""SELECT queue, count(*), min(queued_at) FROM leads WHERE queue IS NOT NULL AND {self._lead_condition("id")} GROUP BY queue
            ORDER BY queue"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        return [QueueCount(row[0], row[1], instant(row[2])) for row in await self._all(statement)]

    async def waiting(self, queue: str, after: Place[str] | None = None, limit: int = 50) -> list[LeadRow]:
        at, ident = (after.at, after.id) if after else (-1, "")
        statement = f"""SELECT {_LEAD} FROM leads WHERE queue = :queue AND {self._lead_condition("id")}
            AND queued_at >= :at AND (queued_at > :at OR id > :id)
            ORDER BY queued_at, id LIMIT :limit"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        return [lead_row(row) for row in await self._all(statement, queue=queue, at=at, id=ident, limit=limit)]

    async def history(self, lead_id: str, after: int = 0, limit: int = 200) -> list[HistoryEntry]:
        statement = f"""SELECT id, {_HISTORY} FROM history
            WHERE lead_id = :lead AND id > :after AND {self._lead_condition("lead_id")} ORDER BY id LIMIT :limit"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        return [history_entry(row) for row in await self._all(statement, lead=lead_id, after=after, limit=limit)]

    async def history_of_signal(self, signal_id: str) -> list[HistoryEntry]:
        statement = f"""SELECT id, {_HISTORY} FROM history
            WHERE signal_id = :s AND (lead_id IS NULL OR {self._lead_condition("lead_id")}) ORDER BY id"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        found = [history_entry(row) for row in await self._all(statement, s=signal_id)]
        return [entry for entry in found if entry.row.lead_id is not None or self._is_of_ours(entry)]

    def _is_of_ours(self, entry: HistoryEntry) -> bool:
        """Whether a signal of no lead is of a brand that is seen."""
        return self._brands is None or json.loads(entry.row.facts).get("brand", "default") in self._brands

    async def fates(
        self,
        fates: Sequence[str],
        *,
        source: str | None = None,
        since: datetime | None = None,
        after: Place[int] | None = None,
        limit: int = 50,
    ) -> list[HistoryEntry]:
        """By an index for each way, so that the rest of history is not looked at."""
        where = f"fate = :fate AND ({self._lead_condition('lead_id')} OR (lead_id IS NULL AND {self._source_condition('source')}))"
        where += " AND source = :source" if source is not None else ""
        begin = max(Place(micros(since) if since else 0, 0), after or Place(0, 0))
        statement = f"""SELECT id, {_HISTORY} FROM history
            WHERE {where} AND recorded_at >= :at AND (recorded_at > :at OR id > :id) ORDER BY recorded_at, id LIMIT :limit"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        found: list[HistoryEntry] = []
        for fate in dict.fromkeys(fates):
            rows = await self._all(statement, fate=fate, source=source, at=begin.at, id=begin.id, limit=limit)
            found += [history_entry(row) for row in rows]
        return sorted(found, key=place_of)[:limit]

    async def clocks(self, *, after: str = "", limit: int = 50, **wanted: Unpack[ClockFilter]) -> list[ClockRow]:
        where = [*clock_conditions(wanted, self._engines.dialect), "id > :after", self._lead_condition("lead_id")]
        statement = f"SELECT {_CLOCK} FROM clocks WHERE {' AND '.join(where)} ORDER BY id LIMIT :limit"  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        values = clock_values(wanted, self._engines.dialect)
        rows = await self._all(statement, after=after, limit=limit, **values)
        return [clock_row(row) for row in rows]

    async def clock(self, clock_id: str) -> ClockRow | None:
        statement = f"SELECT {_CLOCK} FROM clocks WHERE id = :id AND {self._lead_condition('lead_id')}"  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        rows = await self._all(statement, id=clock_id)
        return clock_row(rows[0]) if rows else None

    async def lead_of_handover(self, handover_id: str) -> str | None:
        statement = "SELECT subject_id FROM identities WHERE kind = 'handover' AND digest = :id"
        rows = await self._all(f"{statement} AND {self._lead_condition('subject_id')}", id=handover_id)
        return str(rows[0][0]) if rows else None

    async def timed_leads(self, after: str, limit: int) -> list[tuple[str, str]]:
        statement = """SELECT lead_id, min(partition_key) FROM clocks
            WHERE state IN ('running', 'paused') AND lead_id > :after GROUP BY lead_id ORDER BY lead_id LIMIT :limit"""
        return [(row[0], row[1]) for row in await self._all(statement, after=after, limit=limit)]

    async def leads_without_clock(self, stages: Sequence[str], after: str, limit: int) -> list[tuple[str, str]]:
        among = self._engines.dialect.among("stage", "stages")
        statement = f"""SELECT id, state FROM leads WHERE {among} AND disposition = 'active' AND id > :after
            AND NOT EXISTS (SELECT 1 FROM clocks c WHERE c.lead_id = leads.id AND c.state IN ('running', 'paused'))
            ORDER BY id LIMIT :limit"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        listed = self._engines.dialect.list_value(stages)
        rows = await self._all(statement, stages=listed, after=after, limit=limit)
        return [(row[0], json.loads(row[1])["partition_key"]) for row in rows]

    async def ledger(self, key: LedgerKey) -> str | None:
        statement = "SELECT state FROM ledgers WHERE kind = :kind AND name = :name"
        rows = await self._all(statement, kind=key.kind, name=key.name)
        return rows[0][0] if rows else None

    async def events(self, after: int = 0, topic: str | None = None, limit: int = 100) -> list[EventRow]:
        where = f"position > :after AND {self._lead_condition('lead_id')}" + (" AND topic = :topic" if topic else "")
        statement = f"SELECT position, {_EVENT} FROM events WHERE {where} ORDER BY position LIMIT :limit"  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        rows = await self._all(statement, after=after, topic=topic, limit=limit)
        return [EventRow(row[0], OutboxRow(*row[1:])) for row in rows]

    async def head(self) -> int:
        async with self._engines.read() as conn:
            return int(await scalar(conn, "SELECT value FROM counters WHERE name = 'events'") or 0)

    async def snapshot(self, after: str = "", limit: int = 500) -> tuple[int, list[LeadRow]]:
        position = await self.head()
        return position, await self.leads(after=after, limit=limit)

    async def quarantine_entries(self, after: str = "", limit: int = 50) -> list[Quarantine]:
        statement = f"""SELECT {_QUARANTINE}, NULL AS body, b.size FROM quarantine q
            LEFT JOIN quarantine_bodies b ON b.source = q.source AND b.digest = q.digest
            WHERE q.id > :after AND {self._source_condition("q.source")} ORDER BY q.id LIMIT :limit"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        return [_quarantine(row) for row in await self._all(statement, after=after, limit=limit)]

    async def quarantine_entry(self, entry_id: str) -> Quarantine | None:
        statement = f"""SELECT {_QUARANTINE}, b.body, b.size FROM quarantine q
            LEFT JOIN quarantine_bodies b ON b.source = q.source AND b.digest = q.digest
            WHERE q.id = :id AND {self._source_condition("q.source")}"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        rows = await self._all(statement, id=entry_id)
        return _quarantine(rows[0]) if rows else None

    async def dead_letters(self, state: str | None = None, limit: int = 100) -> list[DeadLetter]:
        where = f"({self._lead_condition('lead_id')} OR (lead_id IS NULL AND {self._source_condition('source')}))"
        where += " AND state = :state" if state else ""
        statement = f"SELECT {_LETTER} FROM dead_letters WHERE {where} ORDER BY number LIMIT :limit"  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        rows = await self._all(statement, state=state, limit=limit)
        return [_letter(row) for row in rows]

    async def roster_changes(self) -> str | None:
        async with self._engines.glance() as conn:
            found: str | None = await scalar(conn, "SELECT value FROM meta WHERE key = 'roster'")
        return found

    async def dead_letter(self, letter_id: str) -> DeadLetter | None:
        rows = await self._all(f"SELECT {_LETTER} FROM dead_letters WHERE id = :id", id=letter_id)  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        return _letter(rows[0]) if rows else None

    async def sealed_letters_before(self, letter: DeadLetter) -> list[str]:
        statement = """SELECT id FROM dead_letters WHERE state = 'dead' AND lead_id IS NULL AND reason = :reason
            AND number < (SELECT number FROM dead_letters WHERE id = :id)
            AND substr(origin, 1, :length) = :place ORDER BY number"""
        place = letter.origin.rpartition("/")[0] + "/"
        rows = await self._all(statement, reason=letter.reason, id=letter.id, place=place, length=len(place))
        return [row.id for row in rows]

    async def quarantine_usage(self) -> dict[str, Kept]:
        """It may be older where it takes long to count, see LARGE."""
        begun = time.monotonic()
        if begun >= self._use_again:
            self._used = usage_of(await self._all(USAGE))
            took = time.monotonic() - begun
            self._use_again = begun + took * LARGE if took > QUICK else 0.0
        return self._used

    async def key_uses(self) -> dict[str, datetime]:
        return {name: instant(at) for name, at in await self._all("SELECT name, used_at FROM api_key_uses")}

    async def counts(self, now: datetime) -> Counts:
        """Those of running clocks and of the quarantine may be older, see LARGE."""
        statement = """SELECT
            (SELECT count(*) FROM outbox) AS outbox, (SELECT count(*) FROM spool) AS spool,
            (SELECT count(*) FROM leads WHERE held) AS held_leads,
            (SELECT count(*) FROM dead_letters WHERE state IN ('dead', 'queued')) AS dead_letters,
            (SELECT count(*) FROM clocks WHERE next_at <= :now) AS due_clocks,
            (SELECT count(*) FROM deliveries WHERE state = 'pending') AS pending_deliveries"""
        small = (await self._all(statement, now=micros(now)))[0]._asdict()
        return Counts(**small, **await self._large_counts())

    async def _large_counts(self) -> dict[str, int]:
        begun = time.monotonic()
        if begun >= self._count_again:
            statement = """SELECT (SELECT count(*) FROM quarantine) AS quarantine,
                (SELECT count(*) FROM clocks WHERE next_at IS NOT NULL) AS running_clocks"""
            self._counted = dict((await self._all(statement))[0]._asdict())
            took = time.monotonic() - begun
            self._count_again = begun + took * LARGE if took > QUICK else 0.0
        return self._counted

    async def _all(self, statement: str, **values: Any) -> Sequence[Any]:
        listed = self._engines.dialect.list_value
        values |= {"seen_brands": listed(self._brands or ()), "seen_sources": listed(self._sources)}
        asked = {name: value for name, value in values.items() if f":{name}" in statement}
        async with self._engines.read() as conn:
            return (await conn.execute(text(statement), asked)).all()


def history_entry(row: Any) -> HistoryEntry:
    found = HistoryRow(*row[1:])._replace(
        occurred_at=instant(row.occurred_at),
        received_at=instant(row.received_at),
        recorded_at=instant(row.recorded_at),
    )
    return HistoryEntry(row[0], found)


def _quarantine(row: Any) -> Quarantine:
    return Quarantine(**row._asdict() | {"received_at": instant(row.received_at), "size": row.size or 0})


def _letter(row: Any) -> DeadLetter:
    return DeadLetter(**row._asdict() | {"recorded_at": instant(row.recorded_at)})
