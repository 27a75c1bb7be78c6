"""Messages on their way, in SQL: claimed for a time, finished or put off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from routing.incidents.records import Incident, Notification
from services.adapters.sql import alert_tables as t
from services.adapters.sql.engine import Engines
from services.ports.incidents import Outgoing, ThreadState
from services.ports.instants import micros

_COLUMNS = (
    "id", "channel", "person", "thread", "grouping", "state", "attempts", "next_at", "claimed_until", "created_at", "body",
)  # fmt: skip


async def insert_notifications(conn: AsyncConnection, engines: Engines, notifications: Iterable[Notification]) -> None:
    rows = [
        (n.id, n.channel, n.person, n.thread, n.grouping, "pending", 0, at, 0, at, n.text())
        for n in notifications
        for at in [micros(n.created_at)]
    ]
    await engines.dialect.insert(conn, t.alert_notifications, _COLUMNS, rows=rows, tail="ON CONFLICT DO NOTHING")


async def incidents_by_id(conn: AsyncConnection, engines: Engines, idents: Iterable[str]) -> dict[str, Incident]:
    """Those of these ids that there are."""
    dialect = engines.dialect
    found = await conn.execute(
        text(f"SELECT id, body FROM incidents WHERE {dialect.among('id', 'ids')}"),  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        {"ids": dialect.list_value(sorted(idents))},
    )
    return {row.id: Incident.read(row.body) for row in found}


class SqlNotifications:
    """The half of the port `Incidents` that sends."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    async def claim(self, channel: str, now: datetime, until: datetime, limit: int) -> list[Outgoing]:
        dialect = self._engines.dialect
        lock = f"{dialect.lock} OF n SKIP LOCKED" if dialect.lock else ""
        statement = f"""SELECT n.id, n.attempts, n.body FROM alert_notifications n
            WHERE n.channel = :c AND n.state = 'pending' AND n.next_at <= :now AND n.claimed_until <= :now
              AND NOT EXISTS (SELECT 1 FROM alert_notifications x WHERE x.channel = n.channel AND x.person = n.person
                AND x.thread = n.thread AND x.state = 'pending'
                AND (x.created_at < n.created_at OR (x.created_at = n.created_at AND x.id < n.id)))
            ORDER BY n.created_at, n.id LIMIT :n {lock}"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        if not await self._is_due(channel, now):
            return []
        async with self._engines.write() as conn:
            rows = (await conn.execute(text(statement), {"c": channel, "now": micros(now), "n": limit})).all()
            if not rows:
                return []
            await conn.execute(
                text(f"UPDATE alert_notifications SET claimed_until = :u WHERE {dialect.among('id', 'ids')}"),  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
                {"u": micros(until), "ids": dialect.list_value(row.id for row in rows)},
            )
            return [
                Outgoing(n, row.attempts, await self._in_order(conn, n.incidents))
                for row in rows
                for n in [Notification.read(row.body)]
            ]

    async def _is_due(self, channel: str, now: datetime) -> bool:
        """A look before the lock: most of the time there is nothing."""
        statement = """SELECT 1 FROM alert_notifications
            WHERE channel = :c AND state = 'pending' AND next_at <= :now AND claimed_until <= :now LIMIT 1"""
        async with self._engines.read() as conn:
            return (await conn.execute(text(statement), {"c": channel, "now": micros(now)})).first() is not None

    async def _in_order(self, conn: AsyncConnection, idents: Sequence[str]) -> list[Incident]:
        """The oldest first, by when they were due."""
        found = await incidents_by_id(conn, self._engines, idents)
        return sorted(found.values(), key=lambda incident: (incident.due_at, incident.id))

    async def _incidents_of(self, conn: AsyncConnection, ident: str) -> list[str]:
        """The incidents that a message tells of; none where there is no such message."""
        statement = text("SELECT body FROM alert_notifications WHERE id = :id")
        found = (await conn.execute(statement, {"id": ident})).scalar_one_or_none()
        return list(Notification.read(found).incidents) if found is not None else []

    async def thread(self, notification: Notification) -> ThreadState:
        statement = """SELECT body, receipt FROM alert_notifications
            WHERE channel = :c AND person = :p AND thread = :t ORDER BY created_at, id"""
        n = notification
        async with self._engines.read() as conn:
            rows = (await conn.execute(text(statement), {"c": n.channel, "p": n.person, "t": n.thread})).all()
            idents = {ident for row in rows for ident in Notification.read(row.body).incidents}
            receipt = next((row.receipt for row in rows if row.receipt is not None), None)
            return ThreadState(await self._in_order(conn, sorted(idents)), receipt)

    async def message_of(self, channel: str, receipt: str) -> str | None:
        statement = (
            "SELECT id FROM alert_notifications WHERE channel = :c AND receipt = :r ORDER BY created_at, id LIMIT 1"
        )
        async with self._engines.read() as conn:
            found = await conn.execute(text(statement), {"c": channel, "r": receipt})
            ident: str | None = found.scalar_one_or_none()
            return ident

    async def finish(
        self, ident: str, *, now: datetime, state: str, next_at: datetime | None, error: str | None, receipt: str | None
    ) -> None:
        async with self._engines.write() as conn:
            await conn.execute(
                text(
                    "UPDATE alert_notifications SET state = :state, attempts = attempts + 1, claimed_until = 0,"
                    " next_at = coalesce(:next, next_at), finished_at = :done, error = :error, receipt = :receipt"
                    " WHERE id = :id AND state = 'pending'"
                ),
                {
                    "state": state,
                    "next": micros(next_at) if next_at is not None else None,
                    "done": None if state == "pending" else micros(now),
                    "error": error,
                    "receipt": receipt,
                    "id": ident,
                },
            )
