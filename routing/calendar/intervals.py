"""The way to a due instant in intervals, each counted or skipped, with the cause."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from routing.calendar.business_time import BusinessCalendar, Pause, due_at, merged_pauses
from routing.calendar.zones import first_instant, instant, micros
from schemas.certain import certain
from schemas.duration import Target, TargetValue


class IntervalSpan(NamedTuple):
    """A stretch of time on the way to a due instant: counted or skipped, and why."""

    start: datetime
    end: datetime
    counted: bool
    cause: str

    @property
    def seconds(self) -> float:
        return (self.end - self.start) / timedelta(seconds=1)


def explain(
    start: datetime, target: Target, calendar: BusinessCalendar | None, pauses: Sequence[Pause] = ()
) -> list[IntervalSpan]:
    """[start, due) in spans that tile it: each counted or skipped, with the cause (open, wall, pause, closed: ...)."""
    return spans_between(
        start, due_at(start, target, calendar, pauses), target=target, calendar=calendar, pauses=pauses
    )


def spans_between(
    start: datetime,
    end: datetime,
    target: Target,
    calendar: BusinessCalendar | None,
    pauses: Sequence[Pause] = (),
) -> list[IntervalSpan]:
    """[start, end) in such spans, for a target of this kind, whether it is due by then or not."""
    at, due = micros(start), micros(end)
    gone = [(a, b) for a, b in merged_pauses(pauses, at) if a < due]
    opened = [(at, due)] if calendar is None or target.kind == "elapsed" else list(calendar.intervals(at, due))
    cuts = sorted({at, due, *(x for pair in (*gone, *opened) for x in pair if at < x < due)})
    if calendar is not None:
        cuts = sorted({*cuts, *_midnights(calendar, at, due)})
    spans = [
        _span(a, b, gone=gone, opened=opened, calendar=calendar, target=target)
        for a, b in zip(cuts, cuts[1:], strict=False)
    ]
    return _joined_spans(spans)


def _span(
    a: int,
    b: int,
    gone: list[tuple[int, int]],
    opened: list[tuple[int, int]],
    calendar: BusinessCalendar | None,
    target: TargetValue,
) -> IntervalSpan:
    start, end = instant(a), instant(b)
    if any(x <= a < y for x, y in gone):
        return IntervalSpan(start, end, False, "pause")
    if any(x <= a < y for x, y in opened):
        return IntervalSpan(start, end, True, "wall time" if target.kind == "elapsed" else "open")
    hours_of = certain(calendar, "only a calendar closes")
    why = hours_of.hours(start.astimezone(hours_of.zone).date())[1]
    return IntervalSpan(start, end, False, f"closed: {why}")


def _joined_spans(spans: list[IntervalSpan]) -> list[IntervalSpan]:
    joined: list[IntervalSpan] = []
    for span in spans:
        if joined and joined[-1].counted == span.counted and joined[-1].cause == span.cause:
            joined[-1] = joined[-1]._replace(end=span.end)
        else:
            joined.append(span)
    return joined


def _midnights(calendar: BusinessCalendar, start: int, end: int) -> Iterator[int]:
    day = instant(start).astimezone(calendar.zone).date() + timedelta(days=1)
    while (at := first_instant(day, calendar.zone)) < end:
        if at > start:
            yield at
        day += timedelta(days=1)
