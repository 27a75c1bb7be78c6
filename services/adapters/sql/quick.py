"""The statements that every batch and every group of appends takes, carried straight to SQLite's driver.

SQLAlchemy needs ten to thirty times as long for such a statement as SQLite does: a greenlet, a context, a result. So on a connection
that runs where it is awaited (`direct.py`) they go past it; on every other they go through it, with the same rows and errors.
On a connection that only reads, what goes this way is a snapshot of its own, until a statement goes through SQLAlchemy: its
transaction stays, and what comes after it is of that moment.

Imported by: engine, lead_writes, sqlite_engine.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.adapters.sql import direct

Rows = Sequence[Sequence[Any]]


async def fetch(conn: AsyncConnection, statement: str, values: Any) -> Rows:
    """All rows of one statement with named or numbered values."""
    if (driver := _driver_of(conn)) is not None:
        return (await _run(driver, statement, values))[0]
    if isinstance(values, tuple):
        return (await conn.exec_driver_sql(statement, values)).all()
    return (await conn.execute(text(statement), values)).all()


async def change(conn: AsyncConnection, statement: str, values: Any) -> int:
    """How many rows one statement changed."""
    if (driver := _driver_of(conn)) is not None:
        return (await _run(driver, statement, values))[1]
    return (await conn.execute(text(statement), values)).rowcount


async def change_many(conn: AsyncConnection, statement: str, rows: Rows) -> None:
    """The same statement with each of these rows as its values."""
    if (driver := _driver_of(conn)) is None:
        await conn.exec_driver_sql(statement, [tuple(row) for row in rows])
        return
    try:
        driver.executemany(statement, rows)  # its transaction has the lock already, so nobody is in its way
    except sqlite3.Error as error:
        raise error_from(statement, error) from error


def begin(conn: Connection, how: str) -> bool:
    """Begins the transaction of one that runs where it is awaited; False for every other."""
    made: Any = conn.connection.dbapi_connection
    if not isinstance(made, direct.DirectConnection):
        return False
    try:
        made.cursor().execute(f"BEGIN {how}")
    except sqlite3.Error as error:
        raise error_from("BEGIN", error) from error
    return True


def error_from(statement: str, error: sqlite3.Error) -> Exception:
    """As SQLAlchemy says it, without the values: they may be personal."""
    return DBAPIError.instance(statement, None, error, sqlite3.Error, hide_parameters=True)


def _driver_of(conn: AsyncConnection) -> sqlite3.Connection | None:
    sync = conn.sync_connection
    made: Any = None if sync is None else sync.connection.dbapi_connection
    return made.driver_connection if isinstance(made, direct.DirectConnection) else None


async def _run(driver: sqlite3.Connection, statement: str, values: Any) -> tuple[Rows, int]:
    """The rows, and how many were changed. A statement that found the file locked has done nothing, so it may be tried again."""
    until, tries = time.monotonic() + direct.PATIENCE, 0
    while True:
        try:
            cursor = driver.execute(statement, values)  # takes the first step alone: a later row may fail too
            return cursor.fetchall(), cursor.rowcount
        except sqlite3.Error as error:
            if not direct.is_busy(error) or time.monotonic() > until:
                raise error_from(statement, error) from error
        await asyncio.sleep(direct.pause_after(tries))
        tries += 1
