"""A log whose records of signals are sealed: what is appended is sealed, what is read is opened, and who uses it knows nothing of it.

On kill -9 nothing is left but records: keys are in the store long before they seal anything. A record that is acknowledged long after its
key's period counts as not taken, so that it is brought once more under a newer key: whoever throws a key away has not waited for it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from services.adapters.log.key_ring import Held, KeyRing
from services.ports.errors import LogUnavailable, RecordTooLarge
from services.ports.log import Log, LogConsumer
from services.ports.rows import Position, Record, RecordOut, Reported
from services.sealing.records import SPENT, is_sealed, name_in, seal_record


class SealedLog:
    """`topics` are sealed, the others go as they are. `seals` is False where nothing is sealed any more; what was is opened."""

    def __init__(self, inner: Log, ring: KeyRing, topics: Collection[str], *, seals: bool) -> None:
        self._inner, self._ring, self._topics, self._seals = inner, ring, frozenset(topics), seals

    @property
    def cluster(self) -> str:
        return self._inner.cluster

    async def start(self) -> None:
        await self._inner.start()

    async def append(self, records: Sequence[RecordOut]) -> None:
        key = self._ring.current() if self._seals else None
        if key is None:
            await self._inner.append(records)
            return
        sealed = [self._seal(record, key) if record.topic in self._topics else record for record in records]
        try:
            await self._inner.append(sealed)
        except (LogUnavailable, RecordTooLarge) as error:
            if error.stored and self._ring.is_late(key):
                raise LogUnavailable("acknowledged too late to count") from error
            raise
        if self._ring.is_late(key):
            raise LogUnavailable("acknowledged too late to count")

    def _seal(self, record: RecordOut, key: Held) -> RecordOut:
        """A dead letter that is tried again may be sealed, with a key that the store has again: it goes on under the one of now, for
        nobody waits for another reading of what its own key sealed."""
        if not is_sealed(record.value):
            return record._replace(value=seal_record(record.value, key.name, key.box))
        value = self._ring.open(record.value)
        return record if value is None else record._replace(value=seal_record(value, key.name, key.box))

    async def publish(self, records: Sequence[RecordOut]) -> None:
        await self._inner.publish(records)

    def consumer(self, topic: str, group: str) -> LogConsumer:
        inner = self._inner.consumer(topic, group)
        return _Opening(inner, self._ring) if topic in self._topics else inner

    async def begin_offsets(self, topic: str) -> dict[int, int]:
        return await self._inner.begin_offsets(topic)

    async def end_offsets(self, topic: str) -> dict[int, int]:
        return await self._inner.end_offsets(topic)

    async def check(self) -> None:
        await self._inner.check()

    async def close(self) -> None:
        await self._inner.close()


class _Opening:
    """A consumer that opens. What cannot be opened is passed on as it is, and nothing is skipped."""

    def __init__(self, inner: LogConsumer, ring: KeyRing) -> None:
        self._inner, self._ring = inner, ring
        self._waiting: list[Record] = []
        """Taken from the log while the store, which may have their keys, did not answer."""

    @property
    def topic(self) -> str:
        return self._inner.topic

    def partitions_to_seek(self) -> set[int]:
        return self._inner.partitions_to_seek()

    def assignment(self) -> set[int]:
        return self._inner.assignment()

    async def seek(self, positions: Sequence[Position]) -> None:
        sought = {position.partition for position in positions}
        self._waiting = [record for record in self._waiting if record.partition not in sought]
        await self._inner.seek(positions)

    async def poll(self, max_records: int, timeout: float) -> list[Record]:
        """Raises StoreUnavailable besides, where a key is not at hand and the store does not answer: nothing is lost by it."""
        if not self._waiting:
            self._waiting = await self._inner.poll(max_records, timeout)
        if any(self._is_unknown(record) for record in self._waiting):
            await self._ring.refresh()
        ours = self._inner.assignment() - self._inner.partitions_to_seek()
        records, self._waiting = [record for record in self._waiting if record.partition in ours], []
        return [self._open(record) for record in records]

    def _is_unknown(self, record: Record) -> bool:
        name = name_in(record.value) if is_sealed(record.value) else None
        return name is not None and self._ring.find(name) is None and not self._ring.was_thrown_away(name)

    def _open(self, record: Record) -> Record:
        if not is_sealed(record.value) or (name := name_in(record.value)) is None:
            return record
        if self._ring.was_thrown_away(name):
            return record._replace(value=SPENT)
        value = self._ring.open(record.value)
        return record if value is None else record._replace(value=value)

    async def report_positions(self, positions: Sequence[Position], epoch: int | None = None) -> None:
        await self._inner.report_positions(positions, epoch)

    async def reported_positions(self) -> Mapping[int, Reported]:
        return await self._inner.reported_positions()

    async def stop(self) -> None:
        await self._inner.stop()
