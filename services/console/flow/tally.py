"""The figures of days, from what is counted by quarter of an hour. Only of the quarter that is not over yet are events read, on the days
that say what is usual: up to the minute that it is now."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from statistics import median
from typing import NamedTuple
from zoneinfo import ZoneInfo

from services.console.flow.counting import QUARTER, quarter_of
from services.console.flow.figures import TYPES, Figure, figure_of, kind_of
from services.ports.flow import FlowCount, FlowReading

WEEKS = 8
"""So many of the same weekday before are looked at for what is usual."""
MOST = 50_000
"""Events of a quarter of an hour that are read at most."""
KEPT = 200
"""Quarters of an hour whose events are kept at most."""


class Whose(NamedTuple):
    """Whose days: as they begin in this zone, of leads of these brands (None: all)."""

    zone: ZoneInfo
    brands: frozenset[str] | None


class Figures(NamedTuple):
    """What happened on a day up to now, and what is usual by then: the median over `days` of the same weekday."""

    counts: Mapping[Figure, int]
    usual: Mapping[Figure, float]
    days: int


def bounds_of(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From midnight to midnight."""
    return datetime.combine(day, time.min, zone), datetime.combine(day + timedelta(days=1), time.min, zone)


_Moments = list[tuple[datetime, Figure]]


class Tally:
    """The days of everybody who looks at this process's page; `count` counts what is new."""

    def __init__(self, reading: FlowReading, count: Callable[[], Awaitable[None]]) -> None:
        self._reading, self._count = reading, count
        self._quarters: OrderedDict[tuple[frozenset[str] | None, datetime], _Moments] = OrderedDict()

    async def figures(self, whose: Whose, day: date, now: datetime) -> Figures:
        """Of a day; of today up to now. Raises StoreUnavailable."""
        await self._count()
        local = now.astimezone(whose.zone)
        is_today = day == local.date()
        began_at = await self._reading.began_at()
        before = [day - timedelta(weeks=number) for number in range(1, WEEKS + 1)]
        known = [one for one in before if began_at is not None and began_at <= bounds_of(one, whose.zone)[0]]
        begun = quarter_of(local)
        spans = [
            (bounds_of(one, whose.zone)[0], datetime.combine(one, begun.time(), whose.zone))
            if is_today
            else bounds_of(one, whose.zone)
            for one in known
        ]
        counted = await self._reading.counts([bounds_of(day, whose.zone), *spans], whose.brands)
        shown, *usual = (_figures_of(counts) for counts in counted)
        if is_today:
            for sums, (_, until) in zip(usual, spans, strict=True):
                sums.update(await self._part(whose, until, local - begun))
        with_sums = [_with_sums(sums) for sums in usual]
        return Figures(_with_sums(shown), _medians(with_sums), len(known))

    async def _part(self, whose: Whose, begun: datetime, minutes: timedelta) -> Counter[Figure]:
        """What happened within this quarter of an hour, so many whole minutes of it."""
        until = begun + timedelta(minutes=minutes // timedelta(minutes=1))
        if until == begun:
            return Counter()
        return Counter(figure for at, figure in await self._quarter(whose.brands, begun) if at < until)

    async def _quarter(self, brands: frozenset[str] | None, begun: datetime) -> _Moments:
        key = (brands, begun)
        if key not in self._quarters:
            stretch = await self._reading.stretch(begun, begun + QUARTER)
            events = await self._reading.flow_events(stretch, tuple(TYPES.values()), brands, MOST)
            found = [(event.recorded_at, figure_of(event.head)) for event in events]
            self._quarters[key] = [(at, figure) for at, figure in found if figure is not None]
            if len(self._quarters) > KEPT:
                self._quarters.popitem(last=False)
        return self._quarters[key]


def _figures_of(counts: Sequence[FlowCount]) -> Counter[Figure]:
    found: Counter[Figure] = Counter()
    for one in counts:
        if (kind := kind_of(one.kind)) is not None:
            found[Figure(kind, one.of, one.to)] += one.number
    return found


def _with_sums(counts: Counter[Figure]) -> Counter[Figure]:
    """With all of each kind."""
    found = Counter(counts)
    for figure, number in counts.items():
        found[figure.total()] += number
    return found


def _medians(sums: Sequence[Counter[Figure]]) -> dict[Figure, float]:
    """Of each figure that any of the days has."""
    return {figure: median(one[figure] for one in sums) for figure in sorted(set().union(*sums))}
