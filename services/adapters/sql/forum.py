"""The port `ForumStore` in SQL. On kill -9 all entries of one call are there, or none."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import TypeAdapter
from sqlalchemy import text

from routing.forum.entries import EntryRecord
from schemas.forum import ForumEntry
from services.adapters.sql import forum_tables as t
from services.adapters.sql.engine import Engines
from services.ports.instants import instant, micros

_ENTRY: TypeAdapter[ForumEntry] = TypeAdapter(ForumEntry)
_COLUMNS = ("id", "body", "made_by", "recorded_at")


class SqlForum:
    """The port `ForumStore`."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    async def add_entries(self, records: Sequence[EntryRecord]) -> None:
        rows = [
            (record.id, record.entry.model_dump_json(by_alias=True), record.by, micros(record.recorded_at))
            for record in records
        ]
        async with self._engines.write() as conn:
            await self._engines.dialect.insert(conn, t.forum_entries, _COLUMNS, rows)

    async def entries(self) -> list[EntryRecord]:
        statement = f"SELECT {', '.join(_COLUMNS)} FROM forum_entries ORDER BY number"  # noqa: S608 - columns that this module writes
        async with self._engines.read() as conn:
            rows = (await conn.execute(text(statement))).all()
        return [
            EntryRecord(
                id=row.id, entry=_ENTRY.validate_json(row.body), by=row.made_by, recorded_at=instant(row.recorded_at)
            )
            for row in rows
        ]
