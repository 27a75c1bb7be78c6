"""Published agreements in the store: bodies by content hash, and the list of publications."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.adapters.sql import tables as t
from services.adapters.sql.engine import Dialect, Engines, scalar
from services.adapters.sql.instants import micros


async def published(conn: AsyncConnection) -> str | None:
    """The publications (JSON), None before the first."""
    found: str | None = await scalar(conn, "SELECT value FROM meta WHERE key = 'agreements'")
    return found


async def bodies(conn: AsyncConnection, dialect: Dialect, hashes: Sequence[str]) -> dict[str, str]:
    """The files' texts by hash."""
    if not hashes:
        return {}
    statement = text(f"SELECT hash, body FROM agreements WHERE {dialect.among('hash', 'ids')}")
    return {row[0]: row[1] for row in await conn.execute(statement, {"ids": dialect.listed(hashes)})}


class Agreements:
    """For those who publish and who read old versions."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    async def published(self) -> str | None:
        async with self._engines.read() as conn:
            return await published(conn)

    async def bodies(self, hashes: Sequence[str]) -> dict[str, str]:
        async with self._engines.read() as conn:
            return await bodies(conn, self._engines.dialect, hashes)

    async def publish(self, before: str | None, after: str, texts: Mapping[str, str], now: datetime) -> bool:
        """One transaction: the bodies, and the list if it is still `before`. False where somebody published meanwhile."""
        async with self._engines.write() as conn:
            rows = [(digest, body, micros(now)) for digest, body in sorted(texts.items())]
            columns = ("hash", "body", "recorded_at")
            await self._engines.dialect.insert(conn, t.agreements, columns, rows, "ON CONFLICT (hash) DO NOTHING")
            if before is None:
                statement = "INSERT INTO meta (key, value) VALUES ('agreements', :a) ON CONFLICT (key) DO NOTHING"
            else:
                statement = "UPDATE meta SET value = :a WHERE key = 'agreements' AND value = :b"
            given = {"a": after} if before is None else {"a": after, "b": before}
            return (await conn.execute(text(statement), given)).rowcount == 1
