"""The ports: what the roles need of the log and of the store, and what an adapter promises. Bytes in, rows out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from services.rows import (
    AccountRow,
    AgreementRow,
    ClockRow,
    DeadLetter,
    LeadRow,
    LedgerRow,
    OutboxEntry,
    Position,
    Quarantine,
    Record,
    RecordOut,
    SpoolEntry,
    Suspect,
    Writes,
)

RECORD_BYTES = 2 * 1024 * 1024 - 1024
"""Largest key and value of a record together, on every log. What is larger is set aside before it comes to a log."""

STEP_BYTES = 16 * 1024 * 1024
"""Of outbox or spool in one step of the relay, unless a single record has more. A thousand usual records are a tenth of it; a
thousand of the largest would be 2 GiB, held several times over on the way from the store to the log."""


class PortError(Exception):
    """An adapter could not do what was asked. The message holds no personal data: it may be logged."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())

    @property
    def fields(self) -> dict[str, str | int]:
        """What a log line says beside the message."""
        return {}


class LogUnavailable(PortError):
    """The log cannot take or give records now; nothing says whether a record that was under way is stored.

    `stored`: of records that were to be appended, the places of those that are stored for certain.
    """

    def __init__(self, message: str | None = None, stored: frozenset[int] = frozenset()) -> None:
        super().__init__(message)
        self.stored = stored


class RecordTooLarge(PortError):
    """The log never takes a record of this size, so trying again would not help.

    `at`: the places of these among the records that were to be appended; `stored`: of those that are stored for certain.
    """

    def __init__(self, at: frozenset[int], stored: frozenset[int] = frozenset()) -> None:
        super().__init__(f"{len(at)} records are larger than the log takes")
        self.at, self.stored = at, stored


class StoreUnavailable(PortError):
    """The store cannot be reached now, or gave up on a transaction for a passing reason; try again later."""


class StoreFull(StoreUnavailable):
    """The disk under the store is full: make room; nothing has to be repaired."""


class StoreTooSlow(StoreUnavailable):
    """The store ended a transaction that took longer than it may; a smaller one may go through."""


class QuarantineFull(PortError):
    """As many bodies wait in quarantine as may, of this source or of all; an operator has to look at them."""


class SpoolFull(StoreUnavailable):
    """As many signals wait in the spool as may; it takes more once the log is back."""


class Fenced(PortError):
    """Another process holds these partitions or this lease now; roll back and read the positions again."""


class SchemaOutdated(PortError):
    """The database's schema is not the one this version needs; run `stafett db upgrade` with a role that may."""


class ClusterChanged(PortError):
    """Stored offsets belong to another cluster; if the log was replaced or restored, run `stafett db restored`."""


class RulesUnreadable(PortError):
    """What rules was stored by another version, and this one cannot read it: better no router than one that decides by other
    rules than the others. Run one version of Stafett in all processes."""


class StoreRejected(PortError):
    """The store refuses the data itself (a value that no column takes): trying again would not help."""


class OffsetLost(PortError):
    """The stored position is not in the log any more, so records would be skipped; an operator has to decide.

    `wanted` is the stored position, `available` the first offset that the log still has (of this partition).
    """

    def __init__(self, topic: str, partition: int, wanted: int, available: int) -> None:
        self.topic, self.partition, self.wanted, self.available = topic, partition, wanted, available
        super().__init__(
            f"{topic}/{partition}: the next record to read is {wanted}, but the log begins at {available}; its retention"
            " was shorter than our outage, or the topic was made anew. Nothing was skipped; `stafett db positions` can."
        )

    @property
    def fields(self) -> dict[str, str | int]:
        return {"topic": self.topic, "partition": self.partition, "offset": self.wanted}


class Conflict(PortError):
    """Another transaction linked an identity that this batch was about to link; start the batch over.

    `taken`: the identities that are linked already, and whose they are. Those of a race are read by the next attempt.
    """

    def __init__(
        self, message: str | None = None, taken: frozenset[tuple[tuple[str, str, str], str | None]] = frozenset()
    ) -> None:
        super().__init__(message)
        self.taken = taken


def is_oversized(record: RecordOut) -> bool:
    """Whether no log takes it."""
    return len(record.key) + len(record.value) > RECORD_BYTES


def oversized(records: Sequence[RecordOut]) -> frozenset[int]:
    """The places of those that no log takes."""
    return frozenset(at for at, record in enumerate(records) if is_oversized(record))


class LogConsumer(Protocol):
    """Reads one topic for one consumer group. The truth about positions is the store's, not the log's.

    After a (re)assignment a partition is delivered only once `seek` gave it a position; until then `poll` lists it in
    `unpositioned` and returns no record of it. Never raises from a listener; `poll` raises LogUnavailable, and
    OffsetLost where the log no longer has the position. Records are in hand from the `poll` that returned them until
    the next `poll` or `committed`: a partition that has to be given up waits for that, for a bounded time.
    """

    @property
    def topic(self) -> str: ...

    def unpositioned(self) -> set[int]: ...

    def assignment(self) -> set[int]: ...

    async def seek(self, positions: Sequence[Position]) -> None: ...

    async def poll(self, max_records: int, timeout: float) -> list[Record]:
        """Up to `max_records`, in order within each partition; [] after `timeout` seconds. Not to be cancelled."""

    async def committed(self, positions: Sequence[Position]) -> None:
        """Tell the log's own dashboards; the outcome does not matter and errors are swallowed with a log line."""

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


class Batch(Protocol):
    """One open transaction of the router. Every method may raise StoreUnavailable."""

    async def advance(self, group: str, topic: str, cluster: str, moves: Mapping[int, tuple[int, int]]) -> None:
        """Compare-and-set of positions, {partition: (expected next offset, new next offset)}. Raises Fenced."""

    async def fresh(self, signal_ids: Sequence[tuple[str, int]], now: datetime) -> set[tuple[str, int]]:
        """Enter (signal id, attempt) in the inbox; returns those that were not there."""

    async def links(self, keys: Sequence[tuple[str, str, str]]) -> dict[tuple[str, str, str], str]:
        """{(brand, kind, digest): subject id} of the known ones. Not locked."""

    async def links_of(self, lead_ids: Sequence[str]) -> dict[tuple[str, str, str], str]:
        """Every link that leads straight to one of these; nobody adds one while their leads are locked."""

    async def read_leads(self, ids: Sequence[str]) -> dict[str, LeadRow]:
        """Not locked."""

    async def lock_leads(self, ids: Sequence[str]) -> dict[str, int]:
        """{id: version}, locked in id order until the transaction ends."""

    async def withdrawals(self, keys: Sequence[tuple[str, str, str]]) -> dict[tuple[str, str, str], str]:
        """What waits by these identities that are nobody's: JSON of {purpose: instant}. Not locked."""

    async def read_accounts(self, ids: Sequence[str]) -> dict[str, AccountRow]:
        """Not locked."""

    async def lock_accounts(self, ids: Sequence[str]) -> dict[str, AccountRow]:
        """Locked in id order; a company without a row gets one without a state, so that there is something to lock."""

    async def read_ledgers(self, pools: Sequence[str]) -> dict[str, LedgerRow]:
        """Not locked."""

    async def open_leads(self, people: Sequence[str]) -> dict[str, int]:
        """How many active leads in qualification, hand-over and deal each of these people has; 0 for nobody's. As
        committed: counted under the lock of their rows, nobody else is giving them one."""

    async def lock_ledgers(self, pools: Sequence[str]) -> dict[str, LedgerRow]:
        """Locked in name order; a pool without a row gets one, so that there is something to lock."""

    async def waiting(self, lead_ids: Sequence[str], limit: int) -> list[DeadLetter]:
        """Dead and queued signals of these leads, oldest first, of each at most `limit`."""

    async def roster_changes(self) -> str | None:
        """The recorded changes on top of the roster's file (JSON), None while there are none. Not locked: they are
        written by whoever holds the one partition that they come on."""

    async def published(self) -> str | None:
        """The publications of agreements (JSON), None before the first. Not locked: they take effect in the future."""

    async def agreements(self, hashes: Sequence[str]) -> dict[str, AgreementRow]:
        """Published agreements by hash."""

    async def put_roster_changes(self, changes: str) -> None: ...

    async def keep_roster(self, version: str, body: str, now: datetime) -> None:
        """So that the version that a decision names can be looked up."""

    async def owned_by(self, person: str, after: str, limit: int) -> list[LeadRow]:
        """At most `limit`, by id, from behind the id `after`. Not locked."""

    async def spool(self, records: Sequence[RecordOut]) -> None:
        """Records that the relay brings to the log once this transaction is committed."""

    async def write(self, writes: Writes) -> None:
        """One statement per table. Outbox ids are drawn here, after the locks of whatever the events are about. Raises
        Conflict on a link that is taken by another subject, and where what waits by an identity is not as it was read."""


class Store(Protocol):
    """The state. One SQL adapter serves SQLite and PostgreSQL."""

    async def start(self) -> None:
        """Raises StoreUnavailable, or SchemaOutdated where `stafett db upgrade` has to run first."""

    async def close(self) -> None: ...

    async def check(self) -> None: ...

    # router
    def batch(self) -> AbstractAsyncContextManager[Batch]:
        """One transaction: commits at the end of the block, rolls back on any exception."""

    async def positions(self, group: str, topic: str, cluster: str, partitions: Sequence[int]) -> list[Position]:
        """Those that are stored, by partition; `services.positions` knows where the others begin. Raises ClusterChanged
        where positions of another cluster are stored in this epoch (see docs: restore)."""

    async def place(self, group: str, topic: str, cluster: str, positions: Sequence[Position]) -> None:
        """First positions, so that `advance` has rows to compare. One that is stored already stays as it is."""

    async def all_positions(self, group: str, topic: str, cluster: str) -> dict[int, int]: ...

    async def epoch(self) -> int:
        """Raised by `stafett db restored` after a restore from a backup; it enters the ids of events."""

    async def dead_since(self, topic: str, since: datetime) -> dict[str, int]:
        """How many signals of this topic were set aside since then and wait: neither redriven nor dropped; by their source,
        "" for those that cannot be read."""

    # commands
    async def remember_command(self, signal_id: str, digest: str, now: datetime) -> bool:
        """Durable when it returns. False where another command has this id: `digest` tells them apart."""

    async def note_key_uses(self, names: Sequence[str], now: datetime) -> None:
        """API keys of these names were used."""

    # relay
    async def acquire_lease(self, name: str, holder: str, ttl: float) -> int | None:
        """The lease's epoch if `holder` has it now (taken, kept or expired), else None. The time is the database's own, so
        that clocks which differ between machines take nobody's lease away."""

    async def release_lease(self, name: str, holder: str) -> None: ...

    async def outbox(self, limit: int, size: int = STEP_BYTES) -> list[OutboxEntry]:
        """The oldest by id, at most `limit` of them, as many as begin within `size` bytes: of any there is at least one."""

    async def move_to_events(self, entries: Sequence[OutboxEntry], lease: str, epoch: int, now: datetime) -> int:
        """Outbox -> events with gapless positions, one transaction; returns the last position. Raises Fenced."""

    async def spooled(self, limit: int, size: int = STEP_BYTES) -> list[SpoolEntry]:
        """As `outbox`."""

    async def unspool(self, ids: Sequence[int], letters: Sequence[DeadLetter] = ()) -> None:
        """Forget them, and set aside those that the log never takes, in one transaction."""

    # ingest
    async def spool(self, records: Sequence[RecordOut], limit: int) -> None:
        """Durable when it returns. Raises SpoolFull where more than `limit` records would wait, else StoreUnavailable."""

    async def check_spool(self, limit: int) -> None:
        """Raises SpoolFull where `limit` records wait already."""

    async def quarantine(self, entries: Sequence[Quarantine], unproven: bool = False) -> None:
        """Durable when it returns. One that is there already stays, with the reason of now; a body is kept once. `unproven`:
        their sender proves nothing. Raises QuarantineFull, StoreUnavailable."""

    async def requarantine(self, entry: Quarantine, left: Sequence[Quarantine]) -> None:
        """Of the delivery that `entry` is of, only `left` is in quarantine afterwards; one transaction."""

    # watcher
    async def due_clocks(self, now: datetime, limit: int, after: tuple[datetime, str] | None = None) -> list[ClockRow]:
        """Running clocks with next_at <= now, earliest first, then by id; from behind `after`, the (next_at, id) of the
        last one of the page before. Without those of held leads, whose signals only queue until an operator acts."""

    async def next_due(self, after: datetime | None = None) -> datetime | None:
        """The earliest next_at of all, or of those later than `after`."""

    async def limbo_suspects(self, stages: Sequence[str], present: Sequence[str], limit: int) -> list[Suspect]:
        """Active leads in these stages whose owner is not among those `present`, or that have neither an owner nor a
        reason why; those not told yet first."""
