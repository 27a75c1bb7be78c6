"""Databases of a PostgreSQL server for tests: with our schema or without, each as if nobody had used it before."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from services.adapters.sql.migrate import upgrade

UrlOf = Callable[[str], str]
"""The URL of a database of a server by its name."""
PATIENCE = 20
"""Looks, a hundredth of a second apart, for the connections of a test to be gone."""
SCHEMA = """
SELECT md5(string_agg(line, chr(10) ORDER BY line)) FROM (
    SELECT concat_ws(' ', relname, relkind, relowner, relacl, reloptions) AS line FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', attrelid::regclass, attname, atttypid, attnotnull, attacl) FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = 'public'::regnamespace AND relkind <> 't' AND NOT attisdropped
    UNION ALL SELECT concat_ws(' ', conrelid::regclass, pg_get_constraintdef(oid)) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', tgrelid::regclass, tgname, tgenabled) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT concat_ws(' ', proname, prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', nspname, nspacl) FROM pg_namespace WHERE nspname !~ '^pg_(temp|toast)'
    UNION ALL SELECT concat_ws(' ', setrole, setconfig) FROM pg_db_role_setting WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
    UNION ALL SELECT concat_ws(' ', datacl, datallowconn, datconnlimit) FROM pg_database WHERE datname = current_database()
    UNION ALL SELECT version_num FROM alembic_version
    UNION ALL SELECT concat_ws(' ', 'known to the planner', relname) FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND EXISTS (SELECT 1 FROM pg_statistic WHERE starelid = pg_class.oid)
) AS lines
"""
META = "SELECT key, value FROM meta"
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' ORDER BY 1"
OTHERS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
SEQUENCES = "SELECT setval(format('public.%I', sequencename)::regclass, start_value, false) FROM pg_sequences WHERE last_value IS NOT NULL AND schemaname = 'public'"


@dataclass
class Shelf:
    """What a server has for the next test: a database with the schema, which nobody is connected to, and copies of it that are clean again."""

    template: str
    schema: str
    meta: dict[str, str]
    clean: list[str] = field(default_factory=list)


_shelves: dict[str, Shelf] = {}
"""By server."""


@asynccontextmanager
async def migrated_database(url_of: UrlOf) -> AsyncIterator[str]:
    """As `fresh_database`, with the schema in it. To migrate each takes longer than most tests, to copy one still 0.2 s of CPU:
    so one that a test leaves with the schema that it was given, and with nobody in it, is emptied for the next."""
    server = url_of("postgres")
    if server not in _shelves:
        name = _some_name()
        await _say(server, f"CREATE DATABASE {name}")
        await upgrade(url_of(name))
        _shelves[server] = await _shelf(url_of(name), name)
    shelf = _shelves[server]
    if shelf.clean:
        name = shelf.clean.pop()
    else:
        name = _some_name()
        await _say(server, f"CREATE DATABASE {name} TEMPLATE {shelf.template}")
    cleaned = False
    try:
        yield url_of(name)
        cleaned = await _clean(url_of(name), shelf)
    finally:
        if cleaned:
            shelf.clean.append(name)
        else:
            await _say(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@asynccontextmanager
async def fresh_database(url_of: UrlOf) -> AsyncIterator[str]:
    """An empty database of its own, dropped afterwards."""
    (server, name) = (url_of("postgres"), _some_name())
    await _say(server, f"CREATE DATABASE {name}")
    try:
        yield url_of(name)
    finally:
        await _say(server, f"DROP DATABASE {name} WITH (FORCE)")


async def forget_databases(url_of: UrlOf) -> None:
    """A server that stays keeps nothing of ours."""
    server = url_of("postgres")
    if server in _shelves:
        shelf = _shelves.pop(server)
        for name in (*shelf.clean, shelf.template):
            await _say(server, f"DROP DATABASE {name} WITH (FORCE)")


def _some_name() -> str:
    return f"t{uuid.uuid4().hex[:16]}"


async def _shelf(url: str, template: str) -> Shelf:
    async with _connection(url) as conn:
        assert set(await _tables_with_rows(conn)) <= {"meta"}, (
            "whatever else a migration writes into a new database is written again too"
        )
        meta = {str(key): str(value) for key, value in await conn.execute(text(META))}
        return Shelf(template, str(await conn.scalar(text(SCHEMA))), meta)


async def _clean(url: str, shelf: Shelf) -> bool:
    """Whether it is as new. It is not where the test changed the schema or what the planner knows, or left somebody connected, who might write into the next test."""
    async with _connection(url) as conn:
        for _ in range(PATIENCE):
            if not await conn.scalar(text(OTHERS)):
                break
            await asyncio.sleep(0.01)
        else:
            return False
        if await conn.scalar(text(SCHEMA)) != shelf.schema:
            return False
        if filled := await _tables_with_rows(conn):
            await conn.execute(text("TRUNCATE " + ", ".join(f'"{name}"' for name in filled) + " CASCADE"))
        for key, value in shelf.meta.items():
            await conn.execute(
                text("INSERT INTO meta VALUES (:key, :value) ON CONFLICT DO NOTHING"), {"key": key, "value": value}
            )
        await conn.execute(text(SEQUENCES))
    return True


async def _tables_with_rows(conn: AsyncConnection) -> list[str]:
    """The tables that have rows."""
    tables = (await conn.scalars(text(TABLES))).all()
    asked = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM \"{name}\")" for name in tables)  # noqa: S608 (names of our schema)
    return list((await conn.scalars(text(asked))).all())


async def _say(url: str, statement: str) -> None:
    async with _connection(url) as conn:
        await conn.execute(text(statement))


@asynccontextmanager
async def _connection(url: str) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    async with engine.connect() as conn:
        yield conn
    await engine.dispose()
