"""Events on their way into the feed: the table `events`, whose positions have no gap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from services.adapters.sql import tables as t
from services.adapters.sql.engine import Dialect, scalar
from services.ports.instants import micros
from services.ports.rows import OutboxRow

OnFed = Callable[[Sequence[OutboxRow], datetime], None]
"""Told of events that are in the feed without the relay, once they are committed, and when they were put there."""


async def add_to_feed(conn: AsyncConnection, dialect: Dialect, rows: Sequence[OutboxRow], now: datetime) -> int:
    """In this order, behind all that are there; returns the last position. Positions are drawn under a lock that is held until the end of
    the transaction, so whoever sees one sees all before it."""
    statement = """INSERT INTO counters (name, value) VALUES ('events', :n)
        ON CONFLICT (name) DO UPDATE SET value = counters.value + :n RETURNING value"""
    last = int((await dialect.fetch(conn, statement, {"n": len(rows)}))[0][0])
    first, at = last - len(rows) + 1, micros(now)
    placed = [(first + i, *row, at) for i, row in enumerate(rows)]
    await dialect.insert(conn, t.events, ("position", *OutboxRow._fields, "recorded_at"), placed)
    return last


class DirectFeed:
    """Events go into the feed in the transaction that decides on them, where the feed is the only place to which they go and one
    process writes at a time: a file with the log inside. There is no outbox then, and nothing for the relay to publish.

    On kill -9 before the commit neither the decision nor its events are there, after it both are.
    """

    def __init__(self, now: Callable[[], datetime], on_fed: OnFed = lambda *_: None) -> None:
        self.now, self.on_fed = now, on_fed
        self._outbox_is_empty = False

    async def may_go_ahead(self, conn: AsyncConnection) -> bool:
        """False while events of an earlier version wait in the outbox, behind which a lead's newer ones have to stay. Once it is
        empty nobody fills it: one process has the file."""
        if not self._outbox_is_empty:
            self._outbox_is_empty = not await scalar(conn, "SELECT EXISTS (SELECT 1 FROM outbox)")
        return self._outbox_is_empty
