"""Instants as the tables and `Place` keep them: whole microseconds since 1970-01-01T00:00Z."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_ONE = timedelta(microseconds=1)


def micros(at: datetime) -> int:
    return (at - _EPOCH) // _ONE


def all_micros(instants: Iterable[datetime | None]) -> tuple[int | None, ...]:
    """A column of them, where it often is the same one in row after row."""
    found, last, kept = [], None, None
    for at in instants:
        if at is not last:
            last, kept = at, micros(at) if at is not None else None
        found.append(kept)
    return tuple(found)


def instant(value: int) -> datetime:
    """What lies beyond the calendar is its end: a row that was once written has to stay readable."""
    try:
        return _EPOCH + timedelta(microseconds=value)
    except OverflowError:
        return _LAST if value > 0 else _FIRST


def instant_or_none(value: int | None) -> datetime | None:
    return None if value is None else instant(value)
