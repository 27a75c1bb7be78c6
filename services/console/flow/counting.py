"""What came in and went on, counted by quarter of an hour and kept in the store, so that no look at a day reads its events.

Each process with the page counts what is new, at most a minute after it is there and before each look. Position and counts are one
transaction, moved on from where they were read: of two processes that count the same events one writes them, and what is killed
meanwhile counts nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from services.console.flow.figures import TYPES, Figure, figure_of
from services.ports.errors import PortError
from services.ports.flow import CountedKey, FlowCounting, UncountedEvent

log = logging.getLogger("stafett.http")
QUARTER = timedelta(minutes=15)
"""No zone has a midnight between two of them."""
PAGE = 2000
"""Positions that are counted in one transaction; others have their turn between two of them."""
EVERY = 60.0
"""Seconds between two looks for what is new."""
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - only the distance to it matters


def quarter_of(at: datetime) -> datetime:
    """When the quarter of an hour began that this instant is in, as the clocks of its zone show it."""
    return at - (at.replace(tzinfo=None) - _EPOCH) % QUARTER


def count_events(events: Iterable[UncountedEvent]) -> Counter[CountedKey]:
    """How many of them count for each figure. Raises msgspec.DecodeError for what is no half of ours."""
    counts: Counter[CountedKey] = Counter()
    for event in events:
        figure = figure_of(event.head)
        if figure is not None:
            counts[_key_of(event, figure)] += 1
    return counts


def _key_of(event: UncountedEvent, figure: Figure) -> CountedKey:
    return CountedKey(
        quarter=quarter_of(event.recorded_at), brand=event.brand, kind=figure.kind, of=figure.of, to=figure.to
    )


class FlowCounter:
    """One for each process."""

    def __init__(self, counting: FlowCounting) -> None:
        self._counting = counting
        self._lock = asyncio.Lock()

    async def catch_up(self) -> None:
        """Counts everything up to the last event of now. Raises StoreUnavailable."""
        types = tuple(TYPES.values())
        async with self._lock:
            head = await self._counting.head()
            while (after := await self._counting.counted_upto()) < head:
                upto = min(head, after + PAGE)
                events = await self._counting.events_to_count(after, upto, types)
                await self._counting.add_counts(count_events(events), after, upto)
                await asyncio.sleep(0)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`: so nobody who looks waits for what came in a quiet week."""
        while not stop.is_set():
            try:
                await self.catch_up()
            except PortError as error:
                log.debug("what is new is not counted yet", extra={"error": type(error).__name__})
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY)
