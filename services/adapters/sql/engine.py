"""Engines and the little in which the two databases differ, behind one face (`Dialect`)."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import json
import logging
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, Protocol

from sqlalchemy import Table, make_url, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from schemas.certain import certain
from schemas.json_values import JsonObject
from services.adapters.sql import quick
from services.adapters.sql.arrays import array, columns_of, key_array, keys, texts
from services.adapters.sql.bounds import PATIENT, UNBOUNDED
from services.adapters.sql.claims import mark_in_use, refuse_torn_copy
from services.adapters.sql.postgres_engine import one_by_one, postgres_engine
from services.adapters.sql.sqlite_engine import sqlite_engine
from services.adapters.sql.stillness import Stillness
from services.ports.errors import NoConnectionFree, StoreFull, StoreRejected, StoreTooSlow, StoreUnavailable

log = logging.getLogger("stafett.store")
PATIENT_CONNECTIONS = 6
"""For what has a lot to do; the roles have their own, and need not wait for it."""

Rows = Sequence[Sequence[Any]]
_PASSING = ("08", "40", "53", "55", "57")
"""SQLSTATE classes that pass: connection, serialization and deadlock, resources, locks, operator intervention."""
_DISK_FULL = "53100"
_NO_CONNECTION = "53300"
_TOO_LONG = "57014"
"""A statement took longer than `statement_timeout`."""
_READ_ONLY = "25006"
"""The server takes no writes: another one does by now, or will."""
_NO_ENTRY = ("28", "3D", "42501")
"""Those that say nothing about the data: who we are, which database, what we may do there."""


class Dialect(Protocol):
    """What differs: lists as parameters, bulk inserts, row locks, the database's time in microseconds."""

    lock: str
    now: str
    rewrites_indexes: bool
    """Whether an update touches the index of each column that it names, though the column stays as it was."""

    def among(self, column: str, name: str) -> str:
        """Condition that `column` is one of the list parameter `name`."""

    def list_value(self, values: Iterable[Any]) -> Any:
        """A list as the value of such a parameter."""

    async def insert(
        self, conn: AsyncConnection, table: Table, columns: Sequence[str], rows: Rows, tail: str = ""
    ) -> None:
        """One statement for all rows; `tail` is ON CONFLICT and so on."""

    async def append(self, conn: AsyncConnection, table: Table, columns: Sequence[str], rows: Rows) -> None:
        """Rows that are new whatever is there; the fastest way that there is. The transaction has begun."""

    async def returning(
        self, conn: AsyncConnection, table: Table, columns: Sequence[str], rows: Rows, tail: str
    ) -> Rows:
        """`insert` with RETURNING in the tail; no binary columns."""

    async def fetch(self, conn: AsyncConnection, statement: str, values: JsonObject) -> Rows:
        """All rows of a statement that every batch takes. On a connection that only reads, it may be a snapshot of its own."""

    async def change(self, conn: AsyncConnection, statement: str, values: JsonObject) -> int:
        """How many rows such a statement changed."""

    def size(self, column: str) -> str:
        """Bytes of a text or binary column; 0 for NULL."""

    def values(self, types: Sequence[str], name: str) -> str:
        """A derived table of columns c0, c1, ... from the list parameters `name0`, `name1`, ...; none of them is NULL."""

    def columns(self, name: str, rows: Rows) -> JsonObject:
        """Values of those parameters. Raises StoreRejected for a text that none of ours is."""


class Postgres:
    """Lists and unnest: one round trip whatever the number of rows."""

    lock = "FOR UPDATE"
    rewrites_indexes = False
    now = "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)"
    _TYPES = {"TEXT": "text", "BIGINT": "bigint", "BOOLEAN": "boolean", "BYTEA": "bytea", "INTEGER": "bigint"}

    def __init__(self) -> None:
        import asyncpg
        from sqlalchemy.dialects import postgresql

        self._dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
        self._known: dict[tuple[str, tuple[str, ...]], tuple[str, ...]] = {}
        self._refusals = (asyncpg.PostgresError, asyncpg.InterfaceError)

    def among(self, column: str, name: str) -> str:
        return f"{column} = ANY(:{name})"

    def list_value(self, values: Iterable[Any]) -> Any:
        return list(values)

    async def insert(
        self, conn: AsyncConnection, table: Table, columns: Sequence[str], rows: Rows, tail: str = ""
    ) -> None:
        if rows:
            await conn.exec_driver_sql(*self._statement(table, columns, rows, tail))

    async def append(self, conn: AsyncConnection, table: Table, columns: Sequence[str], rows: Rows) -> None:
        """COPY, of which SQLAlchemy knows nothing; what the driver raises is given as SQLAlchemy would."""
        if not rows:
            return
        driver = certain((await conn.get_raw_connection()).driver_connection, "a connection that is open has one")
        try:
            await driver.copy_records_to_table(table.name, records=rows, columns=columns)
        except self._refusals as error:
            raise DBAPIError(f"COPY {table.name}", None, error) from error
        except TimeoutError as error:
            from services.adapters.sql.silence import give_up_connection

            raise give_up_connection(driver, conn.info) from error

    async def returning(
        self, conn: AsyncConnection, table: Table, columns: Sequence[str], rows: Rows, tail: str
    ) -> Rows:
        return (await conn.exec_driver_sql(*self._statement(table, columns, rows, tail))).all() if rows else []

    async def fetch(self, conn: AsyncConnection, statement: str, values: JsonObject) -> Rows:
        return (await conn.execute(text(statement), values)).all()

    async def change(self, conn: AsyncConnection, statement: str, values: JsonObject) -> int:
        return (await conn.execute(text(statement), values)).rowcount

    def size(self, column: str) -> str:
        return f"coalesce(octet_length({column}), 0)"

    def values(self, types: Sequence[str], name: str) -> str:
        arrays = ", ".join(key_array(f":{name}{i}", kind) for i, kind in enumerate(types))
        return f"unnest({arrays}) AS {name}({', '.join(f'c{i}' for i in range(len(types)))})"

    def columns(self, name: str, rows: Rows) -> JsonObject:
        return {f"{name}{i}": keys(column) for i, column in enumerate(columns_of(rows))}

    def _statement(self, table: Table, columns: Sequence[str], rows: Rows, tail: str) -> tuple[str, tuple[Any, ...]]:
        """With its values: each column as one text, or all as arrays."""
        arrays, types = columns_of(rows), self._types(table, tuple(columns))
        joined = texts(arrays) if "bytea" not in types else None
        return _insert(table.name, tuple(columns), types=types, tail=tail, joined=joined is not None), joined or arrays

    def _types(self, table: Table, columns: tuple[str, ...]) -> tuple[str, ...]:
        known = self._known.get((table.name, columns))
        if known is None:
            types = [table.c[name].type.compile(self._dialect).upper() for name in columns]
            known = self._known[table.name, columns] = tuple([self._TYPES[kind] for kind in types])
        return known


class Sqlite:
    """executemany and json_each; BEGIN IMMEDIATE is the lock."""

    lock = ""
    rewrites_indexes = True
    now = "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"

    def among(self, column: str, name: str) -> str:
        return f"{column} IN (SELECT value FROM json_each(:{name}))"  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound

    def list_value(self, values: Iterable[Any]) -> Any:
        return json.dumps(list(values))

    async def insert(
        self, conn: AsyncConnection, table: Table, columns: Sequence[str], rows: Rows, tail: str = ""
    ) -> None:
        if rows:
            marks = ", ".join("?" for _ in columns)
            with _reject_unstorable():
                await quick.change_many(conn, self._into(table, columns, f"VALUES ({marks}) {tail}"), rows)

    async def append(self, conn: AsyncConnection, table: Table, columns: Sequence[str], rows: Rows) -> None:
        await self.insert(conn, table, columns, rows)

    async def returning(
        self, conn: AsyncConnection, table: Table, columns: Sequence[str], rows: Rows, tail: str
    ) -> Rows:
        fields = ", ".join(f"json_extract(value, '$[{i}]')" for i in range(len(columns)))
        source = self._into(table, columns, f"SELECT {fields} FROM json_each(?) WHERE true {tail}")  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        return await quick.fetch(conn, source, (json.dumps([list(row) for row in rows]),)) if rows else []

    async def fetch(self, conn: AsyncConnection, statement: str, values: JsonObject) -> Rows:
        return await quick.fetch(conn, statement, values)

    async def change(self, conn: AsyncConnection, statement: str, values: JsonObject) -> int:
        return await quick.change(conn, statement, values)

    def size(self, column: str) -> str:
        return f"coalesce(length(CAST({column} AS BLOB)), 0)"

    def values(self, types: Sequence[str], name: str) -> str:
        fields = ", ".join(f"json_extract(value, '$[{i}]') AS c{i}" for i in range(len(types)))
        return f"(SELECT {fields} FROM json_each(:{name})) AS {name}"  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound

    def columns(self, name: str, rows: Rows) -> JsonObject:
        return {name: json.dumps([list(row) for row in rows])}

    def _into(self, table: Table, columns: Sequence[str], rest: str) -> str:
        quoted = ", ".join(f'"{name}"' for name in columns)
        return f"INSERT INTO {table.name} ({quoted}) {rest}"


class Engines:
    """Writing and reading engines of one database. On SQLite one transaction writes at a time, in this process by a
    lock and between processes by BEGIN IMMEDIATE; readers have connections of their own. There, what is bounded runs where it is
    awaited (`direct.py`), and what may take long on threads."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        self.sqlite = parsed.get_backend_name() == "sqlite"
        self.file = Path(parsed.database or "") if self.sqlite else None
        self.dialect: Dialect = Sqlite() if self.sqlite else Postgres()
        self.writing = sqlite_engine(parsed, "IMMEDIATE", direct=True) if self.sqlite else postgres_engine(parsed)
        self.reading = sqlite_engine(parsed, "DEFERRED") if self.sqlite else one_by_one(self.writing)
        self.glancing = sqlite_engine(parsed, "DEFERRED", direct=True) if self.sqlite else self.reading
        self.patient = (
            sqlite_engine(parsed, "IMMEDIATE")
            if self.sqlite
            else postgres_engine(parsed, bounds=PATIENT, connections=PATIENT_CONNECTIONS)
        )
        self._patient_reading = self.reading if self.sqlite else one_by_one(self.patient)
        self.full = False
        """Whether the last write found the disk full."""
        self.stillness = Stillness(self.file)
        self._turn = asyncio.Lock()
        self._claim: IO[bytes] | None = None

    @asynccontextmanager
    async def write(self, *, patient: bool = False) -> AsyncIterator[AsyncConnection]:
        """One transaction. `patient`: with a lot to do, for nobody who waits. Raises StoreUnavailable or StoreRejected for what the
        database says."""
        try:
            with translated():
                turn = self._turn if self.sqlite else contextlib.nullcontext()
                async with turn, (self.patient if patient else self.writing).begin() as conn:
                    yield conn
        except StoreFull as error:
            if not self.full:
                log.error("%s", error)
            self.full = True
            raise
        self.full = False

    @asynccontextmanager
    async def read(self, *, patient: bool = False) -> AsyncIterator[AsyncConnection]:
        """A connection for reading; one snapshot on SQLite, one per statement on PostgreSQL. `patient`: as `write`."""
        with translated():
            async with (self._patient_reading if patient else self.reading).connect() as conn:
                yield conn

    @asynccontextmanager
    async def glance(self) -> AsyncIterator[AsyncConnection]:
        """As `read`, for what an index answers with a bounded number of rows: on SQLite it is read where it is awaited, and whoever
        reads for long holds up everybody else."""
        with translated():
            async with self.glancing.connect() as conn:
                yield conn

    @property
    def is_alone(self) -> bool:
        """Whether no other process runs roles on the database, though commands may write to it."""
        return self._claim is not None

    def claim(self) -> None:
        """A SQLite file has one process that runs roles. Raises StoreUnavailable where another has it."""
        if self.file is None:
            return
        self.file.parent.mkdir(parents=True, exist_ok=True)
        claim = Path(f"{self.file}.lock").open("a+b")  # noqa: SIM115 - held until close
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            claim.close()
            raise StoreUnavailable(f"another process runs on {self.file}; stop it, or use PostgreSQL") from None
        self._claim = claim
        if refuse_torn_copy(self.file):
            log.warning("the database was copied while Stafett ran on it; what came during the copy may be missing")
        mark_in_use(claim)

    async def close(self) -> None:
        """May be called again: where opening fails, both who opens and who asked for it close."""
        for engine in dict.fromkeys((self.writing, self.reading, self.glancing, self.patient)):
            await engine.dispose()
        claim, self._claim = self._claim, None
        if claim is not None:
            claim.truncate(0)
            claim.close()


class translated:  # noqa: N801 - reads as a statement
    """Turns what drivers raise into the port's errors."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, DBAPIError):
            raise _meaning(error) from error
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise StoreFull from error
        if isinstance(error, SQLAlchemyError | OSError | TimeoutError | EOFError) or _is_drivers_own(error):
            raise StoreUnavailable(f"the store cannot be reached: {type(error).__name__}") from error


def _is_drivers_own(error: BaseException | None) -> bool:
    """What PostgreSQL's driver raises past SQLAlchemy, where a connection ends amid a question of the pool's or of the driver's own:
    nobody has said anything about data then."""
    return type(error).__module__.startswith("asyncpg.")


@contextmanager
def _reject_unstorable() -> Iterator[None]:
    """What SQLite's driver says of a value that no column takes, such as a number of more than eight bytes, is no error of a
    database to SQLAlchemy."""
    try:
        yield
    except (OverflowError, UnicodeError) as error:
        raise StoreRejected(f"the store refuses the data: {type(error).__name__}") from error


_DAMAGED = ("disk image is malformed", "file is not a database")
"""As SQLite says it, which has no states."""


def _meaning(error: DBAPIError) -> StoreUnavailable | StoreRejected:
    state = str(getattr(error.orig, "sqlstate", "") or getattr(error.orig, "pgcode", "") or "")
    said = str(error.orig)
    passing = error.connection_invalidated or state.startswith(_PASSING) or "is locked" in said or "is closed" in said
    name = type(error).__name__
    if state == _DISK_FULL or "disk is full" in said:
        return StoreFull()
    if state == _NO_CONNECTION:
        return NoConnectionFree()
    if state.startswith(_NO_ENTRY):
        return StoreUnavailable(
            f"the store refuses us (SQLSTATE {state}); look at user, password and database in STAFETT_DATABASE_URL, and"
            " at the rights that `stafett db grants` prints"
        )
    if any(words in said for words in _DAMAGED):
        return StoreRejected("the database's file is damaged; restore a backup (docs/operations.md)")
    if state == _READ_ONLY:
        return StoreUnavailable("the server that we are connected to takes no writes; it is a standby, or was made one")
    if state == _TOO_LONG:
        return StoreTooSlow(f"the store ended what took too long: {name} {state}")
    if passing or (not state and name in ("OperationalError", "InterfaceError", "InternalError")):
        return StoreUnavailable(f"the store gave up for a passing reason: {name} {state}")
    return StoreRejected(f"the store refuses the data: {name} {state}")


@lru_cache(maxsize=64)
def _insert(table: str, columns: tuple[str, ...], types: tuple[str, ...], tail: str, joined: bool) -> str:
    lists = [array(f"${i}", kind) if joined else f"${i}::{kind}[]" for i, kind in enumerate(types, 1)]
    quoted = ", ".join(f'"{name}"' for name in columns)
    return f"INSERT INTO {table} ({quoted}) SELECT * FROM unnest({', '.join(lists)}) {tail}"  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound


def one_shot(url: str) -> AsyncEngine:
    """An engine of its own for migrations, which may take as long as the tables are large."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return create_async_engine(parsed, poolclass=NullPool)
    return postgres_engine(parsed, bounds=UNBOUNDED)


async def scalar(conn: AsyncConnection, statement: str, **values: Any) -> Any:
    """The first column of the first row, or None."""
    return (await conn.execute(text(statement), values)).scalar()
