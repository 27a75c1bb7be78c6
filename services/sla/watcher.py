"""The SLA watcher: reads due clocks, writes nothing to the store, appends `clock.due` signals.

A clock that falls due is announced once the router has reached what the log held then, so that a follow-up answered 202
before the instant counts even when the router is behind; at the latest after the grace. The signal's id comes from
clock and revision, so any number of watchers is safe, and a kill -9 at any place only means that it is announced again.
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

log = logging.getLogger("stafett.sla")
AGAIN = timedelta(seconds=30)
"""A due clock that is still running so long after it was announced is announced again."""


class _Noticed(NamedTuple):
    """When a clock was first seen due, and what the log held then."""

    at: datetime
    ends: dict[int, int]
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
        on_step: Callable[[], None] = lambda: None,
    ) -> None:
        self._store, self._log, self._topic, self._group, self._now = store, target, topic, group, now
        self._grace, self._sweep, self._batch_max = grace, sweep.total_seconds(), batch_max
        self._on_step = on_step
        self._noticed: dict[tuple[str, int], _Noticed] = {}

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._on_step()
            try:
                async with step_within("sla"):
                    waiting = await self.sweep()
                pause = 0.05 if waiting else await self._until_next()
            except (LogUnavailable, StoreUnavailable) as error:
                log.warning("cannot watch", extra={"error": type(error).__name__})
                pause = 0.5
            await _sleep(pause, stop)

    async def sweep(self) -> bool:
        """One look at all due clocks, page by page, so that those which are announced and not judged yet hide none behind
        them; True while some wait for the router before they may be announced. Raises LogUnavailable, StoreUnavailable."""
        now, waiting = self._now(), False
        page = await self._store.due_clocks(now, self._batch_max)
        # Before anything is announced: our own announcements are nothing that a clock has to wait for.
        ends = await self._log.end_offsets(self._topic) if page else {}
        seen: set[tuple[str, int]] = set()
        while page:
            for row in page:
                seen.add((row.id, row.revision))
                self._noticed.setdefault((row.id, row.revision), _Noticed(now, ends))
            reached = await self._store.all_positions(self._group, self._topic, self._log.cluster)
            await self._announce([row for row in page if self._may_announce(row, reached, now)], now)
            waiting |= any(self._noticed[row.id, row.revision].announced_at is None for row in page)
            if len(page) < self._batch_max:
                break
            page = await self._store.due_clocks(now, self._batch_max, (page[-1].next_at or now, page[-1].id))
        self._noticed = {key: self._noticed[key] for key in seen}
        return waiting

    def _may_announce(self, row: ClockRow, reached: dict[int, int], now: datetime) -> bool:
        seen = self._noticed[(row.id, row.revision)]
        if seen.announced_at is not None:
            return now >= seen.announced_at + AGAIN
        caught_up = all(reached.get(partition, 0) >= end for partition, end in seen.ends.items())
        return caught_up or now >= seen.at + self._grace

    async def _announce(self, rows: list[ClockRow], now: datetime) -> None:
        """In due order."""
        if not rows:
            return
        await self._log.append([self._record(row, now) for row in rows])
        for row in rows:
            key = (row.id, row.revision)
            self._noticed[key] = self._noticed[key]._replace(announced_at=now)

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
