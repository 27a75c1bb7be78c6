"""What the roles need of the store, one Protocol for each one's need, and what an adapter promises. Rows in, rows out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from services.ports.rows import (
    AccountRow,
    AgreementRow,
    ClockRow,
    DeadLetter,
    LeadRow,
    LedgerKey,
    LedgerRow,
    OutboxEntry,
    Position,
    Quarantine,
    RecordOut,
    SpoolEntry,
    Suspect,
    Writes,
)

STEP_BYTES = 16 * 1024 * 1024
"""Of outbox or spool in one step of the relay, unless a single record has more. A thousand usual records are a tenth of it; a
thousand of the largest would be 2 GiB, held several times over on the way from the store to the log."""


class Batch(Protocol):
    """One open transaction of the router. Every method may raise StoreUnavailable. `needs_relay`: whether it leaves something to
    the relay, which would otherwise look in vain."""

    needs_relay: bool

    async def advance(self, group: str, topic: str, cluster: str, moves: Mapping[int, tuple[int, int]]) -> None:
        """Compare-and-set of positions, {partition: (expected next offset, new next offset)}. Raises Fenced."""

    async def claim_new(self, signal_ids: Sequence[tuple[str, int]], now: datetime) -> set[tuple[str, int]]:
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

    async def read_ledgers(self, keys: Sequence[LedgerKey]) -> dict[LedgerKey, LedgerRow]:
        """Not locked."""

    async def open_leads(self, people: Sequence[str]) -> dict[str, int]:
        """How many active leads in qualification, hand-over and deal each of these people has; 0 for nobody's. As
        committed: counted under the lock of their rows, nobody else is giving them one."""

    async def lock_ledgers(self, keys: Sequence[LedgerKey]) -> dict[LedgerKey, LedgerRow]:
        """Locked in order of kind and name; a key without a row gets one, so that there is something to lock."""

    async def waiting(self, lead_ids: Sequence[str], limit: int) -> list[DeadLetter]:
        """Dead and queued signals of these leads, oldest first, of each at most `limit`."""

    async def roster_changes(self) -> str | None:
        """The recorded changes on top of the roster's file (JSON), None while there are none. Not locked: they are
        written by whoever holds the one partition that they come on."""

    async def publications(self) -> str | None:
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
        """One statement per table. Events go into the outbox, or at once into the feed where nothing else follows them. Outbox ids are drawn here, after the locks of whatever the events are about. Raises
        Conflict on a link that is taken by another subject, and where what waits by an identity is not as it was read."""


class ReachedPositions(Protocol):
    """For whoever waits until a group has read so far."""

    async def all_positions(self, group: str, topic: str, cluster: str) -> dict[int, int]: ...


class PositionStore(ReachedPositions, Protocol):
    """For whoever begins to read where it stopped."""

    async def positions(self, group: str, topic: str, cluster: str, partitions: Sequence[int]) -> list[Position]:
        """Those that are stored, by partition; `services.loops.positions` knows where the others begin. Raises ClusterChanged
        where positions of another cluster are stored in this epoch (see docs: restore)."""

    async def place(self, group: str, topic: str, cluster: str, positions: Sequence[Position]) -> None:
        """First positions, so that `advance` has rows to compare. One that is stored already stays as it is."""


class TransactionStore(PositionStore, Protocol):
    """For whoever reads the log and writes what follows in the transaction that moves its positions."""

    def batch(self) -> AbstractAsyncContextManager[Batch]:
        """One transaction: commits at the end of the block, rolls back on any exception."""


class RouterStore(TransactionStore, Protocol):
    """For the router."""

    async def epoch(self) -> int:
        """Raised by `stafett db restored` after a restore from a backup; it enters the ids of events."""

    async def note_gap(self, gap: str, epoch: int) -> None:
        """Keeps for all processes what the store lacks that was committed to it, until the epoch rises: past this one, which the store was in."""

    async def check_for_gap(self) -> None:
        """Raises StoreWentBack where somebody noted a gap."""

    async def dead_since(self, topic: str, since: datetime) -> dict[str, int]:
        """How many signals of this topic were set aside since then and wait: neither redriven nor dropped; by their source,
        "" for those that cannot be read."""


class CommandStore(Protocol):
    """For whoever takes commands."""

    async def remember_command(self, signal_id: str, digest: str, now: datetime) -> bool:
        """Durable when it returns. False where another command has this id: `digest` tells them apart."""

    async def note_key_uses(self, names: Sequence[str], now: datetime) -> None:
        """API keys of these names were used."""


class RelayStore(Protocol):
    """For the relay."""

    async def acquire_lease(self, name: str, holder: str, ttl: float) -> int | None:
        """The lease's epoch if `holder` has it now (taken, kept or expired), else None. The time is the database's own, so
        that clocks which differ between machines take nobody's lease away."""

    async def release_lease(self, name: str, holder: str) -> None: ...

    async def outbox(self, limit: int, size: int = STEP_BYTES) -> list[OutboxEntry]:
        """The oldest by id, at most `limit` of them, as many as begin within `size` bytes: of any there is at least one."""

    async def move_to_events(self, entries: Sequence[OutboxEntry], lease: str, epoch: int, now: datetime) -> int:
        """Outbox -> events with gapless positions, one transaction; returns the last position. Raises Fenced."""

    async def spool_entries(self, limit: int, size: int = STEP_BYTES) -> list[SpoolEntry]:
        """As `outbox`."""

    async def unspool(self, ids: Sequence[int], letters: Sequence[DeadLetter] = ()) -> None:
        """Forget them, and set aside those that the log never takes, in one transaction."""


class QuarantineStore(Protocol):
    """For whoever reads a body again that was set aside."""

    async def quarantine(self, entries: Sequence[Quarantine], unproven: bool = False) -> None:
        """Durable when it returns. One that is there already stays, with the reason of now; a body is kept once. `unproven`:
        their sender proves nothing. Raises QuarantineFull, StoreUnavailable."""

    async def requarantine(self, entry: Quarantine, left: Sequence[Quarantine]) -> None:
        """Of the delivery that `entry` is of, only `left` is in quarantine afterwards; one transaction."""


class IntakeStore(QuarantineStore, Protocol):
    """For whoever takes what others send."""

    async def spool(self, records: Sequence[RecordOut], limit: int) -> None:
        """Durable when it returns. Raises SpoolFull where more than `limit` records would wait, else StoreUnavailable."""

    async def has_spooled(self) -> bool:
        """Whether any signal waits in the spool. Raises StoreUnavailable."""

    async def check_spool(self, limit: int) -> None:
        """Raises SpoolFull where `limit` records wait already."""


class ClockStore(ReachedPositions, Protocol):
    """For the watcher of clocks."""

    async def due_clocks(self, now: datetime, limit: int, after: tuple[datetime, str] | None = None) -> list[ClockRow]:
        """Running clocks with next_at <= now, earliest first, then by id; from behind `after`, the (next_at, id) of the
        last one of the page before. Without those of held leads, whose signals only queue until an operator acts."""

    async def next_due(self, after: datetime | None = None) -> datetime | None:
        """The earliest next_at of all, or of those later than `after`."""


class LimboStore(Protocol):
    """For the watcher of leads that nobody has."""

    async def limbo_suspects(self, stages: Sequence[str], present: Sequence[str], limit: int) -> list[Suspect]:
        """Active leads in these stages whose owner is not among those `present`, or that have neither an owner nor a
        reason why; those not told yet first."""


class Store(RouterStore, CommandStore, RelayStore, IntakeStore, ClockStore, LimboStore, Protocol):
    """The state, all of it. One SQL adapter serves SQLite and PostgreSQL."""

    async def start(self) -> None:
        """Raises StoreUnavailable, or SchemaOutdated where `stafett db upgrade` has to run first."""

    async def close(self) -> None: ...

    async def check(self) -> None: ...
