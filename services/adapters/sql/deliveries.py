"""The port `Deliveries` in SQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.envelope import whole
from services.adapters.sql import tables as t
from services.adapters.sql.receivers import COLUMNS, begin, change_health, cursor_of, new_row, pauses, spend
from services.adapters.sql.replays import SqlReplays
from services.ports.deliveries import HELD, Attempt, Change, Due, Health, Matches, Outcome, Pace, State, Tried
from services.ports.instants import instant, instant_or_none, micros

PROBES = 50
"""Of so many that could be the probe, the one that was tried least is: one event that is never taken does not keep a breaker
open whose receiver takes others."""
_DISABLE = "UPDATE delivery_cursors SET disabled_reason = :r WHERE subscription = :s"
_ENABLE = """UPDATE delivery_cursors SET disabled_reason = :r, failures = 0, openings = 0, failing_since = NULL,
    pause = NULL, paused_until = NULL WHERE subscription = :s"""
_OUTCOME = ("text", "text", "bigint", "bigint", "bigint", "bigint")
_FINISH = """SET state = v.c1, attempts = deliveries.attempts + 1, claimed_until = 0,
    spared = deliveries.spared + v.c2, next_at = CASE WHEN v.c3 < 0 THEN deliveries.next_at ELSE v.c3 END,
    finished_at = CASE WHEN v.c4 < 0 THEN NULL ELSE v.c4 END"""
"""By the columns of `_outcome_row`."""
_HELD = "deliveries.state = 'pending' AND deliveries.claimed_until = v.c5"
"""The claim is still ours."""
_DUE_AT_ONCE = """UPDATE deliveries SET next_at = :now
    WHERE subscription = :s AND state = 'pending' AND attempts > 0 AND next_at > :now"""


class SqlDeliveries(SqlReplays):
    """The port `Deliveries`."""

    async def fan_out(
        self, subscription: str, matches: Matches, now: datetime, limit: int = 500, *, begins: bool = True
    ) -> int:
        async with self._engines.write() as conn:
            if begins:
                await begin(conn, subscription)
            cursor = await cursor_of(conn, self._engines.dialect, subscription)
            if cursor is None or cursor.health.disabled is not None:
                return 0
            found = await conn.execute(
                text(
                    "SELECT position, event_id, lead_id, topic, type, head FROM events"
                    " WHERE position > :p ORDER BY position LIMIT :n"
                ),
                {"p": cursor.position, "n": limit},
            )
            events = found.all()
            if not events:
                return 0
            rows = [new_row(subscription, e, now) for e in events if matches(e.topic, e.type, e.head)]
            await self._engines.dialect.insert(conn, t.deliveries, COLUMNS, rows)
            await conn.execute(
                text("UPDATE delivery_cursors SET position = :p WHERE subscription = :s"),
                {"p": events[-1].position, "s": subscription},
            )
        return len(events)

    async def claim(
        self, subscription: str, now: datetime, until: datetime, limit: int, pace: Pace | None = None
    ) -> list[Due]:
        dialect = self._engines.dialect
        async with self._engines.write() as conn:
            cursor = await cursor_of(conn, dialect, subscription)
            if cursor is not None and pauses(cursor, now):
                return []
            probes = cursor is not None and cursor.health.pause == "open"
            if pace is not None and cursor is not None:
                limit = min(limit, pace.allowance(cursor.spent_until, now))
            if limit < 1:
                return []
            given = {"s": subscription, "now": micros(now), "n": PROBES if probes else limit}
            rows = list((await conn.execute(text(self._due(probes)), given)).all())
            if probes:
                rows = sorted(rows, key=lambda row: row.attempts)[:1]
            if not rows:
                return []
            await conn.execute(
                text(f"UPDATE deliveries SET claimed_until = :u WHERE {dialect.among('id', 'ids')}"),  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
                {"u": micros(until), "ids": dialect.list_value(row.id for row in rows)},
            )
            spent = pace.spend(cursor.spent_until, now, len(rows)) if pace is not None and cursor is not None else None
            await spend(conn, subscription, spent, paused_until=until if probes else None)
        return [
            Due(
                id=row.id,
                event_id=row.event_id,
                attempts=row.attempts,
                body=whole(row.head, row.personal),
                spared=row.spared,
                subscription=subscription,
                is_probe=probes,
                until=until,
            )
            for row in rows
        ]

    async def release(self, dues: Sequence[Due]) -> None:
        rows = [(due.id, "", 0, 0, 0, _claim_of(due)) for due in sorted(dues, key=lambda due: due.id)]
        async with self._engines.write() as conn:
            await self._lock(conn, rows)
            values = self._engines.dialect.columns("v", rows)
            await conn.execute(text(self._of_rows("SET claimed_until = 0")), values)

    async def is_paused(self, subscription: str, now: datetime) -> bool:
        async with self._engines.read() as conn:
            cursor = await cursor_of(conn, self._engines.dialect, subscription, lock=False)
        return cursor is not None and pauses(cursor, now)

    async def _lock(self, conn: AsyncConnection, rows: Sequence[tuple[Any, ...]]) -> None:
        """By id, as a replay does it, so that none waits for the other; in a statement of its own, since the one that waited does not
        see the row as whoever it waited for has left it."""
        dialect = self._engines.dialect
        if dialect.lock:
            statement = f"SELECT 1 FROM deliveries WHERE {dialect.among('id', 'ids')} ORDER BY id {dialect.lock}"  # noqa: S608 - put in are words of this package
            await conn.execute(text(statement), {"ids": dialect.list_value([row[0] for row in rows])})

    def _of_rows(self, change: str) -> str:
        """One statement that changes the deliveries of these rows of _OUTCOME, as far as we hold them, once they are locked."""
        dialect = self._engines.dialect
        values = dialect.values(_OUTCOME, "v")
        if not dialect.lock:
            return f"UPDATE deliveries {change} FROM {values} WHERE deliveries.id = v.c0 AND {_HELD}"
        # Where they are is asked by their ids alone: told that they wait, PostgreSQL reads all that wait, which it takes for few.
        return f"""WITH v AS (SELECT d.ctid AS place, d.state AS state_now, d.claimed_until AS claim_now, v.*
                FROM {values} JOIN deliveries d ON d.id = v.c0)
            UPDATE deliveries {change} FROM v
            WHERE deliveries.ctid = v.place AND v.state_now = 'pending' AND v.claim_now = v.c5"""  # noqa: S608 - put in are columns and conditions that this module writes; what others wrote is bound

    def _due(self, probes: bool) -> str:
        """What may be claimed. A probe may be made of what is not due: the breaker alone says when to try.

        OFFSET 0 has PostgreSQL ask of each row by itself whether it is the oldest of its lead, by an index: as a join, it
        compared each of them with all that wait.
        """
        lock = f"{self._engines.dialect.lock} OF d SKIP LOCKED" if self._engines.dialect.lock else ""
        due = "" if probes else "AND d.next_at <= :now"
        due = f"AND d.next_at < {micros(HELD)} {due}"  # in the words of the index, which holds no others
        return f"""
            SELECT d.id, d.event_id, d.attempts, d.spared, e.head, e.personal
            FROM deliveries d JOIN events e ON e.position = d.position
            WHERE d.subscription = :s AND d.state = 'pending' {due} AND d.claimed_until <= :now
              AND NOT EXISTS (SELECT 1 FROM deliveries x WHERE x.subscription = d.subscription
                AND x.lead_id = d.lead_id AND x.state = 'pending' AND x.position < d.position LIMIT 1 OFFSET 0)
            ORDER BY d.position LIMIT :n {lock}"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound

    async def disable(self, subscription: str, reason: str | None) -> bool:
        async with self._engines.write() as conn:
            done = await conn.execute(text(_ENABLE if reason is None else _DISABLE), {"r": reason, "s": subscription})
            if reason is None:
                await conn.execute(text(_DUE_AT_ONCE), {"s": subscription, "now": 0})
        return done.rowcount == 1

    async def states(self) -> list[State]:
        statement = """SELECT c.subscription, c.position, c.disabled_reason,
            (SELECT count(*) FROM deliveries d WHERE d.subscription = c.subscription AND d.state = 'pending'),
            (SELECT count(*) FROM deliveries d WHERE d.subscription = c.subscription AND d.state = 'failed'),
            c.failures, c.failing_since, c.pause, c.paused_until
            FROM delivery_cursors c ORDER BY c.subscription"""
        async with self._engines.read() as conn:
            rows = (await conn.execute(text(statement))).all()
        return [
            State(*row)._replace(
                failing_since=instant_or_none(row.failing_since), paused_until=instant_or_none(row.paused_until)
            )
            for row in rows
        ]

    async def attempts(self, subscription: str, *, failed: bool = False, limit: int = 10_000) -> list[Tried]:
        statement = """SELECT d.event_id, d.lead_id, d.position, d.state, a.number, a.at, a.status, a.error, a.duration_ms
            FROM deliveries d JOIN delivery_attempts a ON a.delivery_id = d.id
            WHERE d.subscription = :s AND (d.state = 'failed' OR NOT :failed)
            ORDER BY d.position DESC, a.number DESC LIMIT :n"""
        async with self._engines.read() as conn:
            rows = (await conn.execute(text(statement), {"s": subscription, "failed": failed, "n": limit})).all()
        return [Tried(*row)._replace(at=instant(row.at)) for row in reversed(rows)]

    async def finish(
        self,
        due: Due,
        attempt: Attempt,
        state: str,
        next_at: datetime | None,
        *,
        spare: bool = False,
        judge: Callable[[Health], Health] | None = None,
    ) -> Change | None:
        return await self.finish_all([Outcome(due, attempt, state, next_at, spare=spare, judge=judge)])

    async def finish_all(self, outcomes: Sequence[Outcome]) -> Change | None:
        # By id, as a replay has it, so that none waits for the other.
        outcomes = sorted(outcomes, key=lambda outcome: outcome.due.id)
        judges = [outcome.judge for outcome in outcomes if outcome.judge is not None]
        subscription, dialect = outcomes[0].due.subscription, self._engines.dialect

        def judge_all(health: Health) -> Health:
            for judge in judges:
                health = judge(health)
            return health

        async with self._engines.write() as conn:
            change = await change_health(conn, dialect, subscription, judge_all) if judges else None
            rows = [_outcome_row(outcome) for outcome in outcomes]
            await self._lock(conn, rows)
            await conn.execute(text(self._of_rows(_FINISH)), dialect.columns("v", rows))
            columns = ("delivery_id", "number", "at", "status", "error", "duration_ms")
            await dialect.insert(conn, t.delivery_attempts, columns, [_attempt_row(outcome) for outcome in outcomes])
            if change is not None and change.before.pause == "open" and change.after.pause is None:
                at = max(outcome.attempt.at for outcome in outcomes)
                await conn.execute(text(_DUE_AT_ONCE), {"s": subscription, "now": micros(at)})
        return change


def _outcome_row(outcome: Outcome) -> tuple[Any, ...]:
    """In the order of _OUTCOME; -1 where there is nothing."""
    due, at = outcome.due, micros(outcome.attempt.at)
    next_at = micros(outcome.next_at) if outcome.next_at else -1
    done = -1 if outcome.state == "pending" else at
    return (due.id, outcome.state, int(outcome.spare), next_at, done, _claim_of(due))


def _claim_of(due: Due) -> int:
    return micros(due.until) if due.until is not None else 0


def _attempt_row(outcome: Outcome) -> tuple[Any, ...]:
    due, attempt = outcome.due, outcome.attempt
    return (due.id, due.attempts + 1, micros(attempt.at), attempt.status, attempt.error, attempt.duration_ms)
