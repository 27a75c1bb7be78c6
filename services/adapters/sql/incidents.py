"""The port `Incidents` in SQL: events folded, notices composed, acknowledgements, one after the other by one lock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from routing.incidents.changes import Folded
from routing.incidents.grouping import LastSent
from routing.incidents.records import TARGETS, Destination, Incident, IncidentState, Notice
from services.adapters.sql import alert_tables as t
from services.adapters.sql.engine import Engines
from services.adapters.sql.notifications import SqlNotifications, incidents_by_id, insert_notifications
from services.ports.incidents import Compose, FeedEvent, Fold, FoldTargets, Waiting
from services.ports.instants import instant, micros

MOST_NOTICES = 20_000
"""Notices that are composed at once, the oldest first."""
_INCIDENT = ("id", "about", "subject", "state", "opened_at", "resolved_at", "body")
_OVERWRITE = """ON CONFLICT (id) DO UPDATE SET state = excluded.state, opened_at = excluded.opened_at,
    resolved_at = excluded.resolved_at, body = excluded.body"""


class SqlIncidents(SqlNotifications):
    """The port `Incidents`."""

    def __init__(self, engines: Engines) -> None:
        super().__init__(engines)
        self._engines = engines

    @asynccontextmanager
    async def _in_turn(self) -> AsyncIterator[tuple[AsyncConnection, int]]:
        """A transaction that nobody else changes incidents beside, with the place in the feed."""
        async with self._engines.write() as conn:
            await conn.execute(
                text(
                    "INSERT INTO alert_cursors (name, position) VALUES ('alerts',"
                    " coalesce((SELECT value FROM counters WHERE name = 'events'), 0)) ON CONFLICT DO NOTHING"
                )
            )
            lock = self._engines.dialect.lock
            found = await conn.execute(text(f"SELECT position FROM alert_cursors WHERE name = 'alerts' {lock}"))  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
            yield conn, int(found.scalar_one())

    async def _is_behind(self) -> bool:
        """A look before the lock: most of the time there is nothing. Where nothing was read yet there may be."""
        statement = """SELECT position < coalesce((SELECT value FROM counters WHERE name = 'events'), 0)
            FROM alert_cursors WHERE name = 'alerts'"""
        async with self._engines.read() as conn:
            return (await conn.execute(text(statement))).scalar_one_or_none() not in (0, False)

    async def fold_next(self, types: Sequence[str], fold: Fold, limit: int = 500) -> int:
        if not await self._is_behind():
            return 0
        async with self._in_turn() as (conn, position):
            statement = (
                "SELECT max(p) FROM (SELECT position AS p FROM events WHERE position > :p ORDER BY position LIMIT :n) f"
            )
            last = (await conn.execute(text(statement), {"p": position, "n": limit})).scalar_one()
            if last is None:
                return 0
            events = await self._events(conn, types, position, int(last))
            known = await self._incidents_about(conn, events)
            changed: dict[str, Incident] = {}
            notices: list[Notice] = []
            for event in events:
                folded = fold(event, known)
                for incident in folded.incidents:
                    known[incident.about] = changed[incident.id] = incident
                notices += folded.notices
            await self._write(conn, changed.values(), notices)
            await conn.execute(text("UPDATE alert_cursors SET position = :p WHERE name = 'alerts'"), {"p": last})
        return int(last) - position

    async def _events(self, conn: AsyncConnection, types: Sequence[str], after: int, last: int) -> list[FeedEvent]:
        dialect = self._engines.dialect
        found = await conn.execute(
            text(
                "SELECT position, event_id, lead_id, type, head FROM events"  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
                f" WHERE position > :p AND position <= :l AND {dialect.among('type', 'types')} ORDER BY position"
            ),
            {"p": after, "l": last, "types": dialect.list_value(types)},
        )
        return [FeedEvent(*row) for row in found]

    async def _incidents_about(self, conn: AsyncConnection, events: Sequence[FeedEvent]) -> dict[str, Incident]:
        """All incidents of the subjects, also those that are over: a clock of theirs may be broken after all."""
        dialect, subjects = self._engines.dialect, {event.subject for event in events}
        found = await conn.execute(
            text(f"SELECT body FROM incidents WHERE {dialect.among('subject', 'subjects')}"),  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
            {"subjects": dialect.list_value(sorted(subjects))},
        )
        incidents = [Incident.read(row.body) for row in found]
        return {incident.about: incident for incident in incidents}

    async def _write(self, conn: AsyncConnection, incidents: Iterable[Incident], notices: Iterable[Notice]) -> None:
        rows = [
            (
                incident.id,
                incident.about,
                incident.subject,
                incident.state,
                micros(incident.opened_at),
                micros(incident.resolved_at) if incident.resolved_at is not None else None,
                incident.text(),
            )
            for incident in incidents
        ]
        insert = self._engines.dialect.insert
        await insert(conn, t.incidents, _INCIDENT, rows=rows, tail=_OVERWRITE)
        waiting = [(n.id, n.incident, micros(n.at), n.text()) for n in notices]
        columns = ("id", "incident", "at", "body")
        await insert(conn, t.alert_notices, columns, rows=waiting, tail="ON CONFLICT DO NOTHING")

    async def fold_targets(self, fold: FoldTargets) -> None:
        async with self._engines.read() as conn:
            if not any(fold(await self._of_targets(conn))):
                return
        async with self._in_turn() as (conn, _):
            folded = fold(await self._of_targets(conn))
            await self._write(conn, folded.incidents, folded.notices)

    async def _of_targets(self, conn: AsyncConnection) -> dict[str, Incident]:
        statement = text("SELECT body FROM incidents WHERE state <> 'resolved' AND subject LIKE :p")
        found = [Incident.read(row.body) for row in await conn.execute(statement, {"p": f"{TARGETS}%"})]
        return {incident.about: incident for incident in found}

    async def waiting(self) -> tuple[int, int]:
        async with self._engines.read() as conn:
            row = (await conn.execute(text("SELECT count(*), coalesce(max(at), 0) FROM alert_notices"))).one()
        return int(row[0]), int(row[1])

    async def compose(self, compose: Compose) -> int:
        async with self._in_turn() as (conn, _):
            waiting = await self._waiting(conn)
            if not waiting.notices:
                return 0
            made = compose(waiting)
            await insert_notifications(conn, self._engines, made.notifications)
            await self._write(conn, made.incidents, ())
            dialect = self._engines.dialect
            await conn.execute(
                text(f"DELETE FROM alert_notices WHERE {dialect.among('id', 'ids')}"),  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
                {"ids": dialect.list_value(made.spent)},
            )
        return len(made.notifications)

    async def _waiting(self, conn: AsyncConnection) -> Waiting:
        statement = "SELECT body FROM alert_notices ORDER BY at, id LIMIT :n"
        found = await conn.execute(text(statement), {"n": MOST_NOTICES})
        notices = [Notice.read(row.body) for row in found]
        incidents = await incidents_by_id(conn, self._engines, {n.incident for n in notices})
        return Waiting(notices, incidents, await self._last_sent(conn, {n.where for n in notices}))

    async def _last_sent(self, conn: AsyncConnection, places: set[Destination]) -> LastSent:
        dialect = self._engines.dialect
        statement = f"""SELECT channel, person, grouping, max(created_at) AS last FROM alert_notifications
            WHERE {dialect.among("channel", "channels")} AND {dialect.among("person", "people")}
            GROUP BY channel, person, grouping"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        asked = {
            "channels": dialect.list_value(sorted({where.channel for where in places})),
            "people": dialect.list_value(sorted({where.person for where in places})),
        }
        rows = await conn.execute(text(statement), asked)
        return {(Destination(row.channel, row.person), row.grouping): instant(row.last) for row in rows}

    async def incidents(
        self, state: IncidentState | None, after: str, limit: int, brands: Sequence[str] | None = None
    ) -> list[Incident]:
        dialect = self._engines.dialect
        conditions = ["id > :after", "state = :state" if state is not None else "state <> 'resolved'"]
        asked: dict[str, object] = {"after": after, "n": limit} | ({"state": state} if state is not None else {})
        if brands is not None:
            conditions.append(f"subject IN (SELECT id FROM leads WHERE {dialect.among('brand', 'brands')})")  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
            asked["brands"] = dialect.list_value(brands)
        statement = f"SELECT body FROM incidents WHERE {' AND '.join(conditions)} ORDER BY id LIMIT :n"  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        async with self._engines.read() as conn:
            return [Incident.read(row.body) for row in await conn.execute(text(statement), asked)]

    async def incident(self, ident: str) -> Incident | None:
        async with self._engines.read() as conn:
            return (await incidents_by_id(conn, self._engines, [ident])).get(ident)

    async def acknowledge(self, ident: str, change: Callable[[Incident], Folded]) -> list[Incident]:
        async with self._in_turn() as (conn, _):
            told = await self._incidents_of(conn, ident)
            known = await incidents_by_id(conn, self._engines, told or [ident])
            after = dict(known)
            notices: list[Notice] = []
            for incident in known.values():
                folded = change(incident)
                after |= {changed.id: changed for changed in folded.incidents}
                notices += folded.notices
            changed = [incident for ident, incident in after.items() if incident is not known[ident]]
            await self._write(conn, changed, notices)
        return list(after.values())
