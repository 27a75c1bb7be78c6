"""The router's transaction on a SQLite file: it reads and decides without the file's only lock, and takes it at its fence.

With the lock from the beginning, every webhook that came while a batch was decided waited for all of it. What is read before it is as
on PostgreSQL, where nothing is locked either: a statement sees what is committed by then, and what a decision depends on is held
against what is there once the lock is held. Batches of one process come one after the other all the same.

On kill -9 before the commit nothing happened. Where another process claimed one of the signals, or wrote what was decided on, meanwhile,
the batch is decided again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from services.adapters.sql.batch import SqlBatch
from services.adapters.sql.engine import Dialect
from services.adapters.sql.feed import DirectFeed
from services.ports.errors import Conflict
from services.ports.instants import micros

Claim = tuple[str, int]


class LateBatch(SqlBatch):
    """Reads on `conn` until it has to write; `begin` gives the connection whose transaction has the lock."""

    def __init__(
        self,
        conn: AsyncConnection,
        dialect: Dialect,
        feed: DirectFeed | None,
        begin: Callable[[], Awaitable[AsyncConnection]],
    ) -> None:
        super().__init__(conn, dialect, feed)
        self._begin = begin
        self._has_begun = False
        self._claims: dict[Claim, int] = {}

    async def claim_new(self, signal_ids: Sequence[Claim], now: datetime) -> set[Claim]:
        """Those that are not claimed yet; they are once the lock is held."""
        if self._has_begun:
            return await super().claim_new(signal_ids, now)
        values = self._dialect.values(("text", "bigint"), "u")
        statement = f"SELECT signal_id, attempt FROM {values} JOIN inbox ON signal_id = u.c0 AND attempt = u.c1"  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        found = await self._dialect.fetch(self._conn, statement, self._dialect.columns("u", signal_ids))
        new = set(signal_ids) - {(row[0], row[1]) for row in found} - self._claims.keys()
        self._claims |= dict.fromkeys(new, micros(now))
        return new

    async def settle(self) -> None:
        """Whatever is left to write is written; to be called once at the end."""
        if self._claims:
            await self._begin_writing()

    async def _begin_writing(self) -> None:
        if self._has_begun:
            return
        self._conn, self._has_begun = await self._begin(), True
        if not self._claims:
            return
        values = self._dialect.values(("text", "bigint", "bigint"), "u")
        statement = f"""INSERT INTO inbox (signal_id, attempt, entered_at) SELECT u.c0, u.c1, u.c2 FROM {values} WHERE true
            ON CONFLICT DO NOTHING"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        rows = sorted((*claim, at) for claim, at in self._claims.items())
        if await self._dialect.change(self._conn, statement, self._dialect.columns("u", rows)) != len(rows):
            raise Conflict("somebody else claimed some of these signals")
