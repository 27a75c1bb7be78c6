"""The port `LogKeys` in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text

from services.adapters.sql.engine import Engines, scalar
from services.adapters.sql.seal_tables import log_keys
from services.ports.instants import instant, instant_or_none, micros
from services.ports.sealing import LogKey
from services.ports.signal_records import NO_KEY


class SqlLogKeys:
    """A row for each period."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    async def all(self) -> Sequence[LogKey]:
        async with self._engines.read() as conn:
            rows = await conn.execute(
                text("SELECT begins_at, ends_at, secret, read_to FROM log_keys ORDER BY begins_at")
            )
            return [
                LogKey(instant(row[0]), instant(row[1]), None if row[2] is None else bytes(row[2]), row[3])
                for row in rows
            ]

    async def add(self, keys: Sequence[LogKey]) -> None:
        rows = [(micros(key.begins_at), micros(key.ends_at), key.secret) for key in keys]
        async with self._engines.write() as conn:
            await self._engines.dialect.insert(
                conn, log_keys, ("begins_at", "ends_at", "secret"), rows, tail="ON CONFLICT (begins_at) DO NOTHING"
            )

    async def mark(self, begins_at: Sequence[datetime], read_to: str) -> None:
        await self._change("UPDATE log_keys SET read_to = :to WHERE begins_at = :at", begins_at, to=read_to)

    async def throw_away(self, begins_at: Sequence[datetime]) -> None:
        await self._change("UPDATE log_keys SET secret = NULL WHERE begins_at = :at", begins_at)

    async def _change(self, statement: str, begins_at: Sequence[datetime], **values: str) -> None:
        if begins_at:
            async with self._engines.write() as conn:
                await conn.execute(text(statement), [{"at": micros(at), **values} for at in begins_at])

    async def forget(self, before: datetime) -> None:
        statement = text("DELETE FROM log_keys WHERE secret IS NULL AND begins_at < :before")
        async with self._engines.write() as conn:
            await conn.execute(statement, {"before": micros(before)})

    async def is_in_use(self) -> bool:
        async with self._engines.read() as conn:
            return await scalar(conn, "SELECT 1 FROM positions LIMIT 1") is not None

    async def are_wanted(self) -> bool:
        statement = "SELECT 1 FROM dead_letters WHERE state = 'dead' AND reason = :reason LIMIT 1"
        async with self._engines.read() as conn:
            return await scalar(conn, statement, reason=NO_KEY) is not None

    async def first(self) -> datetime | None:
        """When the first key of all began that is still known of, thrown away or not."""
        async with self._engines.read() as conn:
            return instant_or_none(await scalar(conn, "SELECT min(begins_at) FROM log_keys"))

    async def oldest(self) -> datetime | None:
        async with self._engines.read() as conn:
            return instant_or_none(await scalar(conn, "SELECT min(begins_at) FROM log_keys WHERE secret IS NOT NULL"))
