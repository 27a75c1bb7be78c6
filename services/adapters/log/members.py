"""Who reads a topic for a group: by rows in the store, or, where one process has the file to itself, by what that process knows.

A row is a transaction every two seconds for each reader, and wakes whoever looks whether anything was written.
"""

from __future__ import annotations

import time
from collections import defaultdict

from sqlalchemy import text

from services.adapters.sql.engine import Engines

TTL = 10.0
"""Seconds of silence after which a reader's partitions are shared among the others."""
HEARTBEAT = 2.0
"""Seconds between two signs of life in the store."""


class Members:
    """Of one log. Kept in memory while the process is alone with its file (`Engines.is_alone`)."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._seen: defaultdict[tuple[str, str], dict[str, float]] = defaultdict(dict)

    @property
    def pause(self) -> float:
        """Seconds until the next sign of life is due."""
        return 0.0 if self._engines.is_alone else HEARTBEAT

    async def show(self, group: str, topic: str, member: str) -> list[str]:
        """A sign of life of this one; returns all who are alive, in the order of their names. Raises StoreUnavailable."""
        if not self._engines.is_alone:
            return await self._show_in_store(group, topic, member)
        now, seen = time.monotonic(), self._seen[group, topic]
        seen[member] = now
        for gone in [name for name, at in seen.items() if at < now - TTL]:
            del seen[gone]
        return sorted(seen)

    async def leave(self, group: str, topic: str, member: str) -> None:
        """The others need not wait for its silence. Raises StoreUnavailable."""
        self._seen[group, topic].pop(member, None)
        if not self._engines.is_alone:
            async with self._engines.write() as conn:
                await conn.execute(text("DELETE FROM log_members WHERE member = :m"), {"m": member})

    async def _show_in_store(self, group: str, topic: str, member: str) -> list[str]:
        where = {"g": group, "t": topic}
        async with self._engines.write() as conn:
            # By the store's time: a member whose clock is ahead must not take the others for gone.
            seen = int((await conn.execute(text(f"SELECT {self._engines.dialect.now}"))).scalar_one())
            await conn.execute(
                text(
                    "INSERT INTO log_members (consumer_group, topic, member, seen_at) VALUES (:g, :t, :m, :s)"
                    " ON CONFLICT (consumer_group, topic, member) DO UPDATE SET seen_at = :s"
                ),
                {**where, "m": member, "s": seen},
            )
            old = {**where, "s": seen - int(TTL * 1e6)}
            await conn.execute(
                text("DELETE FROM log_members WHERE consumer_group = :g AND topic = :t AND seen_at < :s"), old
            )
            found = await conn.execute(
                text("SELECT member FROM log_members WHERE consumer_group = :g AND topic = :t ORDER BY member"), where
            )
            return [row[0] for row in found]
