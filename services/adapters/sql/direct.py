"""SQLite in the thread that asks: statements run where they are awaited, and only a commit, which waits for the disk, goes to a thread.

A statement of ours takes some tens of microseconds, a turn of another thread and back costs more than that. So this is for what
is bounded by a batch or answered by an index; what may take long has connections on threads (`sqlite_engine.py`). While another
process writes, nobody stands still: it is tried again until `PATIENCE` is over.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import deque
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import pool
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import AdaptedConnection
from sqlalchemy.engine.url import URL
from sqlalchemy.util.concurrency import await_, in_greenlet

DRIVER = "sqlite+direct"
PATIENCE = 30.0
"""Seconds that somebody else may hold the file's only lock for writing."""
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY_RECOVERY)
"""Somebody else writes, or looks through the log of a process that was killed."""
_PAUSES = (0.001, 0.002, 0.005, 0.01, 0.025)
"""Seconds between two tries; the last one from then on."""
_commits = ThreadPoolExecutor(1, thread_name_prefix="sqlite-commit")
"""One writes at a time, so one thread is enough."""


def is_busy(error: sqlite3.Error) -> bool:
    """Whether the statement found the file locked, and so has done nothing."""
    return getattr(error, "sqlite_errorcode", None) in _BUSY


def pause_after(tries: int) -> float:
    """Seconds until the next try, after so many."""
    return _PAUSES[min(tries, len(_PAUSES) - 1)]


class _Here:
    """An awaitable that is there at once: SQLAlchemy insists on one for each statement of an asynchronous engine."""

    def __await__(self) -> Generator[None, None, None]:
        return
        yield


_HERE = _Here()


class DirectCursor(sqlite3.Cursor):
    """The driver's own, which tries again while another process holds the lock, and has all rows at once: a statement that is
    half read would go on after its transaction."""

    _rows: deque[Any] = deque()

    def execute(self, sql: str, parameters: Any = (), /) -> DirectCursor:
        self._try(super().execute, sql, parameters)
        self._rows = deque(super().fetchall()) if self.description else deque()
        return self

    def executemany(self, sql: str, parameters: Any, /) -> DirectCursor:
        self._try(super().executemany, sql, parameters)
        return self

    def fetchone(self) -> Any:
        return self._rows.popleft() if self._rows else None

    def fetchmany(self, size: int | None = None) -> list[Any]:
        return [self._rows.popleft() for _ in range(min(size or self.arraysize, len(self._rows)))]

    def fetchall(self) -> list[Any]:
        rows, self._rows = list(self._rows), deque()
        return rows

    async def _async_soft_close(self) -> None:
        """SQLAlchemy asks for it once it has the rows."""
        self.close()

    def _try(self, run: Callable[[str, Any], object], sql: str, parameters: Any) -> None:
        """A statement that found the file locked has done nothing, so it may be tried again."""
        if not in_greenlet():  # the pool prepares and closes connections without one
            run(sql, parameters)
            return
        await_(_HERE)
        until, tries = time.monotonic() + PATIENCE, 0
        while True:
            try:
                run(sql, parameters)
            except sqlite3.OperationalError as error:
                if not is_busy(error) or time.monotonic() > until:
                    raise
            else:
                return
            await_(asyncio.sleep(pause_after(tries)))
            tries += 1


class DirectConnection(AdaptedConnection):
    """One connection, as SQLAlchemy asks for it. Used by one task at a time."""

    __slots__ = ("dbapi",)
    _connection: Any

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection, self.dbapi = connection, sqlite3

    @property
    def isolation_level(self) -> str | None:
        level: str | None = self._connection.isolation_level
        return level

    @isolation_level.setter
    def isolation_level(self, level: str | None) -> None:
        self._connection.isolation_level = level

    def create_function(self, *given: Any, **more: Any) -> None:
        self._connection.create_function(*given, **more)

    def cursor(self) -> DirectCursor:
        cursor: DirectCursor = self._connection.cursor(DirectCursor)
        return cursor

    def commit(self) -> None:
        """What was written has to reach the disk. A cancellation waits for that, and is raised afterwards: nobody else may
        begin on this connection while it is committed."""
        if not self._connection.in_transaction:
            return
        await_(_finish(asyncio.get_running_loop().run_in_executor(_commits, self._connection.commit)))

    def rollback(self) -> None:
        self._connection.rollback()

    def close(self) -> None:
        self._connection.close()


async def _finish(work: Awaitable[None]) -> None:
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    task.result()
    if cancelled is not None:
        raise cancelled


class DirectDialect(SQLiteDialect_pysqlite):
    """`sqlite+direct://`: SQLAlchemy's own for SQLite, by an asynchronous engine."""

    driver = "direct"
    supports_statement_cache = True
    is_async = True

    @classmethod
    def get_pool_class(cls, url: URL) -> type[pool.Pool]:
        return pool.AsyncAdaptedQueuePool

    def connect(self, *given: Any, **more: Any) -> Any:
        """A commit is another thread's, and never at the same time as anything else on the connection."""
        more["check_same_thread"] = False
        return DirectConnection(sqlite3.connect(*given, **more))

    def get_driver_connection(self, connection: Any) -> Any:
        return connection.driver_connection


registry.register("sqlite.direct", __name__, DirectDialect.__name__)
