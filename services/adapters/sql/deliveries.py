"""The port `Deliveries` in SQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import text

from schemas.envelope import whole
from services.adapters.sql import tables as t
from services.adapters.sql.engine import Engines
from services.ports.deliveries import Attempt, Due, State, Tried
from services.ports.instants import instant, micros


class SqlDeliveries:
    """The port `Deliveries`."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    async def fan_out(
        self, subscription: str, matches: Callable[[str, str, str], bool], now: datetime, limit: int = 500
    ) -> int:
        async with self._engines.write() as conn:
            lock = self._engines.dialect.lock
            await conn.execute(
                text(
                    "INSERT INTO delivery_cursors (subscription, position) VALUES (:s,"
                    " coalesce((SELECT value FROM counters WHERE name = 'events'), 0)) ON CONFLICT DO NOTHING"
                ),
                {"s": subscription},
            )
            found = await conn.execute(
                text(f"SELECT position, disabled_reason FROM delivery_cursors WHERE subscription = :s {lock}"),  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
                {"s": subscription},
            )
            at, disabled = found.one()
            if disabled is not None:
                return 0
            found = await conn.execute(
                text(
                    "SELECT position, event_id, lead_id, topic, type, head FROM events"
                    " WHERE position > :p ORDER BY position LIMIT :n"
                ),
                {"p": at, "n": limit},
            )
            events = found.all()
            if not events:
                return 0
            rows = [
                (
                    f"{e.event_id}.{subscription}",
                    subscription,
                    e.position,
                    e.event_id,
                    e.lead_id,
                    "pending",
                    0,
                    micros(now),
                    0,
                    micros(now),
                )
                for e in events
                if matches(e.topic, e.type, e.head)
            ]
            columns = ("id", "subscription", "position", "event_id", "lead_id", "state", "attempts", "next_at")
            await self._engines.dialect.insert(conn, t.deliveries, (*columns, "claimed_until", "created_at"), rows)
            await conn.execute(
                text("UPDATE delivery_cursors SET position = :p WHERE subscription = :s"),
                {"p": events[-1].position, "s": subscription},
            )
        return len(events)

    async def claim(self, subscription: str, now: datetime, until: datetime, limit: int) -> list[Due]:
        dialect = self._engines.dialect
        lock = f"{dialect.lock} OF d SKIP LOCKED" if dialect.lock else ""
        statement = f"""
            SELECT d.id, d.event_id, d.attempts, e.head, e.personal
            FROM deliveries d JOIN events e ON e.position = d.position
            WHERE d.subscription = :s AND d.state = 'pending' AND d.next_at <= :now AND d.claimed_until <= :now
              AND NOT EXISTS (SELECT 1 FROM delivery_cursors c
                WHERE c.subscription = d.subscription AND c.disabled_reason IS NOT NULL)
              AND NOT EXISTS (SELECT 1 FROM deliveries x WHERE x.subscription = d.subscription
                AND x.lead_id = d.lead_id AND x.state = 'pending' AND x.position < d.position)
            ORDER BY d.position LIMIT :n {lock}"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        async with self._engines.write() as conn:
            rows = (await conn.execute(text(statement), {"s": subscription, "now": micros(now), "n": limit})).all()
            if rows:
                await conn.execute(
                    text(f"UPDATE deliveries SET claimed_until = :u WHERE {dialect.among('id', 'ids')}"),  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
                    {"u": micros(until), "ids": dialect.list_value(row.id for row in rows)},
                )
        return [Due(row.id, row.event_id, row.attempts, whole(row.head, row.personal)) for row in rows]

    async def disable(self, subscription: str, reason: str | None) -> bool:
        async with self._engines.write() as conn:
            done = await conn.execute(
                text("UPDATE delivery_cursors SET disabled_reason = :r WHERE subscription = :s"),
                {"r": reason, "s": subscription},
            )
        return done.rowcount == 1

    async def states(self) -> list[State]:
        statement = """SELECT c.subscription, c.position, c.disabled_reason,
            (SELECT count(*) FROM deliveries d WHERE d.subscription = c.subscription AND d.state = 'pending'),
            (SELECT count(*) FROM deliveries d WHERE d.subscription = c.subscription AND d.state = 'failed')
            FROM delivery_cursors c ORDER BY c.subscription"""
        async with self._engines.read() as conn:
            return [State(*row) for row in await conn.execute(text(statement))]

    async def attempts(self, subscription: str, *, failed: bool = False, limit: int = 10_000) -> list[Tried]:
        statement = """SELECT d.event_id, d.lead_id, d.position, d.state, a.number, a.at, a.status, a.error, a.duration_ms
            FROM deliveries d JOIN delivery_attempts a ON a.delivery_id = d.id
            WHERE d.subscription = :s AND (d.state = 'failed' OR NOT :failed)
            ORDER BY d.position DESC, a.number DESC LIMIT :n"""
        async with self._engines.read() as conn:
            rows = (await conn.execute(text(statement), {"s": subscription, "failed": failed, "n": limit})).all()
        return [Tried(*row)._replace(at=instant(row.at)) for row in reversed(rows)]

    async def finish(self, due: Due, attempt: Attempt, state: str, next_at: datetime | None) -> None:
        async with self._engines.write() as conn:
            await conn.execute(
                text(
                    "UPDATE deliveries SET state = :state, attempts = attempts + 1, claimed_until = 0,"
                    " next_at = coalesce(:next, next_at), finished_at = :done WHERE id = :id AND state = 'pending'"
                ),
                {
                    "state": state,
                    "next": micros(next_at) if next_at else None,
                    "done": None if state == "pending" else micros(attempt.at),
                    "id": due.id,
                },
            )
            row = (due.id, due.attempts + 1, micros(attempt.at), attempt.status, attempt.error, attempt.duration_ms)
            columns = ("delivery_id", "number", "at", "status", "error", "duration_ms")
            await self._engines.dialect.insert(conn, t.delivery_attempts, columns, [row])
