"""The router's loop: poll, one transaction per batch, tell the log, ring the relay. A batch is decided on while the one before
it is written.

What happens on kill -9: before the commit nothing happened, and the records are read again; after it the positions in the
store are past the batch, and Kafka's own offsets, set later, are for dashboards only. A batch that was decided on while the
one before it was written is committed after that one or not at all.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from schemas.signals import Kind
from services.loops.doorbell import Doorbell
from services.loops.positions import positions_of
from services.loops.steps import step_within
from services.ports.errors import (
    ClusterChanged,
    Fenced,
    LogUnavailable,
    PortError,
    StoreUnavailable,
    StoreWentBack,
)
from services.ports.log import Log, LogConsumer
from services.ports.rows import DeadLetter, Position, Record, Writes
from services.ports.signal_records import Incoming, dead_letter, decode, forms, letter_fields, partitions_said
from services.ports.store import RouterStore
from services.router.deciding.batch_decider import BatchDecider
from services.router.deciding.changes import Changes
from services.router.deciding.kinds import concerns_one_lead
from services.router.deciding.snapshot import NOTHING, Overlay
from services.router.deciding.step import USUAL, Handling
from services.router.pipeline import BatchInFlight
from services.router.reached import Reached
from services.router.recovery import Recovery, commit_or_fault, describe_fault
from services.router.ruling_in_store import RulingInStore
from services.router.transaction import BatchTransaction
from services.rules.ruling import Ruling

log = logging.getLogger("stafett.router")
BATCHES_PER_POLL = 8
"""Batches that one poll reads: within it each batch but the first is decided while the one before is written."""
POLL_SECONDS = 0.5
"""How long a poll waits for the first record, and so how long a router that has nothing to do takes to stop."""
MAX_OTHERS_IN_FLIGHT = 2
"""How many earlier batches may be unfinished when the next one starts: one is written, one decided, and the next looks up."""
SMALL = 100
"""A batch below it is followed by a short pause, so that the next one is larger; transactions are what costs."""


HOUR = timedelta(hours=1)
GROUP = "router"


class BudgetSpent(PortError):
    """Too many dead letters in an hour: the router stops rather than set a whole stream aside."""

    def __init__(self, count: int, budget: int) -> None:
        self.count, self.limit = count, budget
        super().__init__(
            f"{count} signals were set aside within an hour and wait, the budget is {budget}; `stafett dlq list` says why"
            " (docs/operations.md says how to go on)"
        )

    @property
    def fields(self) -> dict[str, str | int]:
        return {"count": self.count, "limit": self.limit}


class Outcome:
    """What the last batch did, for metrics: sizes, ages in seconds, lateness of breaches in seconds, how many signals came to
    nothing by (source, fate, reason). `begun_at`: when it was taken up; `ended_at`: when it was committed."""

    def __init__(self, changes: Changes, batch: Sequence[Incoming], begun_at: datetime, ended_at: datetime) -> None:
        now, self.begun_at, self.ended_at = ended_at, begun_at, ended_at
        self.size = len(batch)
        self.signals = [i.signal for i in batch if i.signal is not None]
        self.age = max(((now - s.received_at).total_seconds() for s in self.signals), default=0.0)
        self.breach_lateness = [max(0.0, (now - breach.due_at).total_seconds()) for breach in changes.breaches]
        self.dead_letters = changes.failures
        self.limbo = changes.limbo
        self.fates = Counter(
            (row.source, row.fate, row.reason)
            for row in changes.history
            if row.fate is not None and row.reason is not None
        )


class Router:
    """`group` and `topic` name the positions in the store. `on_batch` is told of each committed batch. `deciding_now`: the time
    of decisions, which may raise ClocksDisagree; `now` where it is left out. Of the `budget` of dead
    letters in an hour one source takes at most `source_budget`."""

    def __init__(
        self,
        store: RouterStore,
        source: Log,
        topic: str,
        ruling: Callable[[], Ruling],
        now: Callable[[], datetime],
        *,
        group: str = GROUP,
        batch_max: int = 500,
        batch_wait: timedelta = timedelta(milliseconds=30),
        deciding_now: Callable[[], datetime] | None = None,
        budget: int = 100,
        source_budget: int = 25,
        relay_bell: Doorbell | None = None,
        on_batch: Callable[[Outcome], None] = lambda _: None,
        on_step: Callable[[], None] = lambda: None,
    ) -> None:
        self._store, self._log, self._topic, self._group = store, source, topic, group
        self._rules, self._now = RulingInStore(ruling, topic), now
        self._deciding_now = deciding_now or now
        self._batch_max, self._batch_wait = batch_max, batch_wait.total_seconds()
        self._budget, self._source_budget = budget, source_budget
        self._bell, self._on_batch, self._on_step = relay_bell, on_batch, on_step
        self._must_recount = True
        self._expected: dict[int, int] = {}
        self._epoch: int | None = None
        self._reached = Reached(topic)
        self._recovery = Recovery(self._commit, self._set_aside)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`. Raises BudgetSpent, ClusterChanged, OffsetLost, RulesUnreadable or StoreWentBack where an operator has to act."""
        consumer = self._log.consumer(self._topic, self._group)
        try:
            while not stop.is_set():
                self._on_step()
                await self.step(consumer)
        finally:
            await consumer.stop()

    async def step(self, consumer: LogConsumer) -> None:
        """What is there to read, at most some batches; returns once it is committed or no longer ours. Raises as `run` does."""
        try:
            async with step_within("router"):
                await self._keep_to_budget()
                await self._position(consumer)
                records = await consumer.poll(BATCHES_PER_POLL * self._batch_max, POLL_SECONDS)
        except (LogUnavailable, StoreUnavailable) as error:
            log.warning("cannot read", extra={"error": type(error).__name__})
            await asyncio.sleep(0.5)
            return
        if records:
            await self.handle(records, consumer)
            if len(records) < SMALL:
                await asyncio.sleep(self._batch_wait)

    async def _keep_to_budget(self) -> None:
        """At the start and after a failure. In the store, so that neither a new start nor a second router has a budget of
        its own. Raises BudgetSpent."""
        if not self._must_recount:
            return
        counts = await self._store.dead_since(self._topic, self._now() - HOUR)
        # One sender stops itself at the door; here it counts no more than that. What cannot be read is of nobody.
        count = sum(min(n, self._source_budget) if source else n for source, n in counts.items())
        if count > self._budget:
            raise BudgetSpent(count, self._budget)
        self._must_recount = False

    async def _position(self, consumer: LogConsumer) -> None:
        """Partitions that came to us are read from where the store says, never from where the log thinks."""
        fresh = consumer.partitions_to_seek()
        if not fresh:
            return
        await self._seek(consumer, sorted(fresh))

    async def _seek(self, consumer: LogConsumer, partitions: Sequence[int]) -> None:
        """Raises StoreWentBack where the store lacks what it had, LogUnavailable, ClusterChanged, and StoreUnavailable: also where somebody
        raised the epoch while the positions were read, of which then nobody knows the epoch."""
        await self._store.check_for_gap()
        # Before the store is asked, so that what others commit meanwhile is no gap.
        reported = await consumer.reported_positions()
        epoch = await self._store.epoch()
        positions = await positions_of(
            self._store, self._log, group=self._group, topic=self._topic, partitions=partitions
        )
        if epoch != await self._store.epoch():
            raise StoreUnavailable("the epoch rose")
        if gap := self._reached.gap(epoch, positions, reported):
            # For the next process too, which does not know what this one knows.
            await self._store.note_gap(gap, self._reached.newest(epoch, reported))
            raise StoreWentBack(gap)
        self._epoch = epoch
        self._expected.update({p.partition: p.offset for p in positions})
        await consumer.seek(positions)
        await consumer.report_positions(positions, epoch)

    async def handle(self, records: Sequence[Record], consumer: LogConsumer | None = None) -> None:
        """Processes these records, however many attempts it takes; returns once they are committed or no longer ours."""
        try:
            await self._process_overlapped(records)
        except Fenced:
            log.warning("fenced: another router has these partitions", extra=self._at(records))
            await self._reposition(records, consumer)
            return
        if consumer is not None:
            await consumer.report_positions(self._positions_after(records), self._epoch)

    async def _process_overlapped(self, records: Sequence[Record]) -> None:
        """Each batch is decided on while the one before it is written; what does not go well is done again by itself.
        Raises Fenced."""
        flights: list[BatchInFlight] = []
        try:
            for at in range(0, len(records), self._batch_max):
                self._on_step()
                with suppress(StoreUnavailable):
                    await self._keep_to_budget()
                flight = BatchInFlight([decode(record) for record in records[at : at + self._batch_max]])
                flight.start(self._transact(flight, flights[-1] if flights else None))
                flights.append(flight)
                await flight.wait_for_begin()
                await self._finish(flights, MAX_OTHERS_IN_FLIGHT)
            await self._finish(flights, 0)
        finally:
            for flight in flights:
                await flight.stop()

    async def _finish(self, flights: list[BatchInFlight], remaining: int) -> None:
        """Waits for the first of them until so many remain. Where one fails, it and those upon it are done one by one."""
        while len(flights) > remaining:
            if await flights[0].went_well():
                flights.pop(0)
                continue
            for flight in flights:
                await flight.stop()
            while flights:
                batch = flights[0].batch
                await self._recovery.process(batch, self._at([i.record for i in batch]))
                flights.pop(0)

    def _at(self, records: Sequence[Record]) -> dict[str, str | int]:
        return {"topic": self._topic, "partition": partitions_said(records), "count": len(records)}

    def _positions_after(self, records: Sequence[Record]) -> list[Position]:
        return [Position(p, self._expected[p]) for p in sorted({record.partition for record in records})]

    async def _reposition(self, records: Sequence[Record], consumer: LogConsumer | None) -> None:
        partitions = sorted({record.partition for record in records})
        for partition in partitions:
            self._expected.pop(partition, None)
        if consumer is None:
            return
        ours = sorted(set(partitions) & consumer.assignment())
        await asyncio.sleep(0.2)
        with suppress(LogUnavailable, StoreUnavailable):
            await self._seek(consumer, ours)

    async def _commit(self, batch: Sequence[Incoming], handling: Handling = USUAL) -> None:
        """One transaction with these, upon no other."""
        await self._transact(BatchInFlight(batch), None, handling)

    async def _transact(
        self, flight: BatchInFlight, previous: BatchInFlight | None, handling: Handling = USUAL
    ) -> BatchDecider:
        """`previous` may be in its transaction still. `tx.advance` fences off other routers before any write but the inbox's."""
        begun_at = self._now()
        async with step_within("router"), self._store.batch() as tx:
            work = BatchTransaction(tx, flight.batch, self._deciding_now(), handling)
            await work.claim_new_signals()
            await work.read_ruling(self._rules)
            assumed = await self._wait_for_overlay(work, previous)
            flight.tell_begin()
            await work.decide(self._epoch if self._epoch is not None else await self._store.epoch(), assumed)
            flight.tell_decision(work.decider)
            is_valid, left_before = await self._wait_for_commit(work, previous, assumed)
            flight.tell_base(left_before)
            moves = self._moves(flight.batch)
            await tx.advance(self._group, self._topic, self._log.cluster, moves)
            await work.lock_leads(is_valid=is_valid)
            await work.write()
            await work.follow_roster(self._rules)
        self._rules.note_kept(work.decider.state.ruling.roster.version)
        self._note_committed(moves)
        self._tell_done(work.decider.result.all, flight.batch, begun_at, ring=tx.needs_relay)
        return work.decider

    async def _wait_for_overlay(self, work: BatchTransaction, previous: BatchInFlight | None) -> Overlay:
        """What the earlier batches leave, as far as the store does not say it yet; meanwhile this one looks up what it needs."""
        if previous is None:
            return NOTHING
        if all(i.signal is None or concerns_one_lead(i.signal) for i in work.signals):
            await work.look_up_early()
            overlay = await previous.wait_for_overlay()
            if overlay is not None:
                return overlay
        else:
            # A merge looks for all links of a lead and a redrive for its letters: no overlay has those.
            await previous.wait_for_commit()
        # It is committed, and may have changed anything, the rules too: all is read again.
        work.forget_reads()
        await work.read_ruling(self._rules)
        return NOTHING

    @staticmethod
    async def _wait_for_commit(
        work: BatchTransaction, previous: BatchInFlight | None, assumed: Overlay
    ) -> tuple[bool, Overlay]:
        """(whether what was decided upon `assumed` holds now that the previous batch is committed, what that one left)"""
        if previous is None:
            return True, NOTHING
        committed, expected = await previous.wait_for_commit(), previous.decider
        if assumed is NOTHING:
            # The store said all of it before this batch, and the one after it, looked.
            return True, NOTHING
        if expected is None or committed is expected:
            return True, committed.overlay()
        return work.rebase(previous.left_before, expected, committed), committed.overlay()

    def _moves(self, batch: Sequence[Incoming]) -> dict[int, tuple[int, int]]:
        after: dict[int, int] = {}
        for incoming in batch:
            after[incoming.record.partition] = incoming.record.offset + 1
        missing = [p for p in after if p not in self._expected]
        if missing:
            raise Fenced("partitions are no longer positioned")
        return {partition: (self._expected[partition], offset) for partition, offset in after.items()}

    def _note_committed(self, moves: Mapping[int, tuple[int, int]]) -> None:
        after = [Position(partition, offset) for partition, (_, offset) in moves.items()]
        self._expected.update(after)
        if self._epoch is not None:
            self._reached.note(self._epoch, after)

    async def _set_aside(self, incoming: Incoming, error: Exception) -> None:
        """This one signal cannot be committed. Its lead is held, if that can be; else the letter stands by itself, in words
        that any store takes, and the positions move on. Raises BudgetSpent, and the error where not even that can be written."""
        with suppress(StoreUnavailable):
            await self._keep_to_budget()
        fault = describe_fault(error)
        letter = dead_letter(
            incoming, None, state="dead", reason=fault.reason, error=fault.error_class, now=self._now()
        )
        _, plain, nameless = forms(letter, incoming.record.value)
        ways: list[Callable[[], Awaitable[None]]] = [
            lambda: self._commit([incoming], Handling(fault=fault)),
            lambda: self._write_letter(incoming, plain),
            lambda: self._write_letter(incoming, nameless),
        ]
        if incoming.signal is not None and incoming.signal.kind == Kind.LEAD_REDRIVE:
            ways.insert(0, lambda: self._commit([incoming], Handling(letters=1)))
        at = self._at([incoming.record])
        for way in ways:
            failure = await commit_or_fault(way, may_narrow=False, fields=at)
            if failure is None:
                return
            error = failure
        raise error

    async def _write_letter(self, incoming: Incoming, letter: DeadLetter) -> None:
        moves, changes = self._moves([incoming]), Changes()
        changes.dead, changes.failures = [letter], 1
        async with self._store.batch() as tx:
            await tx.advance(self._group, self._topic, self._log.cluster, moves)
            await tx.write(Writes(dead_letters=[letter]))
        self._note_committed(moves)
        self._tell_done(changes, [incoming], self._now(), ring=False)

    def _tell_done(self, changes: Changes, batch: Sequence[Incoming], begun_at: datetime, *, ring: bool) -> None:
        if ring and self._bell is not None:
            self._bell.ring()
        self._on_batch(Outcome(changes, batch, begun_at, self._now()))
        if changes.failures:
            for letter in changes.dead:
                if letter.state == "dead":
                    log.error("signal set aside", extra=letter_fields(letter))
            self._must_recount = True


__all__ = ["BudgetSpent", "ClusterChanged", "Outcome", "Router"]
