"""The port `SubscriptionStore` in SQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.adapters.sql.engine import Engines, scalar
from services.ports.instants import instant, micros
from services.ports.subscriptions import SubscriptionRow

_SELECT = "SELECT name, revision, body, secrets, made_by, created_at, changed_at FROM subscriptions"
_FORGET = """UPDATE deliveries SET state = 'dropped', finished_at = :now
    WHERE subscription = :name AND state = 'pending'"""


class SqlSubscriptions:
    """The port `SubscriptionStore`."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    async def all(self) -> list[SubscriptionRow]:
        async with self._engines.read() as conn:
            return [_row(row) for row in await conn.execute(text(f"{_SELECT} ORDER BY name"))]

    async def one(self, name: str) -> SubscriptionRow | None:
        async with self._engines.read() as conn:
            row = (await conn.execute(text(f"{_SELECT} WHERE name = :name"), {"name": name})).one_or_none()
        return _row(row) if row is not None else None

    async def create(self, row: SubscriptionRow, most: int) -> bool | None:
        async with self._engines.write() as conn:
            if await scalar(conn, "SELECT count(*) FROM subscriptions") >= most:
                return None
            made = await conn.execute(
                text(
                    "INSERT INTO subscriptions (name, revision, body, secrets, made_by, created_at, changed_at)"
                    " VALUES (:name, :revision, :body, :secrets, :made_by, :created, :changed) ON CONFLICT DO NOTHING"
                ),
                {
                    "name": row.name,
                    "revision": row.revision,
                    "body": row.body,
                    "secrets": row.secrets,
                    "made_by": row.made_by,
                    "created": micros(row.created_at),
                    "changed": micros(row.changed_at),
                },
            )
            if made.rowcount != 1:
                return False
            await _forget(conn, row.name, row.created_at)
            await conn.execute(
                text(
                    "INSERT INTO delivery_cursors (subscription, position, failures, openings) VALUES (:name,"
                    " coalesce((SELECT value FROM counters WHERE name = 'events'), 0), 0, 0)"
                ),
                {"name": row.name},
            )
        return True

    async def change(self, row: SubscriptionRow) -> bool:
        async with self._engines.write() as conn:
            done = await conn.execute(
                text(
                    "UPDATE subscriptions SET revision = :revision, body = :body, secrets = :secrets,"
                    " changed_at = :changed WHERE name = :name AND revision = :revision - 1"
                ),
                {
                    "name": row.name,
                    "revision": row.revision,
                    "body": row.body,
                    "secrets": row.secrets,
                    "changed": micros(row.changed_at),
                },
            )
        return done.rowcount == 1

    async def remove(self, name: str, now: datetime) -> bool:
        async with self._engines.write() as conn:
            done = await conn.execute(text("DELETE FROM subscriptions WHERE name = :name"), {"name": name})
            if done.rowcount != 1:
                return False
            await _forget(conn, name, now)
        return True


async def _forget(conn: AsyncConnection, name: str, now: datetime) -> None:
    """The place in the feed first: whoever fans out or claims has its lock, as `receivers.py` says."""
    await conn.execute(text("DELETE FROM delivery_cursors WHERE subscription = :name"), {"name": name})
    await conn.execute(text(_FORGET), {"name": name, "now": micros(now)})


def _row(row: Any) -> SubscriptionRow:
    return SubscriptionRow(
        name=row.name,
        revision=row.revision,
        body=row.body,
        secrets=bytes(row.secrets),
        made_by=row.made_by,
        created_at=instant(row.created_at),
        changed_at=instant(row.changed_at),
    )
