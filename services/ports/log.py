"""What the roles need of the log, and what an adapter of one promises. Bytes in, bytes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from services.ports.rows import Position, Record, RecordOut, Reported

RECORD_BYTES = 2 * 1024 * 1024 - 1024
"""Largest key and value of a record together, on every log. What is larger is set aside before it comes to a log."""


def is_oversized(record: RecordOut) -> bool:
    """Whether no log takes it."""
    return len(record.key) + len(record.value) > RECORD_BYTES


def oversized_indexes(records: Sequence[RecordOut]) -> frozenset[int]:
    """The indexes of the records that no log takes."""
    return frozenset(at for at, record in enumerate(records) if is_oversized(record))


class LogConsumer(Protocol):
    """Reads one topic for one consumer group. The truth about positions is the store's, not the log's.

    After a (re)assignment a partition is delivered only once `seek` gave it a position; until then `poll` lists it in
    `partitions_to_seek` and returns no record of it. Never raises from a listener; `poll` raises LogUnavailable, and
    OffsetLost where the log no longer has the position. Records are in hand from the `poll` that returned them until
    the next `poll` or `report_positions`: a partition that has to be given up waits for that, for a bounded time.
    """

    @property
    def topic(self) -> str: ...

    def partitions_to_seek(self) -> set[int]: ...

    def assignment(self) -> set[int]: ...

    async def seek(self, positions: Sequence[Position]) -> None: ...

    async def poll(self, max_records: int, timeout: float) -> list[Record]:
        """Up to `max_records`, in order within each partition; [] after `timeout` seconds. Not to be cancelled."""

    async def report_positions(self, positions: Sequence[Position], epoch: int | None = None) -> None:
        """Tell the log, for its dashboards, and for `reported_positions` where the store's `epoch` is given. In the background; errors are
        swallowed with a log line."""

    async def reported_positions(self) -> Mapping[int, Reported]:
        """{partition: what a member of the group told last, of any partition, with an epoch of the same store}; of a log that keeps
        none, nothing. Raises LogUnavailable."""

    async def stop(self) -> None: ...


class Log(Protocol):
    """A durable, partitioned log."""

    @property
    def cluster(self) -> str:
        """Names the log that offsets belong to: offsets of one cluster mean nothing in another."""

    async def start(self) -> None: ...

    async def append(self, records: Sequence[RecordOut]) -> None:
        """Durable when it returns (acks=all; one transaction). Concurrent calls are grouped. Raises RecordTooLarge where
        one of them has more than RECORD_BYTES, or more than the log itself takes; else LogUnavailable."""

    async def publish(self, records: Sequence[RecordOut]) -> None:
        """Make events known on their topics, in order per key, durable when it returns. The embedded log's readers
        follow the `events` table, so it has nothing to do here. Raises LogUnavailable, or RecordTooLarge where one of them
        is larger than a topic takes; others may be stored then."""

    def consumer(self, topic: str, group: str) -> LogConsumer: ...

    async def begin_offsets(self, topic: str) -> dict[int, int]:
        """{partition: offset of the first record that retention has left, the end where there is none}. Raises
        LogUnavailable."""

    async def end_offsets(self, topic: str) -> dict[int, int]:
        """{partition: offset after the last record}. Raises LogUnavailable."""

    async def check(self) -> None:
        """Raises LogUnavailable unless the log answers now."""

    async def close(self) -> None: ...
