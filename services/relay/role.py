"""The relay: outbox -> topics -> events, and spool -> log. One is active at a time, by a lease with an epoch.

On kill -9 between the publication and the move to `events` the rows are still in the outbox: they are published again
with the same ids, and consumers drop what they have seen by `sequence`. Between an append and the spool's emptying it is
the same: the signals come once more, and the inbox drops them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from schemas.certain import certain
from schemas.envelope import whole
from services.loops.doorbell import Doorbell
from services.loops.steps import step_within
from services.ports.errors import Fenced, LogUnavailable, RecordTooLarge, StoreUnavailable
from services.ports.log import Log
from services.ports.rows import OutboxEntry, RecordOut, SpoolEntry
from services.ports.sealing import PersonKeys
from services.ports.signal_records import letter_fields, unsendable, write_letters
from services.ports.store import RelayStore
from services.sealing.events import seal_event

log = logging.getLogger("stafett.relay")
LEASE = "relay"


class Relay:
    """`topic_of` maps an event topic's short name (`leads`) to the log's (`stafett.leads.v1`). `keys`: what is personal is sealed
    with the key of its lead before it goes to a topic; None where it goes as it is. `feed_bells` ring when events are in the feed."""

    def __init__(
        self,
        store: RelayStore,
        target: Log,
        topic_of: Callable[[str], str],
        now: Callable[[], datetime],
        holder: str,
        *,
        lease_ttl: timedelta = timedelta(seconds=10),
        poll: timedelta = timedelta(milliseconds=100),
        batch_max: int = 1000,
        keys: PersonKeys | None = None,
        bell: Doorbell | None = None,
        feed_bells: Sequence[Doorbell] = (),
        on_published: Callable[[int], None] = lambda _: None,
        on_moved: Callable[[Sequence[OutboxEntry], datetime, datetime], None] = lambda *_: None,
        on_set_aside: Callable[[int], None] = lambda _: None,
        on_unpublished: Callable[[int], None] = lambda _: None,
        on_step: Callable[[], None] = lambda: None,
    ) -> None:
        self._store, self._log, self._topic_of, self._now, self._holder = store, target, topic_of, now, holder
        self._ttl, self._poll, self._batch_max = lease_ttl.total_seconds(), poll.total_seconds(), batch_max
        self._bell, self._feed_bells, self._on_published = bell or Doorbell(), feed_bells, on_published
        self._on_set_aside, self._on_unpublished, self._on_step = on_set_aside, on_unpublished, on_step
        self._keys, self._on_moved = keys, on_moved
        self._epoch: int | None = None
        self._renew_at = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; gives the lease back then, so that another relay need not wait for it to run out."""
        try:
            while not stop.is_set():
                self._on_step()
                moved = await self._step()
                if not moved:
                    await self._bell.wait(self._poll if self._epoch is not None else min(1.0, self._ttl / 3))
        finally:
            await self.release()

    async def _step(self) -> int:
        try:
            async with step_within("relay"):
                if not await self._hold_lease():
                    return 0
                return await self.step() + await self.unspool()
        except (LogUnavailable, StoreUnavailable) as error:
            log.warning("cannot relay", extra={"error": type(error).__name__})
            await asyncio.sleep(0.5)
        except Fenced:
            log.warning("lost the lease", extra={"holder": self._holder, "epoch": self._epoch})
            self._epoch = None
        return 0

    async def _hold_lease(self) -> bool:
        ticks = asyncio.get_running_loop().time()
        if self._epoch is None or ticks >= self._renew_at:
            before = self._epoch
            self._epoch = await self._store.acquire_lease(LEASE, self._holder, self._ttl)
            if self._epoch is not None and self._epoch != before:
                log.info("took the lease", extra={"holder": self._holder, "epoch": self._epoch})
            self._renew_at = ticks + self._ttl / 3
        return self._epoch is not None

    async def step(self) -> int:
        """One batch from the outbox; returns its size. Raises LogUnavailable, StoreUnavailable, Fenced."""
        entries = await self._store.outbox(self._batch_max)
        if not entries:
            return 0
        begun_at = self._now()
        await self._publish(entries)
        epoch = certain(self._epoch, "step() runs under a lease")
        await self._store.move_to_events(entries, LEASE, epoch, self._now())
        self._on_published(len(entries))
        self._on_moved(entries, begun_at, self._now())
        for bell in self._feed_bells:
            bell.ring()
        return len(entries)

    async def _publish(self, entries: Sequence[OutboxEntry]) -> None:
        """One that the log never takes holds up nobody: it is in the feed, and on no topic."""
        try:
            await self._log.publish(await self._records(entries))
        except RecordTooLarge:
            if len(entries) > 1:
                for entry in entries:
                    await self._publish([entry])
                return
            row = entries[0].row
            fields = {"event_id": row.event_id, "lead_id": row.lead_id, "kind": row.type}
            log.error("larger than the log takes: in the feed only", extra=fields)
            self._on_unpublished(1)

    async def unspool(self) -> int:
        """Signals that the log could not take when they came; returns how many wait no more. One that it never takes
        becomes a dead letter, so that it holds up nobody. Raises LogUnavailable, StoreUnavailable."""
        waiting = await self._store.spool_entries(self._batch_max)
        if not waiting:
            return 0
        try:
            await self._log.append([entry.record for entry in waiting])
        except RecordTooLarge as error:
            return await self._settle(waiting, error.stored, error.at)
        except LogUnavailable as error:
            await self._settle(waiting, error.stored)
            raise
        return await self._settle(waiting, range(len(waiting)))

    async def _settle(self, waiting: Sequence[SpoolEntry], stored: Iterable[int], large: Iterable[int] = ()) -> int:
        """What the log has, and what it never takes, leaves the spool."""
        large = list(large)
        letters = [unsendable(waiting[at], self._now()) for at in large]
        ids = [waiting[at].id for at in (*stored, *large)]
        for letter in letters:
            log.error("larger than the log takes: set aside", extra=letter_fields(letter))
        if letters:
            self._on_set_aside(len(letters))
        if ids:
            raws = [waiting[at].record.value for at in large]
            await write_letters(lambda form: self._store.unspool(ids, form), letters, raws)
        return len(ids)

    async def drain(self) -> None:
        """Until outbox and spool are empty, under the lease; for tools and tests. Raises as `step` does."""
        if not await self._hold_lease():
            raise Fenced("another relay holds the lease")
        while await self.step() + await self.unspool():
            pass

    async def release(self) -> None:
        """Another relay need not wait for the lease to run out."""
        try:
            await self._store.release_lease(LEASE, self._holder)
        except StoreUnavailable:
            log.warning("could not give the lease back; it runs out by itself")

    async def _records(self, entries: Sequence[OutboxEntry]) -> list[RecordOut]:
        """As the topics get them. A key is in the store before anything is sealed with it, so that a kill in between leaves a
        key that opens nothing yet, and never a record that nothing opens. Raises StoreUnavailable."""
        rows = [entry.row for entry in entries]
        if self._keys is None:
            texts = [whole(row.head, row.personal) for row in rows]
        else:
            secrets = await self._keys.make_keys({row.lead_id for row in rows if row.personal}, self._now())
            texts = [
                seal_event(
                    row.head,
                    row.personal,
                    event_id=row.event_id,
                    lead_id=row.lead_id,
                    secret=secrets.get(row.lead_id),
                )
                for row in rows
            ]
        return [
            RecordOut(self._topic_of(row.topic), row.partition_key.encode(), text.encode())
            for row, text in zip(rows, texts, strict=True)
        ]
