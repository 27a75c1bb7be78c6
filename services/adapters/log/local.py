"""The embedded log: durable tables in the store that keep Kafka's promises which the code relies on.

Partitions, order per key, group positions in the store, redelivery until they advance, survival of kill -9. Offsets come
from a locked counter row per partition, so they have no gaps and rise in commit order. Appends that arrive together are
one transaction (group commit).
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.adapters.log.members import Members
from services.adapters.log.partitioner import partition_of
from services.adapters.sql import log_tables as t
from services.adapters.sql.store import SqlStore
from services.ports.errors import LogUnavailable, OffsetLost, RecordTooLarge, StoreRejected, StoreUnavailable
from services.ports.log import oversized_indexes
from services.ports.rows import Position, Record, RecordOut, Reported
from services.ports.store import STEP_BYTES

log = logging.getLogger("stafett.log")
FLOOR, FLOOR_ALONE = 0.1, 1.0
"""Seconds between looks when nobody in this process rang: records of other processes are found by looking. A process that has its file
to itself is written to by commands alone."""
POLL = 1000
"""Records that a poll gives at most: we are heard of again at the next one, and nobody may take us for gone meanwhile."""
GROUP = 2000
"""Records in one group commit at most."""


class LocalLog:
    """On the store's database. `partitions` is fixed when a topic is first used; the table is right after that."""

    def __init__(self, store: SqlStore, partitions: int = 24) -> None:
        self._store, self._partitions = store, partitions
        self._counts: dict[str, int] = {}
        self._queue: list[tuple[Sequence[RecordOut], asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None
        self._work = asyncio.Event()
        self._news: dict[str, asyncio.Event] = {}
        self.members = Members(store.engines)
        self.cluster = ""

    async def start(self) -> None:
        try:
            self.cluster = await self._store.cluster_id()
        except StoreUnavailable as error:
            raise LogUnavailable(str(error)) from error
        self._writer = asyncio.create_task(self._write(), name="local-log")

    async def close(self) -> None:
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)
        for _, done in self._queue:
            if not done.done():
                done.set_exception(LogUnavailable("the log is closed"))
        self._queue.clear()

    async def check(self) -> None:
        try:
            await self._store.check()
        except StoreUnavailable as error:
            raise LogUnavailable(str(error)) from error

    async def append(self, records: Sequence[RecordOut]) -> None:
        if not records:
            return
        if large := oversized_indexes(records):
            raise RecordTooLarge(large)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append((records, done))
        self._work.set()
        await done

    async def publish(self, records: Sequence[RecordOut]) -> None:
        """Readers of the embedded log follow the `events` table, which the relay writes next."""

    def consumer(self, topic: str, group: str) -> LocalConsumer:
        return LocalConsumer(self, self._store, topic, group)

    async def begin_offsets(self, topic: str) -> dict[int, int]:
        await self.partitions_of(topic)
        return await self._offsets(
            topic,
            """SELECT partition, coalesce((SELECT min(r.record_offset) FROM log_records r
                WHERE r.topic = p.topic AND r.partition = p.partition), next_offset)
            FROM log_partitions p WHERE topic = :t""",
        )

    async def end_offsets(self, topic: str) -> dict[int, int]:
        await self.partitions_of(topic)
        return await self.ends(topic)

    async def ends(self, topic: str) -> dict[int, int]:
        return await self._offsets(topic, "SELECT partition, next_offset FROM log_partitions WHERE topic = :t")

    async def _offsets(self, topic: str, statement: str) -> dict[int, int]:
        try:
            engines = self._store.engines
            async with engines.glance() as conn:
                return {row[0]: row[1] for row in await engines.dialect.fetch(conn, statement, {"t": topic})}
        except StoreUnavailable as error:
            raise LogUnavailable(str(error)) from error

    async def partitions_of(self, topic: str) -> int:
        """How many partitions the topic has; makes it with ours where it is new. Raises LogUnavailable."""
        if topic not in self._counts:
            rows = [(topic, partition, 0) for partition in range(self._partitions)]
            try:
                async with self._store.engines.write() as conn:
                    found = await conn.execute(text("SELECT 1 FROM log_partitions WHERE topic = :t"), {"t": topic})
                    if found.first() is None:
                        columns = ("topic", "partition", "next_offset")
                        insert = self._store.engines.dialect.insert
                        await insert(conn, t.log_partitions, columns=columns, rows=rows, tail="ON CONFLICT DO NOTHING")
            except StoreUnavailable as error:
                raise LogUnavailable(str(error)) from error
            self._counts[topic] = len(await self.ends(topic))
        return self._counts[topic]

    def news(self, topic: str) -> asyncio.Event:
        """Set when this process appended to the topic."""
        return self._news.setdefault(topic, asyncio.Event())

    async def _write(self) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            while self._queue:
                await self._commit(self._take())

    def _take(self) -> list[tuple[Sequence[RecordOut], asyncio.Future[None]]]:
        taken: list[tuple[Sequence[RecordOut], asyncio.Future[None]]] = []
        count = 0
        while self._queue and (not taken or count + len(self._queue[0][0]) <= GROUP):
            taken.append(self._queue.pop(0))
            count += len(taken[-1][0])
        return taken

    async def _commit(self, group: list[tuple[Sequence[RecordOut], asyncio.Future[None]]]) -> None:
        records = [record for part, _ in group for record in part]
        failure: Exception | None = None
        try:
            for topic in {record.topic for record in records}:
                await self.partitions_of(topic)
            async with self._store.engines.write() as conn:
                await self._insert(conn, records)
        except (StoreUnavailable, StoreRejected, LogUnavailable) as error:
            failure = LogUnavailable(str(error))
        for _, done in group:
            if done.done():
                continue
            if failure is None:
                done.set_result(None)
            else:
                done.set_exception(failure)
        for topic in {record.topic for record in records}:
            self.news(topic).set()

    async def _insert(self, conn: AsyncConnection, records: Sequence[RecordOut]) -> None:
        """Counter rows are locked in order; their old values are the first offsets."""
        placed = [(r.topic, partition_of(r.key, self._counts[r.topic]), r) for r in records]
        counts: dict[tuple[str, int], int] = defaultdict(int)
        for topic, partition, _ in placed:
            counts[topic, partition] += 1
        offsets = await self._reserve(conn, counts)
        now, rows = time.time_ns() // 1000, []
        for topic, partition, record in placed:
            rows.append((topic, partition, offsets[topic, partition], record.key, record.value, now))
            offsets[topic, partition] += 1
        columns = ("topic", "partition", "record_offset", "key", "body", "appended_at")
        await self._store.engines.dialect.insert(conn, t.log_records, columns, rows)

    async def _reserve(self, conn: AsyncConnection, counts: dict[tuple[str, int], int]) -> dict[tuple[str, int], int]:
        dialect = self._store.engines.dialect
        wanted = sorted((*place, count) for place, count in counts.items())
        join = f"""{dialect.values(("text", "bigint", "bigint"), "u")}
            JOIN log_partitions p ON p.topic = u.c0 AND p.partition = u.c1"""
        lock = f"ORDER BY p.topic, p.partition {dialect.lock} {'OF p' if dialect.lock else ''}"
        values = dialect.columns("u", wanted)
        statement = f"SELECT p.topic, p.partition, p.next_offset FROM {join} {lock}"  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        first = {(row[0], row[1]): row[2] for row in await dialect.fetch(conn, statement, values)}
        update = f"""UPDATE log_partitions SET next_offset = next_offset + u.c2
            FROM {dialect.values(("text", "bigint", "bigint"), "u")}
            WHERE log_partitions.topic = u.c0 AND log_partitions.partition = u.c1"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        await dialect.change(conn, update, values)
        return first


class LocalConsumer:
    """One member of a group. Members share the partitions without a leader: each sees who is alive and takes its own.

    While they disagree two may read one partition; the store's compare-and-set lets one of them through.
    """

    def __init__(self, log: LocalLog, store: SqlStore, topic: str, group: str) -> None:
        self._log, self._store, self.topic, self._group = log, store, topic, group
        self._member, self._oldest = uuid.uuid4().hex, _oldest(store)
        self._assigned: set[int] = set()
        self._next: dict[int, int] = {}
        self._sought: set[int] = set()
        self._beat_at = 0.0
        self._turn = 0

    def partitions_to_seek(self) -> set[int]:
        return self._assigned - self._next.keys()

    def assignment(self) -> set[int]:
        return set(self._assigned)

    async def seek(self, positions: Sequence[Position]) -> None:
        ours = {p.partition: p.offset for p in positions if p.partition in self._assigned}
        self._next.update(ours)
        self._sought |= ours.keys()
        self._store.engines.stillness.forget(self._member)

    async def poll(self, max_records: int, timeout: float) -> list[Record]:
        until = time.monotonic() + timeout
        try:
            while True:
                await self._beat()
                if self.partitions_to_seek():
                    return []
                self._log.news(self.topic).clear()
                if records := await self._read(min(max_records, POLL)):
                    return records
                left = until - time.monotonic()
                if left <= 0:
                    return []
                await self._wait(min(left, FLOOR_ALONE if self._store.engines.is_alone else FLOOR))
        except (StoreUnavailable, StoreRejected, LogUnavailable) as error:
            # Another store may answer next, whose log went back behind what we have read: we would wait there in silence for it to come so
            # far once more. Whoever seeks again compares first.
            self._next = {}
            raise LogUnavailable(str(error)) from error

    async def report_positions(self, positions: Sequence[Position], epoch: int | None = None) -> None:
        """The store's positions are all there is."""

    async def reported_positions(self) -> Mapping[int, Reported]:
        return {}

    async def stop(self) -> None:
        """Leaves the group at once, so that the others need not wait for our silence."""
        try:
            await self._log.members.leave(self._group, self.topic, self._member)
        except (StoreUnavailable, StoreRejected):
            return

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._log.news(self.topic).wait(), seconds)
        except TimeoutError:
            return

    async def _read(self, max_records: int) -> list[Record]:
        """Partitions take turns at being first, so that none starves behind a busy one. As many records as begin within
        STEP_BYTES."""
        stillness, place = self._store.engines.stillness, self._member
        if stillness.is_still(place):
            return []
        before = stillness.stamp()
        ends = await self._log.ends(self.topic)
        ready = sorted(p for p, offset in self._next.items() if offset < ends.get(p, 0))
        stillness.note(place, before, found=bool(ready))
        if not ready:
            return []
        self._turn += 1
        start = self._turn % len(ready) if ready else 0
        records: list[Record] = []
        size = 0
        async with self._store.engines.glance() as conn:
            for partition in (*ready[start:], *ready[:start]):
                values = {"t": self.topic, "p": partition, "o": self._next[partition], "n": max_records - len(records)}
                asked = {**values, "size": STEP_BYTES - size}
                rows = await self._store.engines.dialect.fetch(conn, self._oldest, asked)
                self._refuse_gap(partition, rows[0][0] if rows else ends[partition])
                read = [Record(self.topic, partition, *row) for row in rows]
                records += read
                size += sum(len(record.value) for record in read)
                if len(records) >= max_records or size >= STEP_BYTES:
                    break
        for record in records:
            self._next[record.partition] = record.offset + 1
        return records

    def _refuse_gap(self, partition: int, first: int) -> None:
        """Looked at once for each position that was sought: what is removed later, every group has read. Such a partition
        is not read until somebody seeks it. Raises OffsetLost."""
        if partition not in self._sought:
            return
        self._sought.discard(partition)
        if first > (wanted := self._next[partition]):
            del self._next[partition]
            raise OffsetLost(self.topic, partition, wanted, first)

    async def _beat(self) -> None:
        now = time.monotonic()
        if now < self._beat_at:
            return
        partitions = await self._log.partitions_of(self.topic)
        members = await self._log.members.show(self._group, self.topic, self._member)
        self._beat_at = now + self._log.members.pause
        rank = members.index(self._member)
        before, self._assigned = self._assigned, {p for p in range(partitions) if p % len(members) == rank}
        if self._assigned != before:
            said = ",".join(map(str, sorted(self._assigned)))
            log.info("partitions assigned", extra={"topic": self.topic, "group": self._group, "partition": said})
        self._next = {p: offset for p, offset in self._next.items() if p in self._assigned}


def _oldest(store: SqlStore) -> str:
    """The records of a partition from an offset on, as many as begin within so many bytes. Lengths are added up first, so that no
    more bytes are read than are wanted."""
    ahead = "topic = :t AND partition = :p AND record_offset >= :o"
    return f"""
        SELECT record_offset, key, body FROM log_records WHERE {ahead} AND record_offset <= (
            SELECT max(at) FROM (
                SELECT at, sum(length) OVER (ORDER BY at) - length AS before FROM (
                    SELECT record_offset AS at, {store.engines.dialect.size("body")} AS length
                    FROM log_records WHERE {ahead} ORDER BY record_offset LIMIT :n) AS next
            ) AS sized WHERE before < :size
        ) ORDER BY record_offset"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
