"""When somebody is told nothing, and when that ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from schemas.calendar import WEEKDAYS
from schemas.notify import QuietHours

_DAY = timedelta(days=1)
_LONGEST = 16
"""Quiet spans that may follow each other: a week of nights and days, and then some."""


def quiet_until(hours: QuietHours, zone: tzinfo, at: datetime) -> datetime | None:
    """When the quiet hours end that `at` lies in, spans that touch counted as one; None where it lies in none."""
    end, found = at, False
    for _ in range(_LONGEST):
        later = max((until for since, until in _spans(hours, zone, end) if since <= end < until), default=None)
        if later is None:
            break
        end, found = later, True
    return end if found else None


def _spans(hours: QuietHours, zone: tzinfo, at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Half-open, of the day of `at` and the one before: what begins earlier is over."""
    today = at.astimezone(zone).date()
    for day in (today - _DAY, today):
        name = WEEKDAYS[day.weekday()]
        if name in hours.whole_days:
            yield _instant(day, time(0), zone), _instant(day + _DAY, time(0), zone)
        if name in hours.days:
            last = day if hours.until > hours.since else day + _DAY
            yield _instant(day, hours.since, zone), _instant(last, hours.until, zone)


def _instant(day: date, at: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)
