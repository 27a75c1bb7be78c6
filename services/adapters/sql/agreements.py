"""Published agreements in the store: files by content hash, and the list of publications."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.adapters.sql import tables as t
from services.adapters.sql.engine import Dialect, Engines, scalar
from services.adapters.sql.instants import micros
from services.rows import AgreementRow


async def published(conn: AsyncConnection) -> str | None:
    """The publications (JSON), None before the first."""
    found: str | None = await scalar(conn, "SELECT value FROM meta WHERE key = 'agreements'")
    return found


async def agreements(conn: AsyncConnection, dialect: Dialect, hashes: Sequence[str]) -> dict[str, AgreementRow]:
    """By hash."""
    if not hashes:
        return {}
    statement = text(f"SELECT hash, body, holidays FROM agreements WHERE {dialect.among('hash', 'ids')}")
    found = await conn.execute(statement, {"ids": dialect.listed(hashes)})
    return {row.hash: AgreementRow(row.body, row.holidays) for row in found}


class Agreements:
    """For those who publish and who read old versions."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    async def published(self) -> str | None:
        async with self._engines.read() as conn:
            return await published(conn)

    async def rows(self, hashes: Sequence[str]) -> dict[str, AgreementRow]:
        async with self._engines.read() as conn:
            return await agreements(conn, self._engines.dialect, hashes)

    async def publish(self, before: str | None, after: str, files: Mapping[str, AgreementRow], now: datetime) -> bool:
        """One transaction: the files by hash, each as it was first published, and the list if it is still `before`. False
        where somebody published meanwhile."""
        async with self._engines.write() as conn:
            rows = [(digest, *file, micros(now)) for digest, file in sorted(files.items())]
            columns = ("hash", *AgreementRow._fields, "recorded_at")
            await self._engines.dialect.insert(conn, t.agreements, columns, rows, "ON CONFLICT (hash) DO NOTHING")
            if before is None:
                statement = "INSERT INTO meta (key, value) VALUES ('agreements', :a) ON CONFLICT (key) DO NOTHING"
            else:
                statement = "UPDATE meta SET value = :a WHERE key = 'agreements' AND value = :b"
            given = {"a": after} if before is None else {"a": after, "b": before}
            return (await conn.execute(text(statement), given)).rowcount == 1
