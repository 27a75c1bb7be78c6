"""The port `PageReading` in SQL: each question is answered by an index, whatever there is of leads that nobody has to act on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text

from routing.incidents.records import Incident
from schemas.envelope import whole
from schemas.json_values import JsonObject
from services.adapters.sql.batch import clock_row, lead_row
from services.adapters.sql.engine import Engines, scalar
from services.adapters.sql.reading import history_entry
from services.ports.console import Sight, StoryPage, StoryPlace, Tally, Waiting, Wanted
from services.ports.instants import micros
from services.ports.reading import Place
from services.ports.rows import ClockRow, EventRow, HistoryRow, LeadRow, OutboxRow

COUNTED = 1000
"""Leads that are counted at most: nobody looks for one of more."""
CLOCK = ", ".join(f"c.{name}" for name in ClockRow._fields)
LEAD = ", ".join(f"l.{name}" for name in LeadRow._fields)
_EVENT = ", ".join(OutboxRow._fields)
_HISTORY = ", ".join(HistoryRow._fields)
LAST = 2**63 - 1
EVENTS = 8
"""Events for each signal of a page of a story: most cause one or two, the one that hands a lead over a dozen."""
# Of a lead with several the clock that is due first: the others are looked up by the lead, which has a dozen.
ACTING = """FROM clocks c JOIN leads l ON l.id = c.lead_id WHERE c.act_by IS NOT NULL AND l.disposition = 'active'
    AND NOT EXISTS (SELECT 1 FROM clocks e WHERE e.lead_id = c.lead_id AND e.act_by IS NOT NULL
        AND (e.act_by < c.act_by OR (e.act_by = c.act_by AND e.id < c.id)))"""


class SqlPageReading:
    """The port `PageReading`."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    async def waiting_leads(
        self, sight: Sight, wanted: Wanted, after: Place[str] | None = None, limit: int = 50
    ) -> list[Waiting]:
        where, values = self._condition(sight, wanted)
        place = after or Place(-1, "")
        statement = f"""SELECT {CLOCK}, {LEAD} {ACTING} {where}
            AND c.act_by >= :at AND (c.act_by > :at OR c.id > :id) ORDER BY c.act_by, c.id LIMIT :limit"""
        rows = await self._all(statement, at=place.at, id=place.id, limit=limit, **values)
        return [waiting_of(row) for row in rows]

    async def tally(self, sight: Sight, wanted: Wanted, now: datetime, tonight: datetime) -> Tally:
        where, values = self._condition(sight, wanted)
        statement = f"""SELECT count(*), count(CASE WHEN act_by <= :now THEN 1 END), count(CASE WHEN act_by < :tonight THEN 1 END)
            FROM (SELECT c.act_by {ACTING} {where} ORDER BY c.act_by, c.id LIMIT :limit) w"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        rows = await self._all(statement, now=micros(now), tonight=micros(tonight), limit=COUNTED + 1, **values)
        waiting, overdue, by_tonight = rows[0]
        return Tally(min(waiting, COUNTED), min(overdue, COUNTED), by_tonight - overdue, waiting <= COUNTED)

    async def head(self) -> int:
        async with self._engines.glance() as conn:
            return int(await scalar(conn, "SELECT value FROM counters WHERE name = 'events'") or 0)

    async def moved_leads(self, after: int, upto: int, limit: int) -> list[str]:
        statement = """SELECT DISTINCT lead_id FROM (SELECT lead_id FROM events
            WHERE position > :after AND position <= :upto ORDER BY position LIMIT :limit) m"""
        return [row[0] for row in await self._all(statement, after=after, upto=upto, limit=limit)]

    async def story(self, lead_id: str, before: StoryPlace | None = None, limit: int = 100) -> StoryPage:
        place = before or StoryPlace(LAST, LAST)
        statement = (
            f"SELECT id, {_HISTORY} FROM history WHERE lead_id = :lead AND id < :id ORDER BY id DESC LIMIT :limit"  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        )
        rows = await self._all(statement, lead=lead_id, id=place.signal, limit=limit + 1)
        signals = [history_entry(row) for row in reversed(rows[:limit])]
        statement = f"""SELECT position, {_EVENT} FROM events
            WHERE lead_id = :lead AND sequence < :sequence ORDER BY sequence DESC LIMIT :limit"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        found = await self._all(statement, lead=lead_id, sequence=place.event, limit=limit * EVENTS)
        caused: dict[str, list[EventRow]] = {entry.row.signal_id: [] for entry in signals}
        oldest = place.event
        for event in (EventRow(row[0], OutboxRow(*row[1:])) for row in reversed(found)):
            if (theirs := caused.get(cause_of(event))) is not None:
                theirs.append(event)
                oldest = min(oldest, event.row.sequence)
        return StoryPage(signals, caused, StoryPlace(signals[0].id, oldest) if len(rows) > limit else None)

    async def open_incidents(self, lead_id: str) -> list[Incident]:
        statement = "SELECT body FROM incidents WHERE subject = :lead AND state <> 'resolved' ORDER BY opened_at, id"
        return [Incident.read(row.body) for row in await self._all(statement, lead=lead_id)]

    def _condition(self, sight: Sight, wanted: Wanted) -> tuple[str, dict[str, Any]]:
        """Further conditions on the clock `c` and its lead `l`, and what is bound in them."""
        dialect = self._engines.dialect
        where, values = [""], {}
        if sight.brands is not None:
            where.append(dialect.among("l.brand", "brands"))
            values["brands"] = dialect.list_value(sorted(sight.brands))
        if sight.owners is not None:
            where.append(f"(l.owner IS NULL OR {dialect.among('l.owner', 'owners')})")
            values["owners"] = dialect.list_value(sorted(sight.owners))
        if wanted.owner is not None:
            where.append("l.owner IS NULL" if wanted.owner == "" else "l.owner = :owner")
            values |= {"owner": wanted.owner} if wanted.owner else {}
        for column, value in (("l.queue", wanted.queue), ("l.stage", wanted.stage), ("c.policy", wanted.policy)):
            if value is not None:
                name = column[2:]
                where.append(f"{column} = :{name}")
                values[name] = value
        for sign, name, at in ((">", "since", wanted.since), ("<=", "before", wanted.before)):
            if at is not None:
                where.append(f"c.act_by {sign} :{name}")
                values[name] = micros(at)
        return " AND ".join(where), values

    async def _all(self, statement: str, **values: Any) -> Sequence[Any]:
        async with self._engines.read() as conn:
            return (await conn.execute(text(statement), values)).all()


def waiting_of(row: Any) -> Waiting:
    """Columns of both tables have the same names, so they are told apart by their order."""
    edge = len(ClockRow._fields)
    return Waiting(clock_row(ClockRow(*row[:edge])), lead_row(LeadRow(*row[edge:])))


def cause_of(event: EventRow) -> str:
    """The id of the signal that caused it. A head lacks its end, which may be personal."""
    head: JsonObject = json.loads(whole(event.row.head, None))
    cause: str = head["causationid"]
    return cause
