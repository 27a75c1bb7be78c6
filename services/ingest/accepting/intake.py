"""Accepting: signals into the log, else into the spool, else not at all. A 202 is a promise that survives any crash."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from schemas.signals import Signal
from services.ingest.accepting.breaker import Breaker
from services.ports.errors import LogUnavailable, PortError, RecordTooLarge, StoreUnavailable
from services.ports.log import Log, oversized_indexes
from services.ports.rows import Quarantine, RecordOut
from services.ports.signal_records import record_of
from services.ports.store import IntakeStore

log = logging.getLogger("stafett.ingest")
SAID = 20
"""Ids in one log line, at most."""


class NowhereToPut(PortError):
    """Neither the log nor the spool can take a signal; the sender has to try again."""


class TooLarge(Exception):
    """Some signals are larger than a record may be, so that nothing was promised of any. `ids` are theirs."""

    def __init__(self, ids: frozenset[str]) -> None:
        super().__init__(f"{len(ids)} signals are larger than a record may be")
        self.ids = ids


class Taken(NamedTuple):
    """`spooled`: they wait in the store for the log. `large` were not accepted: somebody has to set them aside."""

    spooled: bool
    large: tuple[Signal, ...] = ()


class Intake:
    """`thin` is the topic of signals that the role `enrich` completes first. `spool_limit` is how many signals may wait in
    the spool before we refuse more. `ticks` are seconds of a monotonic clock."""

    def __init__(
        self,
        target: Log,
        store: IntakeStore,
        topic: str,
        spool_limit: int = 100_000,
        thin: str = "",
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log, self._store, self._topic, self._limit = target, store, topic, spool_limit
        self._thin, self._ticks = thin or topic, ticks
        self._breaker = Breaker()
        self._behind: dict[bytes, int] = {}
        """Keys of what this process has put into the spool since that was last empty, each with the number of the time: what follows for
        one of them goes the same way, or it would overtake."""
        self._times = 0

    async def take(self, signals: Sequence[Signal], thin: bool = False) -> Taken:
        """Accepts those that fit into a record, and says which do not. Raises NowhereToPut."""
        large: list[Signal] = []
        fitting = list(signals)
        while True:
            try:
                return Taken(await self.accept(fitting, thin), tuple(large))
            except TooLarge as error:
                large += [signal for signal in fitting if signal.id in error.ids]
                fitting = [signal for signal in fitting if signal.id not in error.ids]

    async def accept(self, signals: Sequence[Signal], thin: bool = False) -> bool:
        """Durable when it returns; True where they wait in the spool. `thin`: of a source whose API is asked; all of them,
        so that they stay in order. Raises NowhereToPut, TooLarge."""
        records = [record_of(signal, self._thin if thin else self._topic) for signal in signals]
        try:
            if large := oversized_indexes(records):
                raise RecordTooLarge(large)
            missing = await self._append_in_turn(records, signals) if records else []
        except RecordTooLarge as error:
            raise TooLarge(frozenset(signals[at].id for at in error.at)) from error
        if missing:
            await self._spool(missing)
        return bool(missing)

    async def set_aside(self, entries: Sequence[Quarantine], unproven: bool = False) -> None:
        """Durable when it returns. `unproven`: their sender proves nothing. Raises NowhereToPut, QuarantineFull."""
        if not entries:
            return
        try:
            await self._store.quarantine(entries, unproven)
        except StoreUnavailable as error:
            raise NowhereToPut from error

    async def _append_in_turn(self, records: list[RecordOut], signals: Sequence[Signal]) -> list[RecordOut]:
        """As `_append`, but for those that have to wait behind others of their key."""
        if not any(record.key in self._behind for record in records) or not await self._still_waits():
            return await self._append(records, signals)
        late = [at for at, record in enumerate(records) if record.key in self._behind]
        fresh = [at for at, record in enumerate(records) if record.key not in self._behind]
        try:
            missing = await self._append([records[at] for at in fresh], [signals[at] for at in fresh]) if fresh else []
        except RecordTooLarge as error:
            raise RecordTooLarge(frozenset(fresh[at] for at in error.at)) from error
        return [*(records[at] for at in late), *missing]

    async def _still_waits(self) -> bool:
        """Whether the spool has anything. A store that is away keeps nobody from the log: better out of order than not at all."""
        times = self._times
        try:
            if await self._store.has_spooled():
                return True
        except StoreUnavailable:
            return False
        self._behind = {key: time for key, time in self._behind.items() if time > times}
        return False

    async def _append(self, records: list[RecordOut], signals: Sequence[Signal]) -> list[RecordOut]:
        """Returns those that the log does not have. Raises RecordTooLarge."""
        number = self._breaker.ask(self._ticks())
        if number is None:
            return records
        try:
            await self._log.append(records)
        except LogUnavailable as error:
            self._breaker.record_failure(number, self._ticks())
            missing = [at for at in range(len(records)) if at not in error.stored]
            ids = ",".join(signals[at].id for at in missing[:SAID])
            log.warning("the log is unavailable: spooling", extra={"count": len(missing), "signal_id": ids})
            return [records[at] for at in missing]
        except RecordTooLarge:
            self._breaker.record_success(number)  # it answered
            raise
        except BaseException:
            self._breaker.release_probe(number)
            raise
        self._breaker.record_success(number)
        return []

    async def _spool(self, records: list[RecordOut]) -> None:
        try:
            await self._store.spool(records, self._limit)
        except StoreUnavailable as error:
            raise NowhereToPut from error
        self._times += 1
        self._behind.update((record.key, self._times) for record in records)
