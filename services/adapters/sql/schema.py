"""The schema that a database has, told by its tables and columns: the name of a revision says only what it should have."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import text

from services.adapters.sql import (
    alert_tables,
    audit_tables,
    forum_tables,
    key_tables,
    log_tables,
    person_tables,
    seal_tables,
    session_tables,
    sink_tables,
    tables,
)
from services.adapters.sql.engine import Engines, scalar

Columns = Mapping[str, frozenset[str]]
"""{table: its columns}"""
_FILES = (
    tables,
    alert_tables,
    audit_tables,
    forum_tables,
    key_tables,
    log_tables,
    person_tables,
    seal_tables,
    session_tables,
    sink_tables,
)
"""Each adds its tables to the one metadata."""
NEEDED: Columns = {name: frozenset(t.columns.keys()) for name, t in _FILES[0].metadata.tables.items()}
SERVES_KEY = "schema_serves"
_SQLITE = """SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'"""
_POSTGRES = """SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0
    AND NOT a.attisdropped"""


_HAS_TABLE_SQLITE = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"
_HAS_TABLE_POSTGRES = (
    "SELECT 1 FROM pg_class WHERE relname = 'alembic_version' AND relnamespace = current_schema()::regnamespace"
)


async def revision_of(engines: Engines) -> str | None:
    """The name of the revision that it is at; None where nothing is there. Raises StoreUnavailable."""
    async with engines.read() as conn:
        if not await scalar(conn, _HAS_TABLE_SQLITE if engines.sqlite else _HAS_TABLE_POSTGRES):
            return None
        found: str | None = await scalar(conn, "SELECT version_num FROM alembic_version")
        return found


async def serves(engines: Engines, revision: str) -> bool:
    """Whether a version that needs `revision` may begin on a schema that a newer one has made, as that one says. Raises StoreUnavailable."""
    async with engines.read() as conn:
        oldest: str | None = await scalar(conn, "SELECT value FROM meta WHERE key = :key", key=SERVES_KEY)
    return oldest is not None and oldest <= revision


async def write_serves(engines: Engines) -> None:
    """Says which versions the schema of this one serves. Raises StoreUnavailable, StoreRejected."""
    statement = "INSERT INTO meta (key, value) VALUES (:key, :value) ON CONFLICT (key) DO UPDATE SET value = :value"
    async with engines.write() as conn:
        await conn.execute(text(statement), {"key": SERVES_KEY, "value": tables.SERVES})


async def columns_of(engines: Engines) -> Columns:
    """What is there. Raises StoreUnavailable."""
    found: dict[str, set[str]] = {}
    async with engines.read() as conn:
        for table, column in await conn.execute(text(_SQLITE if engines.sqlite else _POSTGRES)):
            found.setdefault(table, set()).add(column)
    return {table: frozenset(columns) for table, columns in found.items()}


async def lacking(engines: Engines, needed: Columns) -> str | None:
    """The first table or column that is needed and not there, in words. Raises StoreUnavailable."""
    there = await columns_of(engines)
    for table, columns in sorted(needed.items()):
        if table not in there:
            return f"there is no table `{table}`"
        if absent := sorted(columns - there[table]):
            return f"table `{table}` has no column `{absent[0]}`"
    return None


def newer(revision: str) -> str:
    """What to do with a database that a newer version has upgraded."""
    return (
        f"the database is at revision {revision}, and this version knows revisions up to {tables.HEAD}: a newer version of Stafett has"
        ' upgraded it. Run that version; the way back to this one is a backup of before the upgrade (docs/operations.md, "Two'
        ' versions side by side")'
    )


def foreign(revision: str, lack: str) -> str:
    """What to do with a database that has the name of a revision and not its tables."""
    return (
        f"the database says that it is at revision {revision}, but {lack}: it was made by a draft of that revision, and no"
        " migration leads on from there. Leave it as it is; name a new database in STAFETT_DATABASE_URL, run `stafett db"
        ' upgrade` there, and bring the leads over with `stafett import` (docs/operations.md, "A database of a draft")'
    )
