"""Instants as whole microseconds, and what the wall clocks of a zone show then."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from routing.model.errors import BusinessTimeError
from schemas.calendar import DAY

MICRO = 1_000_000
ONE = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SLACK = 3 * 3600 * MICRO
"""More than any zone's clocks were ever moved at once, but for a zone that changed sides of the date line."""


def wall(day: date) -> int:
    """The day's midnight as the wall shows it, in microseconds as if it were UTC."""
    return (day - _EPOCH.date()).days * DAY * MICRO


def offsets(day: date, zone: ZoneInfo) -> list[tuple[int, int, int]]:
    """(from, to, offset of the zone) in UTC microseconds, which together hold all of a local date."""
    low, high = first_instant(day, zone) - _SLACK, first_instant(day + timedelta(days=1), zone) + _SLACK
    first, last = _offset(low, zone), _offset(high, zone)
    if first == last:
        return [(low, high, first)]
    changed = _change(zone, low, high)
    return [(low, changed, first), (changed, high, last)]


def _offset(at: int, zone: ZoneInfo) -> int:
    return (instant(at).astimezone(zone).utcoffset() or timedelta(0)) // ONE


def first_instant(day: date, zone: ZoneInfo) -> int:
    """The first instant of a local date; where the clock skips midnight, the instant of the change."""
    aware = datetime.combine(day, datetime.min.time(), zone)
    at = micros(aware)
    if instant(at).astimezone(zone).date() == day:
        return at
    return _change(zone, at - _SLACK, at + _SLACK)


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
    return (_aware(at) - _EPOCH) // ONE


def instant(at: int) -> datetime:
    """The same as an instant in UTC."""
    return _EPOCH + at * ONE


def in_utc(at: datetime) -> datetime:
    """The same instant, in UTC. Raises BusinessTimeError as `micros`."""
    return _aware(at).astimezone(UTC)


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise BusinessTimeError(f"{at.isoformat()} has no zone; instants are aware")
    return at
