"""The ports `PersonReading` and `PersonRegister` in SQL. Everything is found by an index."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text

from routing.model.links import Key
from services.adapters.sql.batch import lead_row
from services.adapters.sql.column_classes import OF_LEAD
from services.adapters.sql.engine import Engines
from services.adapters.sql.lead_writes import plain_rows
from services.adapters.sql.person_tables import person_requests
from services.adapters.sql.reading import SqlReading
from services.ports.instants import instant, instant_or_none, micros
from services.ports.persons import GivenEvent, KeptRecord
from services.ports.reading import HistoryEntry
from services.ports.rows import DeadLetter, EventRow, LeadRow, OutboxRow, PersonRequest

_LEAD = ", ".join(LeadRow._fields)
_EVENT = ", ".join(OutboxRow._fields)
_LETTER = ", ".join(DeadLetter._fields)
_REQUEST = ", ".join(PersonRequest._fields)
MOST_BRANDS = 1000


class SqlPersons:
    """Both ports."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._reading = SqlReading(engines)

    async def brands(self) -> list[str]:
        """One step of the index for each, not a look at every identity."""
        found: list[str] = []
        while len(found) < MOST_BRANDS:
            rows = await self._all(
                "SELECT min(brand) FROM identities WHERE brand > :after", after=found[-1] if found else ""
            )
            if rows[0][0] is None:
                break
            found.append(rows[0][0])
        return found

    async def links(self, keys: Sequence[Key]) -> dict[Key, str]:
        if not keys:
            return {}
        dialect = self._engines.dialect
        statement = f"""SELECT brand, kind, digest, subject_id FROM {dialect.values(("text", "text", "text"), "u")}
            JOIN identities ON brand = u.c0 AND kind = u.c1 AND digest = u.c2"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        rows = await self._all(statement, **dialect.columns("u", keys))
        return {(row[0], row[1], row[2]): row[3] for row in rows}

    async def leads(self, ids: Sequence[str]) -> list[LeadRow]:
        statement = f"SELECT {_LEAD} FROM leads WHERE {self._engines.dialect.among('id', 'ids')} ORDER BY id"  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        rows = await self._all(statement, ids=self._engines.dialect.list_value(ids))
        return [lead_row(row) for row in rows]

    async def history(self, lead_id: str, after: int = 0, limit: int = 200) -> list[HistoryEntry]:
        return await self._reading.history(lead_id, after, limit)

    async def events_of(self, lead_id: str, after: int, limit: int) -> list[EventRow]:
        statement = f"""SELECT position, {_EVENT} FROM events WHERE lead_id = :lead AND sequence > :after
            ORDER BY sequence LIMIT :n"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        rows = await self._all(statement, lead=lead_id, after=after, n=limit)
        return [EventRow(row[0], OutboxRow(*row[1:])) for row in rows]

    async def deliveries_at(self, positions: Sequence[int]) -> list[GivenEvent]:
        statement = f"""SELECT d.subscription, d.position, d.event_id, d.state, d.attempts, d.finished_at
            FROM delivery_cursors c JOIN deliveries d ON d.subscription = c.subscription
            WHERE {self._engines.dialect.among("d.position", "at")} ORDER BY d.position, d.subscription"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        rows = await self._all(statement, at=self._engines.dialect.list_value(positions))
        return [GivenEvent(*row)._replace(at=instant_or_none(row.finished_at)) for row in rows]

    async def records_of(self, lead_id: str) -> list[KeptRecord]:
        statement = """SELECT r.target, r.kind, r.key, r.state, r.url, coalesce(r.seen_at, r.sent_at) AS at
            FROM delivery_cursors c JOIN sink_records r ON r.target = c.subscription AND r.lead_id = :lead
            ORDER BY r.target, r.number"""
        rows = await self._all(statement, lead=lead_id)
        return [KeptRecord(*row)._replace(at=instant_or_none(row.at)) for row in rows]

    async def incidents_of(self, lead_id: str) -> list[str]:
        rows = await self._all("SELECT body FROM incidents WHERE subject = :lead ORDER BY id", lead=lead_id)
        return [row[0] for row in rows]

    async def letters_of(self, lead_id: str, limit: int) -> list[DeadLetter]:
        statement = f"SELECT {_LETTER} FROM dead_letters WHERE lead_id = :lead ORDER BY number LIMIT :n"  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        rows = await self._all(statement, lead=lead_id, n=limit)
        return [DeadLetter(*row)._replace(recorded_at=instant(row.recorded_at)) for row in rows]

    async def holdings(self, lead_id: str) -> dict[str, int]:
        counts: dict[str, int] = {}
        for rule in OF_LEAD:
            filled = " OR ".join(f"{column} IS NOT NULL" for column in rule.columns)
            statement = f"SELECT count(*) FROM {rule.table} WHERE {rule.where} AND ({filled})"  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
            counts[rule.table] = (await self._all(statement, lead=lead_id))[0][0]
        return counts

    async def idle_leads(self, stages: Sequence[str], before: datetime, after: str, limit: int) -> list[LeadRow]:
        statement = f"""SELECT {_LEAD} FROM leads WHERE {self._engines.dialect.among("stage", "stages")} AND id > :after
            AND updated_at < :before AND disposition NOT IN ('erased', 'merged') ORDER BY id LIMIT :n"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        listed = self._engines.dialect.list_value(stages)
        rows = await self._all(statement, stages=listed, before=micros(before), after=after, n=limit)
        return [lead_row(row) for row in rows]

    async def requests_of(self, lead_id: str) -> list[PersonRequest]:
        statement = f"SELECT {_REQUEST} FROM person_requests WHERE lead_id = :lead ORDER BY asked_at, id"  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        return [request_row(row) for row in await self._all(statement, lead=lead_id)]

    async def note_request(self, request: PersonRequest) -> None:
        rows = plain_rows([request], "asked_at", "finished_at")
        async with self._engines.write() as conn:
            await self._engines.dialect.insert(
                conn, person_requests, PersonRequest._fields, rows, tail="ON CONFLICT DO NOTHING"
            )

    async def request(self, ident: str) -> PersonRequest | None:
        rows = await self._all(f"SELECT {_REQUEST} FROM person_requests WHERE id = :id", id=ident)  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        return request_row(rows[0]) if rows else None

    async def _all(self, statement: str, **values: Any) -> Sequence[Any]:
        async with self._engines.read(patient=True) as conn:
            return (await conn.execute(text(statement), values)).all()


def request_row(row: Any) -> PersonRequest:
    """A row of the table of requests, as we know it."""
    found = PersonRequest(*row)
    return found._replace(asked_at=instant(row.asked_at), finished_at=instant_or_none(row.finished_at))
