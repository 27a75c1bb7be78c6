"""The port `PersonErasing` in SQL. Each method is one transaction; what it emptied is counted in the request's row in the same one."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.adapters.sql.column_classes import OF_LEAD
from services.adapters.sql.engine import Engines, scalar
from services.adapters.sql.persons import request_row
from services.ports.instants import instant, micros
from services.ports.persons import LoggedKey
from services.ports.rows import DeadLetter, PersonRequest, RecordOut, SpoolEntry

_REQUEST = ", ".join(PersonRequest._fields)
_LETTER = ", ".join(DeadLetter._fields)
_NO_KEY = (
    "INSERT INTO person_keys (lead_id, secret, made_at) VALUES (:lead, NULL, :at) ON CONFLICT (lead_id) DO NOTHING"
)


class SqlErasing:
    """The port."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    async def open_erasures(self, limit: int) -> list[PersonRequest]:
        statement = f"SELECT {_REQUEST} FROM person_requests WHERE state = 'open' ORDER BY asked_at, id LIMIT :n"  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        async with self._engines.glance() as conn:
            return [request_row(row) for row in await conn.execute(text(statement), {"n": limit})]

    async def empty_of_lead(self, request: PersonRequest, limit: int) -> int:
        async with self._engines.write(patient=True) as conn:
            # First of all: a relay that stood still finds it and makes no key, and one that was faster had its key committed before we
            # look for it below.
            await conn.execute(text(_NO_KEY), {"lead": request.lead_id, "at": micros(request.asked_at)})
            for rule in OF_LEAD:
                filled = " OR ".join(f"{column} IS NOT NULL" for column in rule.columns)
                nothing = ", ".join(f"{column} = NULL" for column in rule.columns)
                statement = f"""UPDATE {rule.table} SET {nothing} WHERE ({rule.key}) IN
                    (SELECT {rule.key} FROM {rule.table} WHERE {rule.where} AND ({filled}) LIMIT :n)"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
                count = (await conn.execute(text(statement), {"lead": request.lead_id, "n": limit})).rowcount
                if count:
                    await _count(conn, request, rule.table, count)
                    return count
        return 0

    async def history_of_nobody(self, after: int, limit: int) -> list[tuple[int, str]]:
        statement = """SELECT id, facts FROM history WHERE lead_id IS NULL AND id > :after AND personal IS NOT NULL
            ORDER BY id LIMIT :n"""
        async with self._engines.read(patient=True) as conn:
            return [(row[0], row[1]) for row in await conn.execute(text(statement), {"after": after, "n": limit})]

    async def empty_history(self, request: PersonRequest, numbers: Sequence[int]) -> None:
        await self._empty(request, "history", changes="personal = NULL, salt = NULL", values=numbers)

    async def letters_of_nobody(self, after: int, limit: int) -> list[DeadLetter]:
        statement = f"""SELECT number, {_LETTER} FROM dead_letters WHERE lead_id IS NULL AND number > :after
            AND (personal IS NOT NULL OR raw IS NOT NULL) ORDER BY number LIMIT :n"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        async with self._engines.read(patient=True) as conn:
            rows = (await conn.execute(text(statement), {"after": after, "n": limit})).all()
        return [DeadLetter(*row[1:])._replace(recorded_at=instant(row.recorded_at), attempt=row.number) for row in rows]

    async def empty_letters(self, request: PersonRequest, ids: Sequence[str]) -> None:
        await self._empty(request, "dead_letters", changes="personal = NULL, raw = NULL", values=ids)

    async def bodies(self, after: tuple[str, str], limit: int) -> list[tuple[str, str, bytes]]:
        statement = """SELECT source, digest, body FROM quarantine_bodies WHERE (source, digest) > (:source, :digest)
            ORDER BY source, digest LIMIT :n"""
        async with self._engines.read(patient=True) as conn:
            found = await conn.execute(text(statement), {"source": after[0], "digest": after[1], "n": limit})
            return [(row[0], row[1], bytes(row[2])) for row in found]

    async def drop_bodies(self, request: PersonRequest, names: Sequence[tuple[str, str]]) -> None:
        async with self._engines.write(patient=True) as conn:
            for source, digest in names:
                which = {"source": source, "digest": digest}
                where = "WHERE source = :source AND digest = :digest"
                gone = await conn.execute(text(f"DELETE FROM quarantine_bodies {where}"), which)  # noqa: S608 - the condition is written here
                await conn.execute(text(f"UPDATE quarantine SET headers = '{{}}' {where}"), which)  # noqa: S608 - the condition is written here
                await _count(conn, request, "quarantine_bodies", gone.rowcount)

    async def spool_page(self, after: int, limit: int) -> list[SpoolEntry]:
        statement = "SELECT id, topic, key, body FROM spool WHERE id > :after ORDER BY id LIMIT :n"
        async with self._engines.read(patient=True) as conn:
            rows = await conn.execute(text(statement), {"after": after, "n": limit})
            return [SpoolEntry(row[0], RecordOut(row[1], bytes(row[2]), bytes(row[3]))) for row in rows]

    async def put_spooled(self, request: PersonRequest, entries: Sequence[SpoolEntry]) -> None:
        async with self._engines.write(patient=True) as conn:
            for entry in entries:
                changed = await conn.execute(
                    text("UPDATE spool SET body = :body WHERE id = :id"), {"body": entry.record.value, "id": entry.id}
                )
                await _count(conn, request, "spool", changed.rowcount)

    async def forum_page(self, after: int, limit: int) -> list[tuple[int, str]]:
        statement = "SELECT number, body FROM forum_entries WHERE number > :after ORDER BY number LIMIT :n"
        async with self._engines.read(patient=True) as conn:
            return [(row[0], row[1]) for row in await conn.execute(text(statement), {"after": after, "n": limit})]

    async def put_forum(self, request: PersonRequest, bodies: Sequence[tuple[int, str]]) -> None:
        statement = text("UPDATE forum_entries SET body = :body WHERE number = :number")
        async with self._engines.write(patient=True) as conn:
            for number, body in bodies:
                changed = await conn.execute(statement, {"number": number, "body": body})
                await _count(conn, request, "forum_entries", changed.rowcount)

    async def log_keys(self, after: LoggedKey | None, limit: int) -> list[LoggedKey]:
        statement = """SELECT topic, partition, record_offset, key FROM log_records
            WHERE (topic, partition, record_offset) > (:topic, :partition, :offset)
            ORDER BY topic, partition, record_offset LIMIT :n"""
        place = {"topic": "", "partition": -1, "offset": -1}
        if after is not None:
            place = {"topic": after.topic, "partition": after.partition, "offset": after.offset}
        async with self._engines.read(patient=True) as conn:
            rows = await conn.execute(text(statement), {**place, "n": limit})
            return [LoggedKey(row[0], row[1], row[2], bytes(row[3])) for row in rows]

    async def log_bodies(self, places: Sequence[LoggedKey]) -> list[bytes | None]:
        statement = text(f"SELECT body FROM log_records WHERE {_PLACE}")  # noqa: S608 - the condition is written here
        async with self._engines.read(patient=True) as conn:
            found = [(await conn.execute(statement, _values(place))).scalar() for place in places]
        return [None if body is None else bytes(body) for body in found]

    async def put_logged(self, request: PersonRequest, bodies: Sequence[tuple[LoggedKey, bytes]]) -> None:
        statement = text(f"UPDATE log_records SET body = :body WHERE {_PLACE}")  # noqa: S608 - the condition is written here
        async with self._engines.write(patient=True) as conn:
            for place, body in bodies:
                changed = await conn.execute(statement, {**_values(place), "body": body})
                await _count(conn, request, "log_records", changed.rowcount)

    async def is_published(self, lead_id: str) -> bool:
        async with self._engines.read(patient=True) as conn:
            return await scalar(conn, "SELECT 1 FROM outbox WHERE lead_id = :lead LIMIT 1", lead=lead_id) is None

    async def let_wait(self, request: PersonRequest) -> None:
        async with self._engines.write(patient=True) as conn:
            await conn.execute(
                text("UPDATE person_requests SET state = 'waiting' WHERE id = :id AND state = 'open'"),
                {"id": request.id},
            )

    async def reopen(self, before: datetime | None) -> int:
        until = "" if before is None else " AND asked_at < :before"
        values = {} if before is None else {"before": micros(before)}
        async with self._engines.write(patient=True) as conn:
            statement = text(f"UPDATE person_requests SET state = 'open' WHERE state = 'waiting'{until}")  # noqa: S608 - the condition is written here
            return (await conn.execute(statement, values)).rowcount

    async def finish(self, request: PersonRequest, now: datetime) -> PersonRequest:
        statement = text(
            "UPDATE person_requests SET state = 'done', finished_at = :now, personal = NULL, body = :body WHERE id = :id"
        )
        async with self._engines.write(patient=True) as conn:
            await conn.execute(statement, {"now": micros(now), "body": request.body, "id": request.id})
        return request._replace(state="done", finished_at=now, personal=None)

    async def erased_since(self, after: int, limit: int) -> list[tuple[int, str]]:
        """By the index of what came to nothing; a signal without a fate told of nobody."""
        statement = """SELECT id, facts FROM history WHERE fate = 'no_lead' AND reason = 'person_erased' AND id > :after
            ORDER BY id LIMIT :n"""
        async with self._engines.read(patient=True) as conn:
            return [(row[0], row[1]) for row in await conn.execute(text(statement), {"after": after, "n": limit})]

    async def compact(self) -> bool:
        """SQLite overwrites what is deleted (`secure_delete`), and its write-ahead log is emptied here, between two readers. PostgreSQL's
        files keep rows of before until they are vacuumed and overwritten."""
        file = self._engines.file
        return file is None or await asyncio.to_thread(_empty_write_ahead_log, file)

    async def _empty(
        self, request: PersonRequest, table: str, *, changes: str, values: Sequence[int] | Sequence[str]
    ) -> None:
        if not values:
            return
        dialect = self._engines.dialect
        statement = f"UPDATE {table} SET {changes} WHERE {dialect.among('id', 'keys')}"  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        async with self._engines.write(patient=True) as conn:
            changed = await conn.execute(text(statement), {"keys": dialect.list_value(values)})
            await _count(conn, request, table, changed.rowcount)


def _empty_write_ahead_log(path: Path) -> bool:
    """False where others read or wrote all the time."""
    with contextlib.closing(sqlite3.connect(path, timeout=2)) as file:
        try:
            busy, _, _ = file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError:
            return False
    return not busy


_PLACE = "topic = :topic AND partition = :partition AND record_offset = :offset"


def _values(place: LoggedKey) -> dict[str, str | int]:
    return {"topic": place.topic, "partition": place.partition, "offset": place.offset}


async def _count(conn: AsyncConnection, request: PersonRequest, table: str, count: int) -> None:
    """Adds to what the request has emptied, in the transaction that empties it. One process erases at a time, by a lease."""
    if not count:
        return
    body = json.loads(await scalar(conn, "SELECT body FROM person_requests WHERE id = :id", id=request.id) or "{}")
    emptied = body.setdefault("emptied", {})
    emptied[table] = emptied.get(table, 0) + count
    await conn.execute(
        text("UPDATE person_requests SET body = :body WHERE id = :id"), {"body": json.dumps(body), "id": request.id}
    )
