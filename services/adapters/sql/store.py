"""The store on SQLite and PostgreSQL: the port `Store`, in plain SQL that both understand."""

from __future__ import annotations

import asyncio
import json
import logging
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.adapters.sql import schema
from services.adapters.sql import tables as t
from services.adapters.sql.aside import Aside
from services.adapters.sql.batch import SqlBatch, add_letters, clock_row
from services.adapters.sql.engine import Engines, scalar
from services.adapters.sql.feed import DirectFeed, add_to_feed
from services.adapters.sql.late_batch import LateBatch
from services.adapters.sql.tables import HEAD
from services.ports.errors import (
    ClusterChanged,
    Fenced,
    SchemaNewer,
    SchemaOutdated,
    SpoolFull,
    StoreRejected,
    StoreUnavailable,
    StoreWentBack,
)
from services.ports.instants import instant, instant_or_none, micros
from services.ports.rows import (
    ClockRow,
    DeadLetter,
    OutboxEntry,
    OutboxRow,
    Placed,
    Position,
    Quarantine,
    Quota,
    RecordOut,
    SpoolEntry,
    Suspect,
)
from services.ports.store import STEP_BYTES

log = logging.getLogger("stafett.store")
COUNT_EVERY = 1.0
"""Seconds between two counts of the spool; in between we add what we put there, so that an outage's load is not counts.
With several processes the limit may be passed by what they spool in so long."""
GAP = "SELECT value FROM meta WHERE key = 'gap'"
"""What somebody noted that the store lacks."""
_EPOCH = "INSERT INTO meta (key, value) VALUES ('epoch', :e) ON CONFLICT (key) DO UPDATE SET value = :e"
_CLOCK = ", ".join(ClockRow._fields)


class SqlStore:
    """`exclusive`: claim a SQLite file for this process, as processes that run roles do. `ticks` are seconds of a monotonic
    clock. `quota`: how much may wait in quarantine."""

    def __init__(
        self,
        url: str,
        *,
        exclusive: bool = True,
        ticks: Callable[[], float] = time.monotonic,
        quota: Quota | None = None,
    ) -> None:
        self.engines = Engines(url)
        self._aside = Aside(self.engines.dialect, quota, ticks)
        self._exclusive, self._ticks = exclusive, ticks
        self._waiting, self._count_again_at = 0, 0.0
        self._feed: DirectFeed | None = None
        self._turn_of_batches = asyncio.Lock()
        self._checked = False

    async def start(self) -> None:
        if self._exclusive:
            self.engines.claim()
        try:
            await self._check_schema()
        except SchemaOutdated:
            await self.close()
            raise
        self._checked = True

    async def _check_schema(self) -> None:
        at = await schema.revision_of(self.engines)
        if at is None or at < HEAD:
            raise SchemaOutdated(f"the schema is at {at or 'nothing'}, needed is {HEAD}: run `stafett db upgrade`")
        if at > HEAD and not await schema.serves(self.engines, HEAD):
            raise SchemaNewer(schema.newer(at))
        if lacking := await schema.lacking(self.engines, schema.NEEDED):
            raise SchemaOutdated(schema.foreign(HEAD, lacking))
        if at > HEAD:
            log.warning("a newer version has upgraded the database; it serves this one as well", extra={"version": at})

    async def close(self) -> None:
        await self.engines.close()

    async def check(self) -> None:
        """Reads; where the last write found the disk full, writes as well. Raises StoreUnavailable."""
        async with self.engines.glance() as conn:
            await conn.execute(text("SELECT 1"))
        if self.engines.full:
            async with self.engines.write() as conn:
                await conn.execute(
                    text(
                        "INSERT INTO meta (key, value) VALUES ('probe', '') ON CONFLICT (key) DO UPDATE SET value = ''"
                    )
                )

    async def time(self) -> datetime:
        """The store's own. Raises StoreUnavailable."""
        async with self.engines.glance() as conn:
            return instant(int(await scalar(conn, f"SELECT {self.engines.dialect.now}")))

    # --- router
    @asynccontextmanager
    async def batch(self) -> AsyncIterator[SqlBatch]:
        async with AsyncExitStack() as stack:
            batch = await self._begin_batch(stack)
            yield batch
            await batch.settle()
        batch.tell_committed()

    async def _begin_batch(self, stack: AsyncExitStack) -> SqlBatch:
        engines = self.engines

        def begin() -> Awaitable[AsyncConnection]:
            return stack.enter_async_context(engines.write())

        if not engines.sqlite:
            return SqlBatch(await begin(), engines.dialect, self._feed)
        await stack.enter_async_context(self._turn_of_batches)
        conn = await stack.enter_async_context(engines.glance())
        return LateBatch(conn, engines.dialect, self._feed, begin)

    def feed_directly(self, feed: DirectFeed) -> None:
        """From now on events are in the feed as soon as they are decided, and not in the outbox: for the one process of a SQLite file
        whose log is in it."""
        self._feed = feed

    async def positions(self, group: str, topic: str, cluster: str, partitions: Sequence[int]) -> list[Position]:
        async with self.engines.glance() as conn:
            other = await scalar(
                conn,
                "SELECT cluster FROM positions WHERE consumer_group = :g AND topic = :t AND cluster <> :c LIMIT 1",
                g=group,
                t=topic,
                c=cluster,
            )
            if other is not None:
                raise ClusterChanged
        known = await self.all_positions(group, topic, cluster)
        return [Position(partition, known[partition]) for partition in sorted(known.keys() & set(partitions))]

    async def place(self, group: str, topic: str, cluster: str, positions: Sequence[Position]) -> None:
        rows = [(group, topic, cluster, *position) for position in sorted(positions)]
        columns = ("consumer_group", "topic", "cluster", "partition", "next_offset")
        async with self.engines.write() as conn:
            await self.engines.dialect.insert(
                conn, t.positions, columns=columns, rows=rows, tail="ON CONFLICT DO NOTHING"
            )

    async def all_positions(self, group: str, topic: str, cluster: str) -> dict[int, int]:
        statement = text(
            "SELECT partition, next_offset FROM positions WHERE consumer_group = :g AND topic = :t AND cluster = :c"
        )
        async with self.engines.glance() as conn:
            found = await conn.execute(statement, {"g": group, "t": topic, "c": cluster})
            return {row[0]: row[1] for row in found}

    async def epoch(self) -> int:
        async with self.engines.glance() as conn:
            return int(await scalar(conn, "SELECT value FROM meta WHERE key = 'epoch'") or 0)

    async def raise_epoch(self, *, keep_positions: bool = False) -> int:
        """After a restore: events get new ids from now on, and positions are forgotten: the log is read from its beginning, but for
        `keep_positions`. What was noted of a gap is over."""
        async with self.engines.write() as conn:
            epoch = int(await scalar(conn, "SELECT value FROM meta WHERE key = 'epoch'") or 0) + 1
            await conn.execute(text(_EPOCH), {"e": str(epoch)})
            await conn.execute(text("DELETE FROM meta WHERE key = 'gap'"))
            if not keep_positions:
                await conn.execute(text("DELETE FROM positions"))
        return epoch

    async def note_gap(self, gap: str, epoch: int) -> None:
        statement = "INSERT INTO meta (key, value) VALUES ('gap', :gap) ON CONFLICT (key) DO NOTHING"
        is_lower = "CAST(meta.value AS bigint) < :n"
        async with self.engines.write() as conn:
            await conn.execute(text(statement), {"gap": gap})
            await conn.execute(text(f"{_EPOCH} WHERE {is_lower}"), {"e": str(epoch), "n": epoch})

    async def check_for_gap(self) -> None:
        async with self.engines.glance() as conn:
            gap = await scalar(conn, GAP)
        if gap is not None:
            raise StoreWentBack(str(gap))

    async def cluster_id(self) -> str:
        """Names the embedded log of this database; drawn once."""
        async with self.engines.write() as conn:
            await conn.execute(
                text("INSERT INTO meta (key, value) VALUES ('cluster', :v) ON CONFLICT (key) DO NOTHING"),
                {"v": uuid.uuid4().hex},
            )
            return str(await scalar(conn, "SELECT value FROM meta WHERE key = 'cluster'"))

    async def dead_since(self, topic: str, since: datetime) -> dict[str, int]:
        statement = """SELECT coalesce(source, ''), count(*) FROM dead_letters
            WHERE recorded_at >= :since AND state = 'dead' AND substr(origin, 1, :n) = :origin GROUP BY 1"""
        origin = f"{topic}/"
        asked = {"since": micros(since), "n": len(origin), "origin": origin}
        async with self.engines.read() as conn:
            return {source: int(count) for source, count in await conn.execute(text(statement), asked)}

    # --- relay
    async def acquire_lease(self, name: str, holder: str, ttl: float) -> int | None:
        now = self.engines.dialect.now
        statement = f"""
            INSERT INTO leases (name, holder, epoch, expires_at) VALUES (:n, :h, 1, {now} + :ttl)
            ON CONFLICT (name) DO UPDATE SET
              epoch = CASE WHEN leases.holder = :h THEN leases.epoch ELSE leases.epoch + 1 END,
              holder = :h, expires_at = excluded.expires_at
            WHERE leases.holder = :h OR leases.expires_at <= {now}
            RETURNING epoch"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        async with self.engines.write() as conn:
            epoch = await scalar(conn, statement, n=name, h=holder, ttl=int(ttl * 1e6))
        return None if epoch is None else int(epoch)

    async def release_lease(self, name: str, holder: str) -> None:
        async with self.engines.write() as conn:
            await conn.execute(
                text("UPDATE leases SET expires_at = 0 WHERE name = :n AND holder = :h"), {"n": name, "h": holder}
            )

    async def outbox(self, limit: int, size: int = STEP_BYTES) -> list[OutboxEntry]:
        rows = await self._oldest("outbox", OutboxRow._fields, large=("head", "personal"), limit=limit, size=size)
        return [OutboxEntry(row[0], OutboxRow(*row[1:])) for row in rows]

    async def _oldest(
        self, table: str, columns: Sequence[str], large: Sequence[str], limit: int, size: int
    ) -> Sequence[Any]:
        """(id, columns) of the oldest rows: at most `limit`, and none behind `size` bytes of the `large` columns. Lengths
        are added up by id alone, so that no more bytes are read than are wanted."""
        length = " + ".join(self.engines.dialect.size(name) for name in large)
        statement = f"""
            SELECT id, {", ".join(columns)} FROM {table} WHERE id <= (
                SELECT max(at) FROM (
                    SELECT id AS at, sum(length) OVER (ORDER BY id) - length AS before
                    FROM (SELECT id, {length} AS length FROM {table} ORDER BY id LIMIT :n) AS oldest
                ) AS sized WHERE before < :size
            ) ORDER BY id LIMIT :n"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        stillness = self.engines.stillness
        if stillness.is_still(table):
            return []
        before = stillness.stamp()
        async with self.engines.glance() as conn:
            rows = (await conn.execute(text(statement), {"n": limit, "size": size})).all()
        stillness.note(table, before, found=bool(rows))
        return rows

    async def move_to_events(self, entries: Sequence[OutboxEntry], lease: str, epoch: int, now: datetime) -> int:
        dialect = self.engines.dialect
        async with self.engines.write() as conn:
            held = await scalar(conn, f"SELECT epoch FROM leases WHERE name = :n {dialect.lock}", n=lease)  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
            if held != epoch:
                raise Fenced
            gone = await conn.execute(
                text(f"DELETE FROM outbox WHERE {dialect.among('id', 'ids')}"),  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
                {"ids": dialect.list_value(entry.id for entry in entries)},
            )
            if gone.rowcount != len(entries):
                raise Fenced("some of these events were moved by another relay")
            return await add_to_feed(conn, dialect, [entry.row for entry in entries], now)

    async def spool_entries(self, limit: int, size: int = STEP_BYTES) -> list[SpoolEntry]:
        rows = await self._oldest("spool", ("topic", "key", "body"), large=("body",), limit=limit, size=size)
        return [SpoolEntry(row[0], RecordOut(*row[1:])) for row in rows]

    async def unspool(self, ids: Sequence[int], letters: Sequence[DeadLetter] = ()) -> None:
        dialect = self.engines.dialect
        async with self.engines.write() as conn:
            await add_letters(conn, dialect, letters)
            await conn.execute(
                text(f"DELETE FROM spool WHERE {dialect.among('id', 'ids')}"),  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
                {"ids": dialect.list_value(ids)},
            )

    # --- ingest
    def _is_known(self) -> None:
        """Ingest may run before the store is there; nothing is written into a schema that nobody looked at."""
        if not self._checked:
            raise StoreUnavailable("the store was not reached yet")

    async def spool(self, records: Sequence[RecordOut], limit: int) -> None:
        self._is_known()
        async with self.engines.write() as conn:
            if self._ticks() >= self._count_again_at:
                self._waiting = int(await scalar(conn, "SELECT count(*) FROM spool"))
                self._count_again_at = self._ticks() + COUNT_EVERY
            if self._waiting + len(records) > limit:
                raise SpoolFull(f"{self._waiting} signals wait in the spool already, the limit is {limit}")
            await self.engines.dialect.insert(conn, t.spool, ("topic", "key", "body"), records)
        self._waiting += len(records)

    async def has_spooled(self) -> bool:
        self._is_known()
        async with self.engines.read() as conn:
            return bool(await scalar(conn, "SELECT EXISTS (SELECT 1 FROM spool)"))

    async def check_spool(self, limit: int) -> None:
        async with self.engines.read() as conn:
            # By its key and no further than it takes to know.
            found = await scalar(conn, "SELECT count(*) FROM (SELECT id FROM spool LIMIT :n) AS waiting", n=limit)
        if found >= limit:
            raise SpoolFull(f"{limit} signals wait in the spool already")

    async def quarantine(self, entries: Sequence[Quarantine], unproven: bool = False) -> None:
        self._is_known()
        try:
            async with self.engines.write() as conn:
                await self._aside.put(conn, entries, unproven)
        except StoreRejected as error:
            raise StoreUnavailable("the store did not take the quarantined body") from error

    async def requarantine(self, entry: Quarantine, left: Sequence[Quarantine]) -> None:
        async with self.engines.write() as conn:
            await self._aside.replace(conn, entry, left)

    # --- commands
    async def remember_command(self, signal_id: str, digest: str, now: datetime) -> bool:
        async with self.engines.write() as conn:
            await conn.execute(
                text("""INSERT INTO command_keys (signal_id, digest, entered_at) VALUES (:id, :digest, :at)
                    ON CONFLICT (signal_id) DO NOTHING"""),
                {"id": signal_id, "digest": digest, "at": micros(now)},
            )
            kept = await scalar(conn, "SELECT digest FROM command_keys WHERE signal_id = :id", id=signal_id)
        return bool(kept == digest)

    async def note_key_uses(self, names: Sequence[str], now: datetime) -> None:
        rows = [(name, micros(now)) for name in names]
        tail = "ON CONFLICT (name) DO UPDATE SET used_at = excluded.used_at"
        async with self.engines.write() as conn:
            await self.engines.dialect.insert(conn, t.api_key_uses, columns=("name", "used_at"), rows=rows, tail=tail)

    # --- operators
    async def stored_positions(self) -> list[Placed]:
        """Every stored position, whatever its group, topic and cluster."""
        statement = """SELECT consumer_group, topic, cluster, partition, next_offset FROM positions
            ORDER BY consumer_group, topic, cluster, partition"""
        async with self.engines.glance() as conn:
            return [Placed(*row) for row in await conn.execute(text(statement))]

    async def settle_letter(self, letter_id: str, state: str) -> bool:
        """A waiting dead letter becomes `redriven` or `dropped`; False where it waits no more."""
        async with self.engines.write() as conn:
            done = await conn.execute(
                text("UPDATE dead_letters SET state = :s WHERE id = :id AND state IN ('dead', 'queued')"),
                {"s": state, "id": letter_id},
            )
        return done.rowcount == 1

    # --- watcher
    async def due_clocks(self, now: datetime, limit: int, after: tuple[datetime, str] | None = None) -> list[ClockRow]:
        beyond = "AND next_at >= :at AND (next_at > :at OR id > :id)" if after else ""
        statement = text(f"""
            SELECT {_CLOCK} FROM clocks
            WHERE next_at <= :now {beyond} AND (lead_id IS NULL OR lead_id NOT IN (SELECT id FROM leads WHERE held))
            ORDER BY next_at, id LIMIT :n""")  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        asked = {"at": micros(after[0]), "id": after[1]} if after else {}
        async with self.engines.glance() as conn:
            found = await conn.execute(statement, {"now": micros(now), "n": limit, **asked})
            return [clock_row(row) for row in found]

    async def next_due(self, after: datetime | None = None) -> datetime | None:
        least = micros(after) if after else -1
        async with self.engines.glance() as conn:
            return instant_or_none(await scalar(conn, "SELECT min(next_at) FROM clocks WHERE next_at > :t", t=least))

    async def limbo_suspects(self, stages: Sequence[str], present: Sequence[str], limit: int) -> list[Suspect]:
        dialect = self.engines.dialect
        statement = text(f"""
            SELECT id, brand, state, limbo IS NOT NULL AS told FROM leads
            WHERE {dialect.among("stage", "stages")} AND disposition = 'active' AND NOT held
              AND ((owner IS NULL AND unowned_reason IS NULL)
                   OR (owner IS NOT NULL AND NOT ({dialect.among("owner", "present")})))
            ORDER BY told, id LIMIT :n""")  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        asked = {"stages": dialect.list_value(stages), "present": dialect.list_value(present), "n": limit}
        async with self.engines.read(patient=True) as conn:
            rows = (await conn.execute(statement, asked)).all()
        return [Suspect(r.id, r.brand, json.loads(r.state)["partition_key"], bool(r.told)) for r in rows]
