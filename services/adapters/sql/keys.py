"""The port `KeyStore` in SQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text

from schemas.api_keys import KeyEntry
from services.adapters.sql.engine import Engines
from services.ports.instants import instant, micros
from services.ports.keys import StoredKey

_ALL = "SELECT name, body, made_by, made_at, revoked_at FROM api_keys ORDER BY name"
_ADD = """INSERT INTO api_keys (name, body, made_by, made_at, expires_at, revoked_at)
    VALUES (:name, :body, :made_by, :made_at, :expires_at, NULL) ON CONFLICT (name) DO NOTHING"""
_REVOKE = "UPDATE api_keys SET revoked_at = :now WHERE name = :name AND revoked_at IS NULL"


class SqlKeys:
    """The port `KeyStore`."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    async def keys(self) -> list[StoredKey]:
        async with self._engines.read() as conn:
            return [_key(row) for row in await conn.execute(text(_ALL))]

    async def add(self, made: StoredKey) -> bool:
        expires = made.entry.expires
        row = {
            "name": made.entry.name,
            "body": made.entry.model_dump_json(exclude_none=True),
            "made_by": made.made_by,
            "made_at": micros(made.made_at),
            "expires_at": micros(expires) if expires is not None else None,
        }
        async with self._engines.write() as conn:
            return (await conn.execute(text(_ADD), row)).rowcount == 1

    async def revoke(self, name: str, now: datetime) -> bool:
        async with self._engines.write() as conn:
            return (await conn.execute(text(_REVOKE), {"name": name, "now": micros(now)})).rowcount == 1


def _key(row: Any) -> StoredKey:
    return StoredKey(
        entry=KeyEntry.model_validate_json(row.body),
        made_by=row.made_by,
        made_at=instant(row.made_at),
        revoked_at=instant(row.revoked_at) if row.revoked_at is not None else None,
    )
