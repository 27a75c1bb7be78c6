"""Connections to a SQLite file: how each is prepared, begins and is thrown away."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from services.adapters.sql import quick
from services.adapters.sql.direct import DRIVER

CACHE = 64
"""MiB of pages that the connection which writes keeps: those that a batch meets are spread over the whole file."""


def sqlite_engine(url: URL, begin: str, *, direct: bool = False) -> AsyncEngine:
    """`begin`: IMMEDIATE for the one connection that writes, else DEFERRED. `direct`: statements run where they are awaited, else on threads."""
    writes = begin == "IMMEDIATE"
    url = url.set(drivername=DRIVER) if direct else url
    engine = create_async_engine(url, pool_size=1 if writes else 4, max_overflow=0, pool_timeout=30)

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, below
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            f"busy_timeout={0 if direct else 30000}",  # nobody may wait where all others wait with them
            "wal_autocheckpoint=4000",
            "secure_delete=ON",
            *([f"cache_size=-{CACHE * 1024}"] if direct and writes else []),
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def start(connection: Any) -> None:
        if not quick.begin(connection, begin):
            connection.exec_driver_sql(f"BEGIN {begin}")

    @event.listens_for(engine.sync_engine, "invalidate")
    def roll_back(connection: Any, *_: object) -> None:
        """Before a connection is thrown away in the middle of a statement, as happens when a task is cancelled: closing alone
        does not end its transaction, and so not its lock, while anything keeps the statement, such as an error's frames. A
        second cancellation changes nothing: it is on its way to be rolled back, and the first one is raised after this."""
        with contextlib.suppress(sqlite3.Error, asyncio.CancelledError):
            connection.rollback()

    return engine
