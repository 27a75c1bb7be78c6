"""Weeks and other spans of days, by the clocks of a zone."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from routing.calendar.zones import first_instant, instant
from schemas.calendar import WEEKDAYS, Weekday
from schemas.instants import FIRST, LAST

_WEEK = re.compile(r"(\d{4})-W(\d{2})")


class Span(NamedTuple):
    """Half-open: from the first instant of `first` to the first of the day after `last`."""

    name: str
    first: date
    last: date
    begin: datetime
    end: datetime

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def overlap(self, first: date, last: date) -> int:
        """How many days of those are in the span."""
        return max(0, (min(self.last, last) - max(self.first, first)).days + 1)


def span_of(name: str, first: date, last: date, zone: ZoneInfo) -> Span:
    """Of whole days, as the zone has them."""
    begin, end = (instant(first_instant(day, zone)) for day in (first, last + timedelta(days=1)))
    return Span(name=name, first=first, last=last, begin=begin, end=end)


def monday_of(week: str) -> date:
    """The first day of an ISO week, written as 2026-W48. Raises ValueError with what to write."""
    match = _WEEK.fullmatch(week)
    if match is None:
        raise ValueError(f"{week} is no week; write it as 2026-W48")
    if not FIRST.year < int(match[1]) < LAST.year:
        raise ValueError(f"{week}: a week is from {FIRST.year + 1} to {LAST.year - 1}")
    try:
        return date.fromisocalendar(int(match[1]), int(match[2]), 1)
    except ValueError:
        raise ValueError(f"{match[1]} has no week {int(match[2])}") from None


def week_name(day: date) -> str:
    """The ISO week of a day, as 2026-W48."""
    year, number, _ = day.isocalendar()
    return f"{year}-W{number:02d}"


def weeks_to(monday: date, count: int, zone: ZoneInfo) -> tuple[Span, ...]:
    """So many weeks, the last of which begins on this day, oldest first."""
    mondays = [monday - timedelta(weeks=back) for back in reversed(range(count))]
    return tuple(span_of(week_name(day), day, day + timedelta(days=6), zone) for day in mondays)


def months_to(day: date, count: int, zone: ZoneInfo) -> tuple[Span, ...]:
    """So many months, the last of which has this day in it and ends with it, oldest first."""
    spans = [span_of(f"{day:%Y-%m}", day.replace(day=1), day, zone)]
    while len(spans) < count:
        last = spans[0].first - timedelta(days=1)
        spans.insert(0, span_of(f"{last:%Y-%m}", last.replace(day=1), last, zone))
    return tuple(spans)


def meeting_at(monday: date, weekday: Weekday, seconds: int, zone: ZoneInfo) -> datetime:
    """When the forum over the week that begins on this Monday meets: on the first such weekday after it, at so many seconds of the
    day by the zone's clocks."""
    day = monday + timedelta(weeks=1, days=WEEKDAYS.index(weekday))
    wall = datetime.combine(day, datetime.min.time()) + timedelta(seconds=seconds)
    return instant(int(wall.replace(tzinfo=zone).timestamp()) * 1_000_000)
