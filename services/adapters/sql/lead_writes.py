"""Rows that are there already or not, and those of leads, of which SQLite rewrites each index that an upsert names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from services.adapters.sql import quick
from services.adapters.sql import tables as t
from services.adapters.sql.engine import Dialect, Rows
from services.ports.instants import all_micros
from services.ports.rows import LeadRow

INDEXED = ("stage", "owner", "email_digest", "queue", "queued_at", "source", "created_at", "held")
"""Columns of a lead that an index has in it or asks for; its id never changes."""
_OTHERS = tuple(name for name in LeadRow._fields if name not in ("id", *INDEXED))
_CHANGES = ", ".join(f"{name} = ?" for name in _OTHERS)
_QUIETLY = f"UPDATE leads SET {_CHANGES} WHERE id = ?"  # noqa: S608 - put in are columns of the table
_INSTANTS = ("updated_at", "queued_at", "created_at")


async def upsert(
    conn: AsyncConnection, dialect: Dialect, table: Table, *, columns: Sequence[str], key: str, rows: Rows
) -> None:
    """Those that are there by `key` become as these rows."""
    changes = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in key.split(", "))
    await dialect.insert(conn, table, columns=columns, rows=rows, tail=f"ON CONFLICT ({key}) DO UPDATE SET {changes}")


async def write_leads(
    conn: AsyncConnection, dialect: Dialect, rows: Sequence[LeadRow], known: Mapping[str, LeadRow]
) -> None:
    """`known` are those that this transaction has read or written. PostgreSQL compares and leaves alone the indexes in which nothing changed. On
    SQLite the versions of what was read are compared under its only lock: a lead that only comes to know more touches no index."""
    if not dialect.rewrites_indexes:
        await upsert(conn, dialect, t.leads, columns=LeadRow._fields, key="id", rows=plain_rows(rows, *_INSTANTS))
        return
    quiet = [
        row
        for row in rows
        if (before := known.get(row.id)) is not None and _index_entries(before) == _index_entries(row)
    ]
    if quiet:
        plain = (LeadRow(*row) for row in plain_rows(quiet, *_INSTANTS))
        values = [(*(getattr(row, name) for name in _OTHERS), row.id) for row in plain]
        await quick.change_many(conn, _QUIETLY, values)
    others = {row.id for row in quiet}
    loud = [row for row in rows if row.id not in others]
    await upsert(conn, dialect, t.leads, columns=LeadRow._fields, key="id", rows=plain_rows(loud, *_INSTANTS))


def _index_entries(row: LeadRow) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in INDEXED)


def plain_rows(rows: Sequence[Any], *instants: str) -> list[tuple[Any, ...]]:
    """Named tuples as plain rows, these fields of theirs as instants are kept."""
    if not rows:
        return []
    columns = list(zip(*rows, strict=True))
    for at in map(rows[0]._fields.index, instants):
        columns[at] = all_micros(columns[at])
    return list(zip(*columns, strict=True))
