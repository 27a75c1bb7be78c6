"""Business time: due instants over calendars, exact to the microsecond, through DST and odd zones.

Each year of a calendar is reckoned once, when first needed, into sorted UTC intervals with their running sum; a query is
two bisections. All instants are aware; results are UTC. Intervals are half-open.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from routing.errors import RoutingError
from schemas.calendar import DAY, WEEKDAYS, Calendar, seconds_of_day
from schemas.duration import Target

HORIZON_YEARS = 12
"""A target that open time does not cover within so many years is refused."""
MICRO = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ONE = timedelta(microseconds=1)
_ONE_DAY = timedelta(days=1)
_SLACK = 3 * 3600 * MICRO
"""More than any zone's clocks were ever moved at once, but for a zone that changed sides of the date line."""

Pause = tuple[datetime, datetime]
"""Half-open [from, to)."""
OfYear = Callable[[int], Mapping[date, str]]
"""The public holidays of a year: {day: its name}."""


class BusinessTimeError(RoutingError):
    """An instant or an amount of business time makes no sense."""


class HorizonExceeded(BusinessTimeError):
    """The calendar has not enough open time for this target within the horizon."""


class _Year(NamedTuple):
    """One year of open time: starts and ends in UTC microseconds, and what was open before each start; `days` has the
    first opening and last closing of each local date that has any."""

    starts: list[int]
    ends: list[int]
    before: list[int]
    total: int
    days: dict[date, tuple[int, int]]


class BusinessCalendar:
    """A compiled calendar. Years are of the zone's local dates; they are kept once reckoned. `holidays` gives its public
    holidays where they were resolved before; else they are those of the installed calendar data."""

    def __init__(self, calendar: Calendar, holidays: OfYear | None = None) -> None:
        self.zone = ZoneInfo(calendar.zone)
        self._week = [_merged(calendar.week.get(day, ())) for day in WEEKDAYS]
        self._closed = frozenset(calendar.closed_days)
        self._holidays = holidays or (calendar.holidays.of_year if calendar.holidays is not None else None)
        self._holidays_of: dict[int, Mapping[date, str]] = {}
        self._special = {day: _merged(hours) for day, hours in calendar.special_days.items()}
        self._years: dict[int, _Year] = {}

    def open_seconds_between(self, start: datetime, end: datetime) -> float:
        """Open time in [start, end), seconds; 0 where end <= start."""
        return self._open_between(micros(start), micros(end)) / MICRO

    def is_open(self, at: datetime) -> bool:
        return any(start <= micros(at) < end for start, end in self.intervals(micros(at), micros(at) + 1))

    def next_open(self, at: datetime) -> datetime:
        """`at` itself while open, else the next opening. Raises HorizonExceeded."""
        return self.add_business(at, _ONE) - _ONE

    def add_business(self, start: datetime, amount: timedelta, pauses: Sequence[Pause] = ()) -> datetime:
        """The first instant by which `amount` of open time outside the pauses has passed since `start`.

        Raises BusinessTimeError for a negative amount, HorizonExceeded where the calendar never gets there.
        """
        if amount < timedelta(0):
            raise BusinessTimeError("an amount of business time cannot be negative")
        at, need = micros(start), amount // _ONE
        due = self._add(at, need)
        for begin, end in merged_pauses(pauses, at):
            if begin >= due:
                break
            need += self._open_between(begin, end)
            due = self._add(at, need)
        return instant(due)

    def subtract_business(self, end: datetime, amount: timedelta, pauses: Sequence[Pause] = ()) -> datetime:
        """The last instant from which `amount` of open time outside the pauses is left until `end`.

        Raises BusinessTimeError for a negative amount, HorizonExceeded where the calendar never had so much.
        """
        if amount < timedelta(0):
            raise BusinessTimeError("an amount of business time cannot be negative")
        until, need = micros(end), amount // _ONE
        at = self._back(until, need)
        for begin, stop in reversed(merged_pauses([(a, min(b, end)) for a, b in pauses], None)):
            if stop <= at:
                break
            need += self._open_between(begin, stop)
            at = self._back(until, need)
        return instant(at)

    def hours(self, day: date) -> tuple[list[tuple[int, int]], str]:
        """The day's intervals in seconds since local midnight, and what made it so: week, closed_day, special_day
        or `holiday: its name`."""
        if day in self._closed:
            return [], "closed_day"
        if day in self._special:
            return self._special[day], "special_day"
        if (holiday := self.holiday(day)) is not None:
            return [], f"holiday: {holiday}"
        return self._week[day.weekday()], "week"

    def holiday(self, day: date) -> str | None:
        """The name of a public holiday; None on any other day."""
        if self._holidays is None:
            return None
        if day.year not in self._holidays_of:
            self._holidays_of[day.year] = self._holidays(day.year)
        return self._holidays_of[day.year].get(day)

    def day_bounds(self, day: date) -> tuple[int, int] | None:
        """First opening and last closing of a local date, UTC microseconds; None on a day without open time."""
        return self._year(day.year).days.get(day)

    def day_span(self, day: date) -> tuple[datetime, datetime] | None:
        """The same as instants."""
        bounds = self.day_bounds(day)
        return (instant(bounds[0]), instant(bounds[1])) if bounds else None

    def _add(self, at: int, need: int) -> int:
        if need == 0:
            return at
        year = instant(at).astimezone(self.zone).year
        need += self._open_before(at, year)
        for _ in range(HORIZON_YEARS + 1):
            block = self._year(year)
            if need <= block.total:
                i = bisect_left(block.before, need) - 1
                return block.starts[i] + need - block.before[i]
            need, year = need - block.total, year + 1
        raise HorizonExceeded

    def _back(self, at: int, need: int) -> int:
        if need == 0:
            return at
        year = instant(at).astimezone(self.zone).year
        left = self._open_before(at, year) - need
        for _ in range(HORIZON_YEARS + 1):
            block = self._year(year)
            if left >= 0:
                i = bisect_right(block.before, left) - 1
                return block.starts[i] + left - block.before[i]
            year -= 1
            left += self._year(year).total
        raise HorizonExceeded

    def _open_before(self, at: int, year: int) -> int:
        """Open time of this year before `at`."""
        block = self._year(year)
        i = bisect_right(block.starts, at) - 1
        if i < 0:
            return 0
        return block.before[i] + min(at, block.ends[i]) - block.starts[i]

    def _open_between(self, start: int, end: int) -> int:
        if end <= start:
            return 0
        first, last = (instant(at).astimezone(self.zone).year for at in (start, end))
        full = sum(self._year(year).total for year in range(first, last))
        return full + self._open_before(end, last) - self._open_before(start, first)

    def intervals(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Open intervals that reach into [start, end)."""
        first, last = (instant(at).astimezone(self.zone).year for at in (start, end))
        for year in range(first, last + 1):
            block = self._year(year)
            i = max(0, bisect_right(block.starts, start) - 1)
            while i < len(block.starts) and block.starts[i] < end:
                if block.ends[i] > start:
                    yield block.starts[i], block.ends[i]
                i += 1

    def _year(self, year: int) -> _Year:
        block = self._years.get(year)
        if block is None:
            if not 1 < year < 9998:
                raise HorizonExceeded
            block = self._years[year] = self._reckon(year)
        return block

    def _reckon(self, year: int) -> _Year:
        spans: list[tuple[int, int]] = []
        days: dict[date, tuple[int, int]] = {}
        day = date(year, 1, 1)
        while day.year == year:
            if hours := self._of_day(day):
                spans += hours
                days[day] = hours[0][0], hours[-1][1]
            day += timedelta(days=1)
        starts: list[int] = []
        ends: list[int] = []
        for start, end in sorted(spans):  # where clocks go back over midnight, a day has time after the next began
            if ends and start <= ends[-1]:
                ends[-1] = max(ends[-1], end)
            else:
                starts.append(start)
                ends.append(end)
        before, total = [], 0
        for start, end in zip(starts, ends, strict=True):
            before.append(total)
            total += end - start
        return _Year(starts, ends, before, total, days)

    def _of_day(self, day: date) -> list[tuple[int, int]]:
        """Open while the wall clock shows a time within the day's intervals: what it shows twice counts twice, what it
        skips not at all."""
        hours = self.hours(day)[0]
        if not hours:
            return []
        wall = _wall(day)
        return sorted(
            (max(begin, wall + opens * MICRO - offset), min(end, wall + closes * MICRO - offset))
            for begin, end, offset in _offsets(day, self.zone)
            for opens, closes in hours
            if max(begin, wall + opens * MICRO - offset) < min(end, wall + closes * MICRO - offset)
        )


def compile_calendar(calendar: Calendar, holidays: OfYear | None = None) -> BusinessCalendar:
    """Ready for queries; the first query of a year reckons it (about a millisecond)."""
    return BusinessCalendar(calendar, holidays)


def business_days_due(calendar: BusinessCalendar, start: datetime, days: int, pauses: Sequence[Pause] = ()) -> datetime:
    """The close of the Nth open day after the start's day.

    A start at or after its day's close, or on a closed day, belongs to the next open day. A day that is paused from its
    opening to its close is no open day. Raises HorizonExceeded.
    """
    at = micros(start)
    gone = merged_pauses(pauses, at)
    day = start.astimezone(calendar.zone).date()
    bounds = calendar.day_bounds(day)
    left = days if bounds is not None and at < bounds[1] else days + 1
    last = day.year + HORIZON_YEARS
    while left:
        day += _ONE_DAY
        if day.year > last:
            raise HorizonExceeded
        bounds = calendar.day_bounds(day)
        if bounds is not None and not any(a <= bounds[0] and bounds[1] <= b for a, b in gone):
            left -= 1
    assert bounds is not None, "the loop ends on an open day"
    return instant(bounds[1])


def due_at(
    start: datetime, target: Target, calendar: BusinessCalendar | None, pauses: Sequence[Pause] = ()
) -> datetime:
    """When a promise of this target that started at `start` falls due. Raises BusinessTimeError."""
    if target.kind == "elapsed":
        return _elapsed(start, target.amount, pauses)
    if calendar is None:
        raise BusinessTimeError("a target in business time needs a calendar")
    if target.kind == "business":
        return calendar.add_business(start, target.amount, pauses)
    return business_days_due(calendar, start, target.days, pauses)


def before_due(
    due: datetime, amount: Target, calendar: BusinessCalendar | None, pauses: Sequence[Pause] = ()
) -> datetime:
    """The instant from which `amount` (elapsed or open time, outside the pauses) is left until `due`.

    Raises BusinessTimeError; whole business days have no such instant.
    """
    if amount.kind == "elapsed":
        at = micros(due)
        left = at - amount.amount // _ONE
        for begin, end in reversed(merged_pauses([(a, min(b, due)) for a, b in pauses], None)):
            if end <= left:
                break
            left -= end - begin
        return instant(left)
    if calendar is None or amount.kind == "business_days":
        raise BusinessTimeError("open time before an instant needs a calendar and an amount in hours")
    return calendar.subtract_business(due, amount.amount, pauses)


def _elapsed(start: datetime, amount: timedelta, pauses: Sequence[Pause]) -> datetime:
    at = micros(start)
    due = at + amount // _ONE
    for begin, end in merged_pauses(pauses, at):
        if begin >= due:
            break
        due += end - begin
    return instant(due)


def merged_pauses(pauses: Sequence[Pause], start: int | None) -> list[tuple[int, int]]:
    """Sorted, clipped to what comes after `start`, overlapping ones made one."""
    found: list[tuple[int, int]] = []
    first = -(2**62) if start is None else start
    for begin, end in sorted((max(micros(a), first), micros(b)) for a, b in pauses):
        if end <= begin:
            continue
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return found


def _merged(hours: Sequence[tuple[str, str]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for start, end in sorted((seconds_of_day(a), seconds_of_day(b)) for a, b in hours):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def _wall(day: date) -> int:
    """The day's midnight as the wall shows it, in microseconds as if it were UTC."""
    return (day - _EPOCH.date()).days * DAY * MICRO


def _offsets(day: date, zone: ZoneInfo) -> list[tuple[int, int, int]]:
    """(from, to, offset of the zone) in UTC microseconds, which together hold all of a local date."""
    low, high = first_instant(day, zone) - _SLACK, first_instant(day + timedelta(days=1), zone) + _SLACK
    first, last = _offset(low, zone), _offset(high, zone)
    if first == last:
        return [(low, high, first)]
    changed = _change(zone, low, high)
    return [(low, changed, first), (changed, high, last)]


def _offset(at: int, zone: ZoneInfo) -> int:
    return (instant(at).astimezone(zone).utcoffset() or timedelta(0)) // _ONE


def first_instant(day: date, zone: ZoneInfo) -> int:
    """The first instant of a local date; where the clock skips midnight, the instant of the change."""
    aware = datetime.combine(day, datetime.min.time(), zone)
    found = micros(aware)
    if instant(found).astimezone(zone).date() == day:
        return found
    return _change(zone, found - _SLACK, found + _SLACK)


def _change(zone: ZoneInfo, low: int, high: int) -> int:
    """The instant in (low, high] at which the zone's offset changes, found by halving to the second."""
    before = instant(low).astimezone(zone).utcoffset()
    low, high = low // MICRO, high // MICRO
    while high - low > 1:
        middle = (low + high) // 2
        if instant(middle * MICRO).astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high * MICRO


def micros(at: datetime) -> int:
    """Whole microseconds since 1970 UTC. Raises BusinessTimeError for an instant without a zone."""
    if at.tzinfo is None:
        raise BusinessTimeError(f"{at.isoformat()} has no zone; instants are aware")
    return (at - _EPOCH) // _ONE


def instant(at: int) -> datetime:
    """The same as an instant in UTC."""
    return _EPOCH + timedelta(microseconds=at)
