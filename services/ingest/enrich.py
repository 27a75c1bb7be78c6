"""The role `enrich`: thin signals are completed by the sender's API and go on to the signals topic, in each key's order.

On kill -9 between the append of the completed signal and the move of the positions the record is read again: the same
signal with the same id, which the router's inbox drops. Nothing is skipped: what cannot be completed is a dead letter.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from schemas.signals import Parsed, Signal
from schemas.sources import Source
from services.ingest.fetching.asking import Gone, Later, Refused
from services.ingest.fetching.fetcher import Fetcher
from services.ingest.normalising.normalise import to_signal
from services.loops.positions import positions_of
from services.ports.errors import Fenced, LogUnavailable, RecordTooLarge, StoreUnavailable
from services.ports.log import Log, LogConsumer
from services.ports.rows import DeadLetter, Position, Record, Writes
from services.ports.signal_records import (
    Incoming,
    dead_letter,
    decode,
    letter_fields,
    partitions_said,
    record_of,
    write_letters,
)
from services.ports.store import TransactionStore
from services.privacy.faults import place_of

log = logging.getLogger("stafett.enrich")
GROUP = "enrich"
LONGEST = 60.0
"""Seconds between two tries, at most, unless the API asks for more."""


class GaveUp(Exception):
    """Why a signal is set aside."""


class SetAside(NamedTuple):
    """A dead letter, and the record that it is of."""

    letter: DeadLetter
    raw: bytes


class Enricher:
    """`fetchers` by the source's name; a signal of any other source goes on as it is. `on_fetch(source, outcome)`."""

    def __init__(
        self,
        store: TransactionStore,
        target: Log,
        thin: str,
        signals: str,
        fetchers: Mapping[str, Fetcher],
        key: bytes,
        now: Callable[[], datetime],
        *,
        batch_max: int = 100,
        on_fetch: Callable[[str, str], None] = lambda *_: None,
        on_step: Callable[[], None] = lambda: None,
    ) -> None:
        self._store, self._log, self._thin, self._signals = store, target, thin, signals
        self._fetchers, self._key, self._now = fetchers, key, now
        self._batch_max, self._on_fetch, self._on_step = batch_max, on_fetch, on_step
        self._expected: dict[int, int] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; what waits for an API then is read again by the next start. Raises ClusterChanged, OffsetLost."""
        consumer = self._log.consumer(self._thin, GROUP)
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                self._on_step()
                records = await self._poll(consumer)
                if not records:
                    continue
                work = asyncio.create_task(self.handle(records, consumer))
                await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
                if not work.done():
                    work.cancel()
                    await asyncio.gather(work, return_exceptions=True)
                    return
                await work
        finally:
            stopping.cancel()
            await consumer.stop()
            for fetcher in self._fetchers.values():
                await fetcher.close()

    async def _poll(self, consumer: LogConsumer) -> list[Record]:
        try:
            if fresh := consumer.partitions_to_seek():
                await self._position(consumer, fresh)
            return await consumer.poll(self._batch_max, 0.5)
        except (LogUnavailable, StoreUnavailable) as error:
            log.warning("cannot read", extra={"error": type(error).__name__})
            await asyncio.sleep(0.5)
            return []

    async def _position(self, consumer: LogConsumer, partitions: set[int]) -> None:
        positions = await positions_of(
            self._store, self._log, group=GROUP, topic=self._thin, partitions=sorted(partitions)
        )
        self._expected.update({p.partition: p.offset for p in positions})
        await consumer.seek(positions)

    async def handle(self, records: Sequence[Record], consumer: LogConsumer) -> None:
        """Keys beside one another, the records of one key one after the other; then the positions move."""
        by_key: dict[tuple[int, bytes], list[Record]] = defaultdict(list)
        for record in records:
            by_key[record.partition, record.key].append(record)
        aside: list[SetAside] = []
        async with asyncio.TaskGroup() as group:
            for same in by_key.values():
                group.create_task(self._in_order(same, aside))
        await self._commit(records, aside, consumer)

    async def _in_order(self, records: Sequence[Record], aside: list[SetAside]) -> None:
        for record in records:
            self._on_step()
            incoming = decode(record)
            if incoming.is_spent:
                continue
            if incoming.signal is None:
                aside.append(self._letter(incoming, incoming.fault or "undecodable", "Undecodable"))
                continue
            try:
                signal = await self._fetch_missing_facts(incoming.signal)
            except GaveUp as error:
                aside.append(self._letter(incoming, str(error), "NotFetched"))
                continue
            try:
                await self._append(signal)
            except RecordTooLarge:
                aside.append(self._letter(incoming, "larger than the log takes when completed", "RecordTooLarge"))

    async def _fetch_missing_facts(self, signal: Signal) -> Signal:
        """The same signal, with the same id, and more facts. Raises GaveUp."""
        fetcher = self._fetchers.get(signal.source)
        if fetcher is None or not fetcher.wants(signal):
            return signal
        until, pause = time.monotonic() + fetcher.fetch.patience, 1.0
        while True:
            try:
                whole = self._same_signal_with(signal, await fetcher.complete(signal), fetcher.source)
            except Gone:
                self._on_fetch(signal.source, "gone")
                return signal
            except Refused as error:
                self._on_fetch(signal.source, "refused")
                raise GaveUp(f"the API of {signal.source}: {error}") from None
            except Later as error:
                self._on_fetch(signal.source, "failed")
                log.info("the API gave nothing", extra={"source": signal.source, "signal_id": signal.id})
                wait = max(error.seconds or 0.0, pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, no secret
                if time.monotonic() + wait > until:
                    raise GaveUp(f"the API of {signal.source}: {error}, for {fetcher.fetch.patience:.0f} s") from None
                await asyncio.sleep(wait)
                pause = min(pause * 2, LONGEST)
            except Exception as error:  # noqa: BLE001 - a defect of ours for this one signal: it is set aside, and seen
                self._on_fetch(signal.source, "failed")
                raise GaveUp(place_of(error)) from None
            else:
                self._on_fetch(signal.source, "fetched")
                return whole

    def _same_signal_with(self, signal: Signal, facts: Parsed, source: Source) -> Signal:
        whole = to_signal(facts, source, received_at=signal.received_at, key=self._key, traceparent=signal.traceparent)
        same = {
            "id": signal.id,
            "dedupe_key": signal.dedupe_key,
            "attempt": signal.attempt,
            "claimed_at": signal.claimed_at,
        }
        return whole.but(**same)

    async def _append(self, signal: Signal) -> None:
        """Raises RecordTooLarge."""
        while True:
            try:
                await self._log.append([record_of(signal, self._signals)])
            except LogUnavailable:
                log.warning("cannot append, trying again")
                await asyncio.sleep(0.5)
            else:
                return

    def _letter(self, incoming: Incoming, reason: str, error: str) -> SetAside:
        letter = dead_letter(incoming, None, state="dead", reason=reason, error=error, now=self._now())
        log.error("could not be completed: set aside", extra=letter_fields(letter))
        return SetAside(letter, incoming.record.value)

    async def _commit(self, records: Sequence[Record], aside: Sequence[SetAside], consumer: LogConsumer) -> None:
        after = {record.partition: record.offset + 1 for record in records}
        while True:
            try:
                if not after.keys() <= self._expected.keys():
                    raise Fenced
                await self._write(after, aside)
            except StoreUnavailable:
                log.warning("store unavailable, trying again")
                await asyncio.sleep(0.5)
            except Fenced:
                details = {"topic": self._thin, "partition": partitions_said(records), "count": len(records)}
                log.warning("fenced: another process has these partitions", extra=details)
                await self._reposition(set(after), consumer)
                return
            else:
                self._expected.update(after)
                await consumer.report_positions(
                    [Position(partition, offset) for partition, offset in sorted(after.items())]
                )
                return

    async def _write(self, after: Mapping[int, int], aside: Sequence[SetAside]) -> None:
        """Raises Fenced, StoreUnavailable."""
        moves = {partition: (self._expected[partition], offset) for partition, offset in after.items()}

        async def write(letters: Sequence[DeadLetter]) -> None:
            async with self._store.batch() as tx:
                await tx.advance(GROUP, self._thin, self._log.cluster, moves)
                if letters:
                    await tx.write(Writes(dead_letters=letters))

        await write_letters(write, [one.letter for one in aside], [one.raw for one in aside])

    async def _reposition(self, partitions: set[int], consumer: LogConsumer) -> None:
        for partition in partitions:
            self._expected.pop(partition, None)
        try:
            await self._position(consumer, partitions & consumer.assignment())
        except (LogUnavailable, StoreUnavailable):
            return
