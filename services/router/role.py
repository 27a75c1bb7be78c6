"""The router's loop: poll, one transaction per batch, tell the log, ring the relay.

What happens on kill -9: before the commit nothing happened, and the records are read again; after it the positions in the
store are past the batch, and Kafka's own offsets, set later, are for dashboards only.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from routing.capacity import limited
from routing.identity import Key, pointed_to
from services.doorbell import Doorbell
from services.ports import (
    Batch,
    ClusterChanged,
    Conflict,
    Fenced,
    Log,
    LogConsumer,
    LogUnavailable,
    PortError,
    Store,
    StoreRejected,
    StoreUnavailable,
)
from services.positions import positions_of
from services.publications import PublishedAgreements
from services.router.fold import Fold
from services.router.in_force import InForce, away_signals, read_changes, who_is_away, write_changes
from services.router.loaded import Loaded, row_of, wanted_accounts, wanted_keys, wanted_leads, wanted_tallies
from services.rows import LeadRow, Position, Record, Writes
from services.ruling import Ruling
from services.signal_records import Incoming, dead_letter, decode, named, partitions_said, record_of

log = logging.getLogger("stafett.router")
ATTEMPTS = 10
"""How often a batch starts over because another router linked the same identity first."""
SMALL = 100
"""A batch below it is followed by a short pause, so that the next one is larger; transactions are what costs."""


HOUR = timedelta(hours=1)


def _may_have_moved(links: Mapping[Key, str], leads: Mapping[str, LeadRow]) -> bool:
    """Whether a merge, or its taking back, may have come between the look at identities and the lock of their leads. Nothing
    else moves an identity; one that another router links at the same time is a conflict when we write."""
    return bool(pointed_to(links)) or any(row.disposition == "merged" for row in leads.values())


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
    """What the last batch did, for metrics: sizes, ages in seconds, lateness of breaches in seconds."""

    def __init__(self, fold: Fold, batch: Sequence[Incoming], now: datetime) -> None:
        self.size = len(batch)
        signals = [i.signal for i in batch if i.signal is not None]
        self.age = max(((now - s.received_at).total_seconds() for s in signals), default=0.0)
        sheet = fold.sheet
        self.breach_lateness = [max(0.0, (now - breach.due_at).total_seconds()) for breach in sheet.breaches]
        self.dead_letters = sheet.failures
        self.limbo = sheet.limbo


class Router:
    """`group` and `topic` name the positions in the store. `on_batch` is told of each committed batch."""

    def __init__(
        self,
        store: Store,
        source: Log,
        topic: str,
        ruling: Callable[[], Ruling],
        now: Callable[[], datetime],
        *,
        group: str = "router",
        batch_max: int = 500,
        batch_wait: timedelta = timedelta(milliseconds=30),
        budget: int = 100,
        relay_bell: Doorbell | None = None,
        on_batch: Callable[[Outcome], None] = lambda _: None,
        on_step: Callable[[], None] = lambda: None,
    ) -> None:
        self._store, self._log, self._topic, self._group = store, source, topic, group
        self._in_force, self._now = InForce(ruling), now
        self._published = PublishedAgreements()
        self._kept: str | None = None
        self._batch_max, self._batch_wait, self._budget = batch_max, batch_wait.total_seconds(), budget
        self._bell, self._on_batch, self._on_step = relay_bell, on_batch, on_step
        self._uncounted = True
        self._expected: dict[int, int] = {}
        self._epoch: int | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`. Raises BudgetSpent, ClusterChanged or OffsetLost where an operator has to act."""
        consumer = self._log.consumer(self._topic, self._group)
        try:
            while not stop.is_set():
                self._on_step()
                await self._step(consumer)
        finally:
            await consumer.stop()

    async def _step(self, consumer: LogConsumer) -> None:
        try:
            await self._keep_to_budget()
            await self._position(consumer)
            records = await consumer.poll(self._batch_max, 0.2)
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
        if not self._uncounted:
            return
        count = await self._store.dead_since(self._topic, self._now() - HOUR)
        if count > self._budget:
            raise BudgetSpent(count, self._budget)
        self._uncounted = False

    async def _position(self, consumer: LogConsumer) -> None:
        """Partitions that came to us are read from where the store says, never from where the log thinks."""
        fresh = consumer.unpositioned()
        if not fresh:
            return
        positions = await positions_of(self._store, self._log, self._group, self._topic, sorted(fresh))
        self._epoch = await self._store.epoch()
        self._expected.update({p.partition: p.offset for p in positions})
        await consumer.seek(positions)

    async def handle(self, records: Sequence[Record], consumer: LogConsumer | None = None) -> None:
        """Processes these records, however often it takes; returns once they are committed or no longer ours."""
        batch = [decode(record) for record in records]
        pause = 0.1
        while True:
            try:
                await self._settle(batch)
            except StoreUnavailable:
                log.warning("store unavailable, trying again", extra=self._at(records))
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)
                continue
            except Fenced:
                log.warning("fenced: another router has these partitions", extra=self._at(records))
                await self._reposition(records, consumer)
                return
            break
        if consumer is not None:
            await consumer.committed(await self._reached(records))

    def _at(self, records: Sequence[Record]) -> dict[str, str | int]:
        return {"topic": self._topic, "partition": partitions_said(records), "count": len(records)}

    async def _reached(self, records: Sequence[Record]) -> list[Position]:
        return [Position(p, self._expected[p]) for p in sorted({record.partition for record in records})]

    async def _reposition(self, records: Sequence[Record], consumer: LogConsumer | None) -> None:
        partitions = sorted({record.partition for record in records})
        for partition in partitions:
            self._expected.pop(partition, None)
        if consumer is None:
            return
        ours = sorted(set(partitions) & consumer.assignment())
        await asyncio.sleep(0.2)
        try:
            positions = await positions_of(self._store, self._log, self._group, self._topic, ours)
        except (LogUnavailable, StoreUnavailable):
            return
        self._expected.update({p.partition: p.offset for p in positions})
        await consumer.seek(positions)

    async def _settle(self, batch: Sequence[Incoming]) -> None:
        """One transaction; where the store refuses what is in it, halves of it, down to the one signal at fault."""
        try:
            await self._transact(batch)
        except StoreRejected as error:
            if len(batch) == 1:
                await self._bury(batch[0], error)
                return
            middle = len(batch) // 2
            await self._settle(batch[:middle])
            await self._settle(batch[middle:])

    async def _transact(self, batch: Sequence[Incoming]) -> None:
        for _ in range(ATTEMPTS):
            try:
                await self._try(batch)
                return
            except Conflict:
                continue
        raise StoreUnavailable("identities kept being linked by others")

    async def _try(self, batch: Sequence[Incoming]) -> None:
        now = self._now()
        moves = self._moves(batch)
        async with self._store.batch() as tx:
            await tx.advance(self._group, self._topic, self._log.cluster, moves)
            fresh = await self._fresh(tx, batch, now)
            changes = await tx.roster_changes()
            fold = await self._fold(tx, fresh, await self._ruled(tx, changes), now)
            await tx.write(fold.writes())
            await self._follow_roster(tx, fold, changes, now)
        self._expected.update({partition: after for partition, (_, after) in moves.items()})
        self._done(fold, batch)

    async def _ruled(self, tx: Batch, changes: str | None) -> Ruling:
        """What rules this batch: which agreement rules a signal is chosen by when it was received."""
        said = await tx.published()
        rows = await tx.agreements(self._published.missing(said))
        return self._published.follow(self._in_force(changes), said, rows)

    async def _follow_roster(self, tx: Batch, fold: Fold, changes: str | None, now: datetime) -> None:
        """In the same transaction: the changes, the version that rules from now on, who has to hand back what."""
        roster, sheet = fold.ruling.roster, fold.sheet
        if sheet.roster_changes:
            await tx.put_roster_changes(write_changes((*read_changes(changes), *sheet.roster_changes)))
        if roster.version != self._kept:
            await tx.keep_roster(roster.version, roster.file.model_dump_json(by_alias=True), now)
            self._kept = roster.version
        for cause in sheet.away:
            rows = await tx.owned_by(who_is_away(cause))
            signals = away_signals(cause, rows, now)
            await tx.spool([record_of(signal, self._topic) for signal in signals])

    def _moves(self, batch: Sequence[Incoming]) -> dict[int, tuple[int, int]]:
        after: dict[int, int] = {}
        for incoming in batch:
            after[incoming.record.partition] = incoming.record.offset + 1
        missing = [p for p in after if p not in self._expected]
        if missing:
            raise Fenced("partitions are no longer positioned")
        return {partition: (self._expected[partition], offset) for partition, offset in after.items()}

    async def _fresh(self, tx: Batch, batch: Sequence[Incoming], now: datetime) -> list[Incoming]:
        """Without what was seen before, in this batch or an earlier one; what does not decode passes."""
        known = {(i.signal.id, i.signal.attempt): i for i in reversed(batch) if i.signal is not None}
        new = await tx.fresh(list(known), now)
        return [i for i in batch if i.signal is None or self._first(i, known, new)]

    @staticmethod
    def _first(incoming: Incoming, known: dict[tuple[str, int], Incoming], new: set[tuple[str, int]]) -> bool:
        assert incoming.signal is not None
        identity = (incoming.signal.id, incoming.signal.attempt)
        return identity in new and known[identity] is incoming

    @staticmethod
    async def _links(tx: Batch, keys: Sequence[Key]) -> dict[Key, str]:
        links = await tx.links(keys)
        while further := [key for key in pointed_to(links) if key not in links]:
            found = await tx.links(further)
            if not found:
                break
            links |= found
        return links

    async def _fold(self, tx: Batch, batch: Sequence[Incoming], ruling: Ruling, now: datetime) -> Fold:
        """Leads are locked before they are decided on; what routers share only then, and only what was leant on."""
        keys = wanted_keys(batch)
        links = await self._links(tx, keys)
        leads = await tx.lock_leads(sorted(wanted_leads(batch, links)))
        if _may_have_moved(links, leads) and await self._links(tx, keys) != links:
            raise Conflict("leads were merged or parted meanwhile")
        merging = sorted({i.signal.other_lead_id for i in batch if i.signal and i.signal.other_lead_id})
        links_of = await tx.links_of(merging) if merging else {}
        asked = [i.signal.lead_id for i in batch if i.signal and i.signal.kind == "lead.redrive" and i.signal.lead_id]
        waiting = await tx.waiting(asked) if asked else []
        accounts = await tx.read_accounts(sorted(wanted_accounts(leads.values(), links)))
        people = sorted(limited(ruling.roster))
        tallies = wanted_tallies(batch, [ruling.agreement, *(agreement for _, agreement in ruling.timeline)])
        ledgers = await tx.read_ledgers([*sorted(ruling.roster.pools), *map(row_of, people), *sorted(tallies)])
        opens = await tx.open_leads(people)
        epoch = self._epoch if self._epoch is not None else await self._store.epoch()
        fold = Fold(Loaded(links, leads, accounts, ledgers, waiting, opens, links_of), ruling, now, epoch)
        fold.run(batch)
        return await self._settled(tx, fold, people)

    @staticmethod
    async def _settled(tx: Batch, fold: Fold, people: Sequence[str]) -> Fold:
        """Locks in one order (companies, then ledgers), so that routers never wait in a ring; where another router moved
        something between our look and our lock, what leans on it is decided on anew."""
        while fold.touched_accounts or fold.touched_pools:
            held = fold.touched_accounts, fold.touched_pools
            accounts = await tx.lock_accounts(sorted(held[0]))
            ledgers = await tx.lock_ledgers(sorted(held[1]))
            opens = await tx.open_leads(people) if not held[1].isdisjoint(map(row_of, people)) else fold.loaded.opens
            if not fold.loaded.moved(accounts, ledgers, opens):
                break
            fold = fold.again(accounts, ledgers, opens)
            if fold.touched_accounts <= held[0] and fold.touched_pools <= held[1]:
                break
        return fold

    async def _bury(self, incoming: Incoming, error: StoreRejected) -> None:
        """The store refuses this one signal: it becomes a dead letter by itself, and the positions move on."""
        now = self._now()
        letter = dead_letter(incoming, None, "dead", "the store refused it", type(error).__name__, now)
        if letter.signal_id is not None:
            letter = letter._replace(raw=incoming.record.value, facts=None, personal=None)
        moves = self._moves([incoming])
        async with self._store.batch() as tx:
            await tx.advance(self._group, self._topic, self._log.cluster, moves)
            await tx.write(Writes((), (), (), (), (), (), (), (letter,), ()))
        log.error("signal set aside", extra=named(letter))
        self._expected.update({partition: after for partition, (_, after) in moves.items()})
        self._uncounted = True

    def _done(self, fold: Fold, batch: Sequence[Incoming]) -> None:
        if self._bell is not None:
            self._bell.ring()
        self._on_batch(Outcome(fold, batch, self._now()))
        if fold.sheet.failures:
            for letter in fold.set_aside:
                log.error("signal set aside", extra=named(letter))
            self._uncounted = True


__all__ = ["BudgetSpent", "ClusterChanged", "Outcome", "Router"]
