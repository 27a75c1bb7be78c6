"""What waits in quarantine: entries, and the bodies that they are of, each kept once and within a quota."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.adapters.sql import tables as t
from services.adapters.sql.engine import Dialect
from services.ports.errors import QuarantineFull
from services.ports.instants import micros
from services.ports.rows import Kept, Quarantine, Quota

COUNT_EVERY = 5.0
"""Seconds between two counts; in between we add what we put there. With several processes a bound may be passed by what
they put there in so long."""
_ENTRY = ("id", "source", "reason", "place", "content_type", "headers", "digest", "mode", "received_at")
USAGE = """SELECT source, coalesce(sum(n), 0) AS entries, coalesce(sum(size), 0) AS bytes, max(unproven) AS unproven FROM (
    SELECT source, count(*) AS n, 0 AS size, 0 AS unproven FROM quarantine GROUP BY source
    UNION ALL
    SELECT source, 0, sum(size), max(CASE WHEN unproven THEN 1 ELSE 0 END) FROM quarantine_bodies GROUP BY source
) AS kept GROUP BY source"""
"""What each source has there."""


class Aside:
    """`ticks` are seconds of a monotonic clock; without a quota everything is taken."""

    def __init__(self, dialect: Dialect, quota: Quota | None, ticks: Callable[[], float]) -> None:
        self._dialect, self._quota, self._ticks = dialect, quota, ticks
        self._kept: dict[str, Kept] = {}
        self._unproven: set[str] = set()
        self._count_again_at = 0.0

    async def put(self, conn: AsyncConnection, entries: Sequence[Quarantine], unproven: bool) -> None:
        """One that is there already stays, with the reason of now. Raises QuarantineFull."""
        bodies = {(entry.source, digest_of(entry)): entry.body for entry in entries if entry.body is not None}
        for source in dict.fromkeys(entry.source for entry in entries):
            await self._find_room(conn, source, [entry for entry in entries if entry.source == source], unproven)
        rows = [(source, digest, len(body), unproven, body) for (source, digest), body in bodies.items()]
        columns = ("source", "digest", "size", "unproven", "body")
        await self._dialect.insert(
            conn, t.quarantine_bodies, columns=columns, rows=rows, tail="ON CONFLICT (source, digest) DO NOTHING"
        )
        await self._dialect.insert(
            conn,
            t.quarantine,
            columns=_ENTRY,
            rows=list(map(_row, entries)),
            tail="ON CONFLICT (id) DO UPDATE SET reason = excluded.reason",
        )

    async def replace(self, conn: AsyncConnection, entry: Quarantine, left: Sequence[Quarantine]) -> None:
        """Of the delivery that `entry` is of, only `left` is there afterwards."""
        # All parts of one delivery have its body, its source and its time.
        asked = {"at": micros(entry.received_at), "source": entry.source, "id": entry.id, "digest": digest_of(entry)}
        statement = """DELETE FROM quarantine
            WHERE received_at = :at AND source = :source AND (id = :id OR digest = :digest)"""
        await conn.execute(text(statement), asked)
        if left:
            await self.put(conn, left, entry.source in self._unproven)
        orphan = """DELETE FROM quarantine_bodies WHERE source = :source AND digest = :digest AND NOT EXISTS
            (SELECT 1 FROM quarantine q WHERE q.source = :source AND q.digest = :digest)"""
        await conn.execute(text(orphan), {"source": entry.source, "digest": asked["digest"]})
        self._count_again_at = 0.0

    async def _find_room(
        self, conn: AsyncConnection, source: str, entries: Sequence[Quarantine], unproven: bool
    ) -> None:
        if self._quota is None:
            return
        fresh = await self._fresh(conn, source, entries)
        if not fresh:
            return
        if self._ticks() >= self._count_again_at:
            await self._count(conn)
        self._unproven |= {source} if unproven else set()
        more = Kept(sum(digest_of(e) in fresh for e in entries), sum(fresh.values()))
        check_room(self._quota, self._kept, unproven=self._unproven, source=source, more=more)
        self._kept[source] = _sum([self._kept.get(source, Kept()), more])

    async def _fresh(self, conn: AsyncConnection, source: str, entries: Sequence[Quarantine]) -> dict[str | None, int]:
        """Sizes of bodies that are not there yet, by digest."""
        sizes = {digest_of(entry): len(entry.body) for entry in entries if entry.body is not None}
        where = self._dialect.among("digest", "digests")
        statement = f"SELECT digest FROM quarantine_bodies WHERE source = :source AND {where}"  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        asked = {"source": source, "digests": self._dialect.list_value(filter(None, sizes))}
        known = {row[0] for row in await conn.execute(text(statement), asked)}
        return {digest: size for digest, size in sizes.items() if digest not in known}

    async def _count(self, conn: AsyncConnection) -> None:
        rows = (await conn.execute(text(USAGE))).all()
        self._kept = usage_of(rows)
        self._unproven = {row.source for row in rows if row.unproven}
        self._count_again_at = self._ticks() + COUNT_EVERY


def check_room(quota: Quota, kept: Mapping[str, Kept], unproven: set[str], source: str, more: Kept) -> None:
    """Raises QuarantineFull where these would be too many, of this source, of all that prove nothing, or of all."""
    if _is_beyond(quota.of_source, [kept.get(source, Kept()), more]):
        raise QuarantineFull("as many bodies of this source wait in quarantine as may")
    if source in unproven and _is_beyond(
        quota.of_unproven, [more, *(k for name, k in kept.items() if name in unproven)]
    ):
        raise QuarantineFull("as many bodies of senders without proof wait in quarantine as may")
    if _is_beyond(quota.of_all, [more, *kept.values()]):
        raise QuarantineFull("as many bodies wait in quarantine as may")


def fill_levels(quota: Quota, kept: Mapping[str, Kept]) -> dict[str, float]:
    """How full it is, by source, and as a whole under the name `all`: 1.0 where nothing more is taken."""
    of_sources = {name: _share(quota.of_source, one) for name, one in kept.items()}
    return {**of_sources, "all": _share(quota.of_all, _sum(list(kept.values())))}


def usage_of(rows: Sequence[Any]) -> dict[str, Kept]:
    """The rows of `USAGE`, by source."""
    return {row.source: Kept(int(row.entries), int(row.bytes)) for row in rows}


def digest_of(entry: Quarantine) -> str | None:
    """Names the body of an entry; None where there is none."""
    return None if entry.body is None else hashlib.sha256(entry.body).hexdigest()


def _row(entry: Quarantine) -> tuple[Any, ...]:
    values = {**entry._asdict(), "digest": digest_of(entry), "received_at": micros(entry.received_at)}
    return tuple(values[name] for name in _ENTRY)


def _sum(kept: Sequence[Kept]) -> Kept:
    return Kept(sum(one.rows for one in kept), sum(one.size for one in kept))


def _is_beyond(bound: Kept, kept: Sequence[Kept]) -> bool:
    total = _sum(kept)
    return total.rows > bound.rows or total.size > bound.size


def _share(bound: Kept, kept: Kept) -> float:
    return max(kept.rows / bound.rows, kept.size / bound.size)
