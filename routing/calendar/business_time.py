"""Business time: due instants over calendars, exact to the microsecond, through DST and odd zones.

Each year of a calendar is computed once, when first needed, into sorted UTC intervals with their running sum; a query is
two bisections. All instants are aware; results are UTC. Intervals are half-open.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple, assert_never
from zoneinfo import ZoneInfo

from routing.calendar.zones import MICRO, ONE, in_utc, instant, micros, offsets, wall
from routing.model.errors import BusinessTimeError
from schemas.calendar import WEEKDAYS, Calendar, seconds_of_day
from schemas.duration import Target

EVE = "eve: "
"""What `hours` says of a day that closes early, before the name of the holiday that follows."""
HORIZON_YEARS = 12
"""A target that open time does not cover within so many years is refused."""

Pause = tuple[datetime, datetime]
"""Half-open [from, to)."""
OfYear = Callable[[int], Mapping[date, str]]
"""The public holidays of a year: {day: its name}."""


class HorizonExceeded(BusinessTimeError):
    """The calendar has not enough open time for this target within the horizon."""


class _Year(NamedTuple):
    """One year of open time: starts and ends in UTC microseconds, and what was open before each start; `days` has the
    first opening and last closing of each local date that has any, and `dates` these dates in order."""

    starts: list[int]
    ends: list[int]
    before: list[int]
    total: int
    days: dict[date, tuple[int, int]]
    dates: list[date]


class BusinessCalendar:
    """A compiled calendar. Years are of the zone's local dates; they are kept once computed. `holidays` gives its public
    holidays where they were resolved before; else they are those of the installed calendar data."""

    def __init__(self, calendar: Calendar, holidays: OfYear | None = None) -> None:
        self.zone = ZoneInfo(calendar.zone)
        self._week = [_merged_hours(calendar.week.get(day, ())) for day in WEEKDAYS]
        self._closed = frozenset(calendar.closed_days)
        self._holidays = holidays or (calendar.holidays.of_year if calendar.holidays is not None else None)
        self._eves = calendar.eves
        self._holidays_of: dict[int, Mapping[date, str]] = {}
        self._special = {day: _merged_hours(hours) for day, hours in calendar.special_days.items()}
        self._years: dict[int, _Year] = {}

    def open_seconds_between(self, start: datetime, end: datetime) -> float:
        """Open time in [start, end), seconds; 0 where end <= start."""
        return self.open_between(start, end) / timedelta(seconds=1)

    def open_between(self, start: datetime, end: datetime) -> timedelta:
        """Open time in [start, end), exact; none where end <= start."""
        return self._open_between(micros(start), micros(end)) * ONE

    def is_open(self, at: datetime) -> bool:
        now = micros(at)
        return any(start <= now < end for start, end in self.intervals(now, now + 1))

    def next_open(self, at: datetime) -> datetime:
        """`at` itself while open, else the next opening. Raises HorizonExceeded."""
        return self.add_business(at, ONE) - ONE

    def add_business(self, start: datetime, amount: timedelta, pauses: Sequence[Pause] = ()) -> datetime:
        """The first instant by which `amount` of open time outside the pauses has passed since `start`.

        Raises BusinessTimeError for a negative amount, HorizonExceeded where the calendar never gets there.
        """
        at, need = micros(start), _need(amount)
        due = self._add(at, need, start)
        for begin, end in merged_pauses(pauses, at) if pauses else ():
            if begin >= due:
                break
            need += self._open_between(begin, end)
            due = self._add(at, need, start)
        return instant(due)

    def subtract_business(self, end: datetime, amount: timedelta, pauses: Sequence[Pause] = ()) -> datetime:
        """The last instant from which `amount` of open time outside the pauses is left until `end`.

        Raises BusinessTimeError for a negative amount, HorizonExceeded where the calendar never had so much.
        """
        until, need = micros(end), _need(amount)
        at = self._back(until, need, end)
        for begin, stop in _backwards(pauses, end):
            if stop <= at:
                break
            need += self._open_between(begin, stop)
            at = self._back(until, need, end)
        return instant(at)

    def hours(self, day: date) -> tuple[list[tuple[int, int]], str]:
        """The day's intervals in seconds since local midnight, and what made it so: week, closed_day, special_day,
        `holiday: its name` or `eve: the name of the holiday that follows`."""
        if day in self._closed:
            return [], "closed_day"
        if day in self._special:
            return self._special[day], "special_day"
        if (holiday := self.holiday(day)) is not None:
            return [], f"holiday: {holiday}"
        return self._eve(day) or (self._week[day.weekday()], "week")

    def _eve(self, day: date) -> tuple[list[tuple[int, int]], str] | None:
        """Of a day that closes early because a holiday follows; None where it closes no earlier than in any week."""
        if (
            self._eves is None
            or (holiday := self.holiday(day + timedelta(days=1))) is None
            or not self._eves.come_before(holiday)
        ):
            return None
        usual, closes = self._week[day.weekday()], seconds_of_day(self._eves.closes)
        shorter = [(start, min(end, closes)) for start, end in usual if start < closes]
        return (shorter, f"{EVE}{holiday}") if shorter != usual else None

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

    def nth_close(self, day: date, count: int) -> int:
        """The closing of the Nth open day after this one. Raises HorizonExceeded."""
        year = day.year
        block = self._year(year)
        at = bisect_right(block.dates, day) + count - 1
        while at >= len(block.dates):
            at, year = at - len(block.dates), year + 1
            if year > day.year + HORIZON_YEARS:
                raise HorizonExceeded
            block = self._year(year)
        return block.days[block.dates[at]][1]

    def _add(self, at: int, need: int, start: datetime) -> int:
        """`start` is the instant `at`."""
        if need == 0:
            return at
        year = self._year_at(start)
        block, last = self._year(year), year + HORIZON_YEARS
        need += _open_before(block, at)
        while need > block.total:
            if year == last:
                raise HorizonExceeded
            need, year = need - block.total, year + 1
            block = self._year(year)
        i = bisect_left(block.before, need) - 1
        return block.starts[i] + need - block.before[i]

    def _back(self, at: int, need: int, end: datetime) -> int:
        """`end` is the instant `at`."""
        if need == 0:
            return at
        year = self._year_at(end)
        block, first = self._year(year), year - HORIZON_YEARS
        remaining = _open_before(block, at) - need
        while remaining < 0:
            if year == first:
                raise HorizonExceeded
            year -= 1
            block = self._year(year)
            remaining += block.total
        i = bisect_right(block.before, remaining) - 1
        return block.starts[i] + remaining - block.before[i]

    def _year_at(self, at: datetime) -> int:
        """The zone's year then. Dates of two zones are two days apart at most, so most instants need no look at the zone."""
        return at.year if 1 < at.month < 12 else at.astimezone(self.zone).year

    def _open_between(self, start: int, end: int) -> int:
        if end <= start:
            return 0
        first, last = self._year_at(instant(start)), self._year_at(instant(end))
        full = sum(self._year(year).total for year in range(first, last))
        return full + _open_before(self._year(last), end) - _open_before(self._year(first), start)

    def intervals(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Open intervals that reach into [start, end)."""
        first, last = self._year_at(instant(start)), self._year_at(instant(end))
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
            block = self._years[year] = self._compute_year(year)
        return block

    def _compute_year(self, year: int) -> _Year:
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
        return _Year(starts=starts, ends=ends, before=before, total=total, days=days, dates=list(days))

    def _of_day(self, day: date) -> list[tuple[int, int]]:
        """Open while the wall clock shows a time within the day's intervals: what it shows twice counts twice, what it
        skips not at all."""
        hours = self.hours(day)[0]
        if not hours:
            return []
        midnight = wall(day)
        return sorted(
            (max(begin, midnight + opens * MICRO - offset), min(end, midnight + closes * MICRO - offset))
            for begin, end, offset in offsets(day, self.zone)
            for opens, closes in hours
            if max(begin, midnight + opens * MICRO - offset) < min(end, midnight + closes * MICRO - offset)
        )


def _need(amount: timedelta) -> int:
    need = amount // ONE
    if need < 0:
        raise BusinessTimeError("an amount of business time cannot be negative")
    return need


def _open_before(block: _Year, at: int) -> int:
    """Open time of this year before `at`."""
    i = bisect_right(block.starts, at) - 1
    if i < 0:
        return 0
    return block.before[i] + min(at, block.ends[i]) - block.starts[i]


def compile_calendar(calendar: Calendar, holidays: OfYear | None = None) -> BusinessCalendar:
    """Ready for queries; the first query of a year computes it (about a millisecond)."""
    return BusinessCalendar(calendar, holidays)


def business_days_due(calendar: BusinessCalendar, start: datetime, days: int, pauses: Sequence[Pause] = ()) -> datetime:
    """The close of the Nth open day after the start's day, which is `plain_due`; pauses move it by the open time they take.

    So what has to pass outside the pauses is as much open time as lies between the start and that close. Raises
    HorizonExceeded.
    """
    due = plain_due(calendar, start, days)
    if not pauses:
        return due
    return calendar.add_business(start, calendar.open_between(start, due), pauses)


def plain_due(calendar: BusinessCalendar, start: datetime, days: int) -> datetime:
    """When whole business days are due that nothing pauses: the close of the Nth open day after the start's day.

    A start at or after its day's close, or on a closed day, belongs to the next open day. Raises HorizonExceeded.
    """
    day = start.astimezone(calendar.zone).date()
    bounds = calendar.day_bounds(day)
    begun = bounds is not None and micros(start) < bounds[1]
    return instant(calendar.nth_close(day, days if begun else days + 1))


def due_at(
    start: datetime, target: Target, calendar: BusinessCalendar | None, pauses: Sequence[Pause] = ()
) -> datetime:
    """When a promise of this target that started at `start` falls due. Raises BusinessTimeError."""
    match target.kind:
        case "elapsed":
            return _elapsed_due(start, target.amount, pauses)
        case "business" | "business_days" if calendar is None:
            raise BusinessTimeError("a target in business time needs a calendar")
        case "business":
            return calendar.add_business(start, target.amount, pauses)
        case "business_days":
            return business_days_due(calendar, start, target.days, pauses)
        case _:
            assert_never(target.kind)


def before_due(
    due: datetime, amount: Target, calendar: BusinessCalendar | None, pauses: Sequence[Pause] = ()
) -> datetime:
    """The instant from which `amount` (elapsed or open time, outside the pauses) is left until `due`.

    Raises BusinessTimeError; whole business days have no such instant.
    """
    match amount.kind:
        case "elapsed":
            return _elapsed_before(due, amount.amount, pauses)
        case "business":
            if calendar is None:
                raise BusinessTimeError("open time before an instant needs a calendar")
            return calendar.subtract_business(due, amount.amount, pauses)
        case "business_days":
            raise BusinessTimeError("whole business days have no instant before another: write an amount in hours")
        case _:
            assert_never(amount.kind)


def _elapsed_before(due: datetime, amount: timedelta, pauses: Sequence[Pause]) -> datetime:
    if not pauses:
        return in_utc(due) - amount
    at = micros(due) - amount // ONE
    for begin, end in _backwards(pauses, due):
        if end <= at:
            break
        at -= end - begin
    return instant(at)


def _elapsed_due(start: datetime, amount: timedelta, pauses: Sequence[Pause]) -> datetime:
    if not pauses:
        return in_utc(start) + amount
    at = micros(start)
    due = at + amount // ONE
    for begin, end in merged_pauses(pauses, at):
        if begin >= due:
            break
        due += end - begin
    return instant(due)


def merged_pauses(pauses: Sequence[Pause], start: int | None) -> list[tuple[int, int]]:
    """Sorted, clipped to what comes after `start`, overlapping ones made one."""
    merged: list[tuple[int, int]] = []
    first = -(2**62) if start is None else start
    for begin, end in sorted((max(micros(a), first), micros(b)) for a, b in pauses):
        if end <= begin:
            continue
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    return merged


def _backwards(pauses: Sequence[Pause], end: datetime) -> list[tuple[int, int]]:
    """What of the pauses is before `end`, the latest first."""
    return merged_pauses([(a, min(b, end)) for a, b in pauses], None)[::-1] if pauses else []


def _merged_hours(hours: Sequence[tuple[str, str]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted((seconds_of_day(a), seconds_of_day(b)) for a, b in hours):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged
