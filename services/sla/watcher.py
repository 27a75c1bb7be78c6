"""The SLA watcher: reads due clocks, writes nothing to the store, appends `clock.due` signals.

A clock that falls due is announced once the router has reached what the log held then, so that a follow-up answered 202
before the instant counts even when the router is behind; at the latest after the grace. Of many that fall due at once some
are announced at a time (`pacing`), so that they hold up no other signal. The signal's id comes from clock and revision, so any number of watchers is safe, and a kill -9 at any place only means that it is announced again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from routing.model.ids import derive, promise_subject
from routing.model.records import Clock
from schemas.certain import certain
from schemas.signals import ClockDue, Kind, Signal
from services.loops.steps import step_within
from services.ports.errors import LogUnavailable, StoreUnavailable
from services.ports.log import Log
from services.ports.rows import ClockRow, RecordOut
from services.ports.signal_records import record_of
from services.ports.store import ClockStore
from services.sla.pacing import AHEAD, Pace

log = logging.getLogger("stafett.sla")
AGAIN = timedelta(seconds=30)
"""A due clock that is still running so long after it was announced is announced again."""


FULL_SHARE = 10
"""A look at all due clocks that took so long is followed by so many times as long in which only those are read that fell due since,
or that may be announced: while the router works off many, they are not read again and again."""


class _Noticed(NamedTuple):
    """When a clock was first seen due, what the log held then, and where it stands in the order of due clocks."""

    at: datetime
    ends: dict[int, int]
    next_at: datetime
    announced_at: datetime | None = None


class Watcher:
    """`group` is the router's: its stored positions tell how far it has read."""

    def __init__(
        self,
        store: ClockStore,
        target: Log,
        topic: str,
        now: Callable[[], datetime],
        *,
        group: str = "router",
        grace: timedelta = timedelta(seconds=2),
        sweep: timedelta = timedelta(seconds=1),
        batch_max: int = 500,
        trace: Callable[[ClockRow, datetime], str | None] = lambda *_: None,
        ahead: int = AHEAD,
        on_step: Callable[[], None] = lambda: None,
    ) -> None:
        """`trace(clock, now)` is the `traceparent` that what follows from the clock belongs to; None where nothing is traced."""
        self._store, self._log, self._topic, self._group, self._now = store, target, topic, group, now
        self._grace, self._sweep, self._batch_max = grace, sweep.total_seconds(), batch_max
        self._on_step, self._trace, self._pace = on_step, trace, Pace(ahead)
        self._noticed: dict[tuple[str, int], _Noticed] = {}
        self._read_until: datetime | None = None
        self._all_again_at = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._on_step()
            try:
                async with step_within("sla"):
                    waiting = await self.look()
                pause = 0.05 if waiting else await self._until_next()
            except (LogUnavailable, StoreUnavailable) as error:
                log.warning("cannot watch", extra={"error": type(error).__name__})
                pause = 0.5
            await _sleep(pause, stop)

    async def look(self) -> bool:
        """As `sweep`, which it is now and then; else at what fell due since the last look, and at what may be announced by now."""
        loop = asyncio.get_running_loop()
        if self._read_until is None or loop.time() >= self._all_again_at:
            begun = loop.time()
            waiting = await self.sweep()
            took = loop.time() - begun
            self._all_again_at = begun + took + max(self._sweep, FULL_SHARE * took)
            return waiting
        now, begin = self._now(), self._read_until
        if unannounced := [noticed for noticed in self._noticed.values() if noticed.announced_at is None]:
            reached = await self._read_positions()
            if not self._pace.room(reached, now):
                return True
            ready = [noticed.next_at for noticed in unannounced if self._is_ready(noticed, reached, now)]
            begin = min([begin, *ready])
        return await self._sweep_from(begin, now)

    async def sweep(self) -> bool:
        """One look at all due clocks, page by page, so that those which are announced and not judged yet hide none behind
        them; True while some wait for the router before they may be announced. Raises LogUnavailable, StoreUnavailable."""
        return await self._sweep_from(None, self._now())

    async def _sweep_from(self, begin: datetime | None, now: datetime) -> bool:
        """`begin`: those that fell due before it are left as they are. Once no more may be announced, such a look ends: what comes
        after is read by the next one. A look at all goes on and announces no more, so that none overtakes an earlier one: each clock
        waits for what the log held when it was seen."""
        page = await self._store.due_clocks(now, self._batch_max, None if begin is None else (begin, ""))
        # Before anything is announced: our own announcements are nothing that a clock has to wait for.
        ends = await self._log.end_offsets(self._topic) if page else {}
        seen, is_full = set[tuple[str, int]](), False
        while page:
            for row in page:
                seen.add((row.id, row.revision))
                self._noticed.setdefault((row.id, row.revision), _Noticed(now, ends, row.next_at or now))
            reached = await self._read_positions()
            ready = [row for row in page if self._may_announce(row, reached, now)]
            room = 0 if is_full else self._pace.room(reached, now)
            await self._announce(ready[:room], now)
            is_full = is_full or len(ready) > room
            if is_full and begin is not None:
                return True
            if len(page) < self._batch_max:
                break
            page = await self._store.due_clocks(now, self._batch_max, (page[-1].next_at or now, page[-1].id))
        self._noticed = {
            key: noticed
            for key, noticed in self._noticed.items()
            if key in seen or (begin is not None and noticed.next_at < begin)
        }
        self._read_until = now
        return any(noticed.announced_at is None for noticed in self._noticed.values())

    async def _read_positions(self) -> dict[int, int]:
        return await self._store.all_positions(self._group, self._topic, self._log.cluster)

    def _may_announce(self, row: ClockRow, reached: dict[int, int], now: datetime) -> bool:
        seen = self._noticed[(row.id, row.revision)]
        if seen.announced_at is not None:
            return now >= seen.announced_at + AGAIN
        return self._is_ready(seen, reached, now)

    def _is_ready(self, noticed: _Noticed, reached: dict[int, int], now: datetime) -> bool:
        caught_up = all(reached.get(partition, 0) >= end for partition, end in noticed.ends.items())
        return caught_up or now >= noticed.at + self._grace

    async def _announce(self, rows: list[ClockRow], now: datetime) -> None:
        """In due order."""
        if not rows:
            return
        await self._log.append([self._record(row, now) for row in rows])
        for row in rows:
            key = (row.id, row.revision)
            self._noticed[key] = self._noticed[key]._replace(announced_at=now)
        self._pace.note(len(rows), await self._log.end_offsets(self._topic), now)

    def _record(self, row: ClockRow, now: datetime) -> RecordOut:
        at = row.next_at or row.due_at
        about = row.lead_id or promise_subject(certain(row.promise, "a clock is a lead's or a promise's"))
        due = ClockDue(clock_id=row.id, revision=row.revision, lead_id=about, due_at=at, noticed_at=now)
        signal = Signal(
            kind=Kind.CLOCK_DUE,
            dedupe_key=f"{row.id}:{row.revision}",
            id=derive("sig", row.id, row.revision),
            source="sla",
            occurred_at=at,
            received_at=now,
            partition_key=row.partition_key,
            clock=due,
            traceparent=self._trace(row, now),
            # What follows from a clock on trial is on trial, too: a lead taken back by it must alarm nobody.
            mode="observe" if Clock.read(row.body).mode == "observe" else "live",
        )
        return record_of(signal, self._topic)

    async def _until_next(self) -> float:
        """Seconds to the next instant at which a clock falls due, at most the sweep's pause: a clock started meanwhile may be
        due earlier. Those that are due and announced are the router's business."""
        now = self._now()
        due = await self._store.next_due(now)
        return self._sweep if due is None else min(self._sweep, (due - now).total_seconds())


async def _sleep(seconds: float, stop: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(stop.wait(), max(seconds, 0.005))
    except TimeoutError:
        return
