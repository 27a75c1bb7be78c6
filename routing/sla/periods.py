"""The periods of a volume promise: which one an instant lies in, since when the promise is measured, what is asked of a part
of a period, and when the watcher has to look at its clock. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple, assert_never
from zoneinfo import ZoneInfo

from routing.agreement.agreement import Agreement
from routing.calendar.business_time import BusinessCalendar, before_due, due_at
from routing.model.records import Clock, Tally
from routing.people.roster import Roster
from schemas.volumes import Per, Volume

SEEN_WITHIN = timedelta(days=1)
"""A service that runs sees within this time that an agreement took effect: later than so, it began to measure later."""


class Terms(NamedTuple):
    """What a promise is judged by: the agreement of now counts, `agreements` are all by hash; the roster has who is told.
    `timeline` has what was published, by the instant from which it rules, oldest first."""

    agreement: Agreement
    agreements: Callable[[str], Agreement | None]
    roster: Roster
    now: datetime
    timeline: tuple[tuple[datetime, Agreement], ...] = ()

    def of(self, clock: Clock) -> Agreement:
        """The agreement that the period began under, which it is judged by."""
        return self.agreements(clock.agreement) or self.agreement


def period_of(at: datetime, per: Per, zone: ZoneInfo) -> tuple[str, datetime, datetime]:
    """(its first day, beginning, end) of the period of that instant, half-open, by midnights of the zone."""
    first, last = _bounds(at.astimezone(zone).date(), per)
    return first.isoformat(), _midnight(first, zone), _midnight(last, zone)


def _bounds(day: date, per: Per) -> tuple[date, date]:
    """The first day of the day's period, and the day after its last."""
    match per:
        case "week":
            first = day - timedelta(days=day.weekday())
            return first, first + timedelta(days=7)
        case "month":
            return _months(day, 1)
        case "quarter":
            return _months(day, 3)
        case "year":
            return _months(day, 12)
        case _:
            assert_never(per)


def _months(day: date, count: int) -> tuple[date, date]:
    first = date(day.year, (day.month - 1) // count * count + 1, 1)
    return first, date(first.year + (first.month - 1 + count) // 12, (first.month - 1 + count) % 12 + 1, 1)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of the day: where midnight is skipped, PEP 495 reads it with the offset of before, which is it."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _calendar(clock: Clock, terms: Terms) -> BusinessCalendar | None:
    return terms.of(clock).calendar(clock.calendar)


def warning_points(clock: Clock, volume: Volume, terms: Terms) -> list[tuple[datetime, str]]:
    calendar = _calendar(clock, terms)
    points = [
        (before_due(clock.due_at, w, calendar if w.kind == "business" else None, ()), str(w)) for w in volume.warnings
    ]
    return sorted((at, text) for at, text in points if clock.started_at < at < clock.due_at)


def next_look(clock: Clock, volume: Volume, terms: Terms) -> datetime:
    points = warning_points(clock, volume, terms)[clock.warnings_done :]
    return points[0][0] if points else clock.due_at


def rung_at(clock: Clock, volume: Volume, terms: Terms) -> datetime:
    after = volume.ladder[clock.rungs_done].after
    return due_at(clock.due_at, after, _calendar(clock, terms) if after.kind != "elapsed" else None, ())


def earliest_start(tally: Tally) -> datetime | None:
    """Tallies of before this was kept: measured since their first period."""
    return min((period.clock.started_at for period in tally.periods.values()), default=None)


def measured_since(name: str, since: datetime | None, seen_at: datetime, terms: Terms) -> datetime:
    """Since when the promise is measured: since it rules, or since it was first looked at, whichever was later. One that an
    agreement left out and a later one has again begins again with that one. `seen_at` is when what makes us look came in."""
    ruled = None
    for at, agreement in terms.timeline:
        if at <= terms.now:
            ruled = (ruled or at) if agreement.volume(name) is not None else None
    if since is None:
        # Many senders cut instants to the second.
        seen_at = min(seen_at, terms.now).replace(microsecond=0)
        return ruled if ruled is not None and seen_at - ruled <= SEEN_WITHIN else seen_at
    return max(since, ruled or since)


def target_of_part(volume: Volume, period: tuple[datetime, datetime, datetime], terms: Terms) -> int | None:
    """What is promised of a period of which only the rest is measured: its part by open time, rounded down, but at least one.
    None where it is not judged."""
    first, start, end = period
    calendar = terms.agreement.calendars[volume.calendar]
    remaining, whole = calendar.open_between(start, end), calendar.open_between(first, end)
    match volume.first:
        case "whole":
            return None
        case "pro_rata":
            return max(1, (volume.at_least or 0) * remaining // whole) if remaining else None
        case _:
            assert_never(volume.first)
