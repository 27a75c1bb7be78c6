"""The figures of days, each counted once: what was recorded does not change, so a day that is over is kept, and of today only what is
new is read."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from statistics import median
from typing import NamedTuple
from zoneinfo import ZoneInfo

from services.console.flow.figures import TYPES, Figure, figure_of
from services.ports.flow import FlowReading, Stretch

WEEKS = 8
"""So many of the same weekday before are looked at for what is usual."""
PAGE = 2000
"""Events that are read at a time; others have their turn between two of them."""
MOST = 200_000
"""Events of a day that are counted at most."""
KEPT = 200
"""Days that are kept at most, of all zones and brands that were asked for: some ten kilobytes each."""
MINUTES = 24 * 60
OVER = timedelta(minutes=10)
"""So long after its end a day gets no more events: instants of recording differ by less."""


class Whose(NamedTuple):
    """Whose days: as they begin in this zone, of leads of these brands (None: all)."""

    zone: ZoneInfo
    brands: frozenset[str] | None


class Figures(NamedTuple):
    """What happened on a day up to `until`, and what is usual by then: the median over `days` of the same weekday. `is_all` is False
    where the day has more than is counted."""

    counts: Mapping[Figure, int]
    usual: Mapping[Figure, float]
    days: int
    is_all: bool


def bounds_of(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From midnight to midnight."""
    return datetime.combine(day, time.min, zone), datetime.combine(day + timedelta(days=1), time.min, zone)


class _Day:
    """One day of somebody's, counted by the minute as their clocks show it."""

    def __init__(self, whose: Whose, day: date) -> None:
        self._whose = whose
        self._since, self._until = bounds_of(day, whose.zone)
        self._counts: Counter[tuple[int, Figure]] = Counter()
        self._after: int | None = None
        self._lock = asyncio.Lock()
        self._sums: tuple[int, Counter[Figure]] | None = None
        self._number = 0
        self._over = False

    @property
    def is_all(self) -> bool:
        """Whether everything is counted."""
        return self._number < MOST

    async def read(self, reading: FlowReading, now: datetime) -> None:
        """Counts what is new. Raises StoreUnavailable."""
        async with self._lock:
            if self._over or not self.is_all:
                return
            ends = now >= self._until + OVER
            # Before the day is over whatever comes is looked at, up to the head of now.
            head = await reading.head()
            if self._after is None or ends:
                stretch = await reading.stretch(self._since, self._until)
                self._after = stretch.after if self._after is None else self._after
                head = stretch.upto if ends else head
            await self._count(reading, Stretch(self._after, head, self._since, self._until))
            self._over = ends

    async def _count(self, reading: FlowReading, stretch: Stretch) -> None:
        types = tuple(TYPES.values())
        while self.is_all and stretch.after < stretch.upto:
            events = await reading.flow_events(stretch, types, self._whose.brands, PAGE)
            for event in events:
                figure = figure_of(event.head)
                if figure is not None:
                    local = event.recorded_at.astimezone(self._whose.zone)
                    self._counts[local.hour * 60 + local.minute, figure] += 1
            self._number += len(events)
            self._sums = None
            self._after = events[-1].position if len(events) == PAGE else stretch.upto
            stretch = stretch._replace(after=self._after)
            await asyncio.sleep(0)

    def sums(self, minute: int = MINUTES) -> Counter[Figure]:
        """What happened before this minute of the day."""
        if self._sums is None or self._sums[0] != minute:
            found: Counter[Figure] = Counter()
            for (at, figure), number in self._counts.items():
                if at < minute:
                    found[figure] += number
                    found[figure.total()] += number
            self._sums = (minute, found)
        return self._sums[1]


class Tally:
    """The days of everybody who looks at this process's page."""

    def __init__(self, reading: FlowReading) -> None:
        self._reading = reading
        self._days: OrderedDict[tuple[Whose, date], _Day] = OrderedDict()

    async def figures(self, whose: Whose, day: date, now: datetime) -> Figures:
        """Of a day; of today up to now. Raises StoreUnavailable."""
        local = now.astimezone(whose.zone)
        minute = local.hour * 60 + local.minute if day == local.date() else MINUTES
        shown = await self._read(whose, day, now)
        began_at = await self._reading.began_at()
        before = [day - timedelta(weeks=number) for number in range(1, WEEKS + 1)]
        known = [one for one in before if began_at is not None and began_at <= bounds_of(one, whose.zone)[0]]
        sums = [(await self._read(whose, one, now)).sums(minute) for one in known]
        return Figures(shown.sums(), _medians(sums), len(sums), shown.is_all)

    async def _read(self, whose: Whose, day: date, now: datetime) -> _Day:
        found = self._days.setdefault((whose, day), _Day(whose, day))
        self._days.move_to_end((whose, day))
        if len(self._days) > KEPT:
            self._days.popitem(last=False)
        await found.read(self._reading, now)
        return found


def _medians(sums: Sequence[Counter[Figure]]) -> dict[Figure, float]:
    """Of each figure that any of the days has."""
    return {figure: median(one[figure] for one in sums) for figure in sorted(set().union(*sums))}
