"""The ports `ForumStore` and `MailStore` in SQL. On kill -9 all entries of one call are there, or none; a claim runs out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy import text

from routing.forum.entries import EntryRecord
from schemas.forum import ForumEntry
from services.adapters.sql import forum_tables as t
from services.adapters.sql.engine import Engines
from services.ports.forum import MailState
from services.ports.instants import instant, micros

_ENTRY: TypeAdapter[ForumEntry] = TypeAdapter(ForumEntry)
_COLUMNS = ("id", "body", "made_by", "recorded_at")


class SqlForum:
    """The ports `ForumStore` and `MailStore`."""

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

    async def mails(self, week: str) -> dict[str, MailState]:
        statement = "SELECT reader, state FROM forum_mails WHERE week = :week"
        async with self._engines.read() as conn:
            rows = (await conn.execute(text(statement), {"week": week})).all()
        return {row.reader: row.state for row in rows}

    async def claim_mail(self, week: str, reader: str, now: datetime, until: datetime) -> bool:
        statement = """INSERT INTO forum_mails (week, reader, state, attempts, next_at, claimed_until)
            VALUES (:week, :reader, 'pending', 1, :now, :until)
            ON CONFLICT (week, reader) DO UPDATE SET attempts = forum_mails.attempts + 1, claimed_until = :until
            WHERE forum_mails.state = 'pending' AND forum_mails.next_at <= :now AND forum_mails.claimed_until <= :now
            RETURNING attempts"""
        values = {"week": week, "reader": reader, "now": micros(now), "until": micros(until)}
        async with self._engines.write() as conn:
            return (await conn.execute(text(statement), values)).first() is not None

    async def finish_mail(self, week: str, reader: str, state: MailState, now: datetime, next_at: datetime) -> None:
        statement = """UPDATE forum_mails SET state = :state, next_at = :next, claimed_until = 0, finished_at = :now
            WHERE week = :week AND reader = :reader"""
        values = {"state": state, "next": micros(next_at), "now": micros(now), "week": week, "reader": reader}
        async with self._engines.write() as conn:
            await conn.execute(text(statement), values)
