"""A clock explained: each interval on its way counted or skipped, with the cause by its name, and the sum."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple, assert_never

from routing.calendar.business_time import EVE, BusinessCalendar, Pause, plain_due
from routing.calendar.intervals import IntervalSpan, spans_between
from routing.model.records import Clock, ClockState
from routing.sla.verdict import Gap, Standing, gaps, standing, target_of
from schemas.explain import ClockExplanation, DayView, IntervalCode, IntervalView

_DAY, _ONE = timedelta(days=1), timedelta(microseconds=1)
_CLOSED = {
    "week": "closed: outside the week's hours",
    "closed_day": "closed: a closed day",
    "special_day": "closed: outside a special day's hours",
}


def explain_clock(
    clock: Clock, calendar: BusinessCalendar | None, now: datetime, lead_id: str | None = None
) -> ClockExplanation:
    """To the due instant; while the clock stands still, to `now`. Where the calendar that it needs is not at hand, as it is
    recorded and without intervals."""
    lost = _is_calendar_lost(clock, calendar)
    due, still = _standing_as_kept(clock) if lost else standing(clock, calendar)
    end = due or max(now, clock.started_at)
    clock_gaps = [gap for gap in gaps(clock) if gap.since < end]
    pauses: list[Pause] = [(gap.since, gap.until or end) for gap in clock_gaps]
    target = target_of(clock.target)
    spans = (
        spans_between(clock.started_at, end, target=target, calendar=calendar, pauses=pauses)
        if end > clock.started_at and not lost
        else []
    )
    intervals = tuple(_view(part) for span in spans for part in _parts(span, clock_gaps, end))
    whole = calendar if target.kind == "business_days" else None
    plain = plain_due(whole, clock.started_at, target.days) if whole is not None else None
    days = tuple(_days(clock.started_at, end, target.days, whole)) if whole is not None else ()
    made = ClockExplanation(
        clock_id=clock.id,
        lead_id=lead_id,
        policy=clock.policy,
        metric=clock.metric,
        side=clock.side,
        person=clock.person,
        state=clock.state,
        target=clock.target,
        calendar=clock.calendar,
        agreement=clock.agreement,
        started_at=clock.started_at,
        started_by=clock.cause,
        due_at=due,
        plain_due_at=plain,
        ended_at=clock.ended_at,
        kept_at=clock.touched_at,
        kept_by=clock.touched_by,
        intervals=intervals,
        days=days,
        counted_seconds=sum(i.seconds for i in intervals if i.counted),
        text="",
    )
    return made.model_copy(update={"text": "\n".join(_lines(made, clock, still, calendar))})


def _is_calendar_lost(clock: Clock, calendar: BusinessCalendar | None) -> bool:
    """Whether the clock needs a calendar and there is none: it started under a file that was edited and never published."""
    return calendar is None and target_of(clock.target).kind != "elapsed"


def _standing_as_kept(clock: Clock) -> Standing:
    """Where the clock stands by what was kept of it."""
    still = next((gap for gap in gaps(clock) if gap.until is None), None)
    return Standing(None, still) if clock.state == "paused" else Standing(clock.due_at, None)


def _calendar_in_words(clock: Clock) -> str:
    """Whose open time counts; nothing where all time does."""
    own = clock.own_hours
    if own is None:
        return f" on calendar {clock.calendar}" if clock.calendar else ""
    if own.hours is not None:
        return f" in the working hours of {clock.person}"
    return f" on calendar {own.otherwise}, for the roster has no hours of {clock.person or 'nobody'} that suffice"


def _closing_cause(why: str) -> str:
    """What closed it: by its name where it is a holiday, or the day before one."""
    if why.startswith(EVE):
        return f"closed: outside the hours of the day before {why.removeprefix(EVE)}"
    return _CLOSED.get(why) or f"closed: {why.replace('holiday: ', 'holiday ')}"


class _Part(NamedTuple):
    """A span with its codes, and the name of the holiday."""

    span: IntervalSpan
    codes: tuple[IntervalCode, ...]
    name: str | None = None


def _parts(span: IntervalSpan, clock_gaps: list[Gap], end: datetime) -> Iterator[_Part]:
    """A paused span in parts, each with the gap that it lies in; a closed one with what closed it."""
    if span.counted:
        yield _Part(span, ("open",) if span.cause == "open" else ("wall",))
        return
    if span.cause != "pause":
        why = span.cause.removeprefix("closed: ")
        yield _Part(span._replace(cause=_closing_cause(why)), *_closing_code(why))
        return
    edges = {span.start, span.end}
    edges |= {at for gap in clock_gaps for at in (gap.since, gap.until or end) if span.start < at < span.end}
    cuts = sorted(edges)
    for start, stop in zip(cuts, cuts[1:], strict=False):
        during = [gap for gap in clock_gaps if gap.since <= start and start < (gap.until or end)]
        codes: list[IntervalCode] = ["absence" if gap.is_absence else "pause" for gap in during]
        cause = "; ".join(dict.fromkeys(gap.cause for gap in during))
        yield _Part(IntervalSpan(start, stop, False, cause), tuple(dict.fromkeys(codes)))


def _closing_code(why: str) -> tuple[tuple[IntervalCode, ...], str | None]:
    """What closed it as a code, and the name of the holiday."""
    if why.startswith(EVE):
        return ("eve",), why.removeprefix(EVE)
    codes: dict[str, IntervalCode] = {"week": "week", "closed_day": "closed_day", "special_day": "special_day"}
    return ((codes[why],), None) if why in codes else (("holiday",), why.removeprefix("holiday: "))


def _view(part: _Part) -> IntervalView:
    span = part.span
    return IntervalView(
        from_=span.start,
        to=span.end,
        counted=span.counted,
        cause=span.cause,
        seconds=span.seconds,
        codes=part.codes,
        name=part.name,
    )


def _days(start: datetime, end: datetime, days: int, calendar: BusinessCalendar) -> Iterator[DayView]:
    """Which local day is the how manyth of `days`; the start's own is day 0. What comes after them makes up for pauses."""
    first = day = start.astimezone(calendar.zone).date()
    # A close at 24:00 is the next day's first instant.
    last, number = (end - _ONE).astimezone(calendar.zone).date(), -1
    while day <= last:
        _, why = calendar.hours(day)
        opened = calendar.day_span(day)
        if opened is None:
            yield DayView(day=day, number=None, cause=_closing_cause(why))
        elif day == first and start >= opened[1]:
            yield DayView(day=day, number=None, cause="started after its close: belongs to the next open day")
        elif number == days:
            yield DayView(day=day, number=None, cause="makes up for pauses")
        else:
            number += 1
            yield DayView(day=day, number=number, cause="open" if number else "the start's day")
        day += _DAY


def _lines(made: ClockExplanation, clock: Clock, still: Gap | None, calendar: BusinessCalendar | None) -> Iterator[str]:
    whose = f", {made.side}'s promise" if made.side else ""
    yield f"{made.policy}{whose}: {made.target}{_calendar_in_words(clock)}"
    if made.person:
        yield f"it measures {made.person}"
    yield f"started {format_instant(made.started_at)} by {made.started_by}"
    for i in made.intervals:
        yield f"  {format_instant(i.from_)} - {format_instant(i.to)}  {'counted' if i.counted else 'skipped'} {format_amount(i.seconds)}  {i.cause}"
    for day in made.days:
        yield (
            f"  {day.day:%a %Y-%m-%d}  "
            + (f"day {day.number}" if day.number is not None else "skipped")
            + f"  {day.cause}"
        )
    if _is_calendar_lost(clock, calendar):
        yield "the agreement that it was started under is not at hand: which time counted cannot be shown"
    else:
        yield f"counted {format_amount(made.counted_seconds)} in all"
    if made.plain_due_at is not None and made.plain_due_at != made.due_at:
        yield f"without pauses it is due {_local(made.plain_due_at, calendar)}; a pause moves it by the open time that it takes"
    if clock.offer_ended_at is not None and clock.offer_ended_at == made.due_at:
        yield "its offer expired unanswered before that: it is due by then"
    if made.due_at is None:
        yield f"it stands still: {still.cause if still else 'paused'}"
    else:
        yield f"due {_local(made.due_at, calendar)}"
    yield _verdict(made, clock.state)


def _local(at: datetime, calendar: BusinessCalendar | None) -> str:
    """An instant, and what the calendar's wall clock shows then."""
    return format_instant(at) + (f" ({at.astimezone(calendar.zone):%a %Y-%m-%d %H:%M %Z})" if calendar else "")


def _verdict(made: ClockExplanation, state: ClockState) -> str:
    kept = f"{format_instant(made.kept_at)}" + (f" by {made.kept_by}" if made.kept_by else "") if made.kept_at else ""
    match state:
        case "fulfilled":
            return f"kept at {kept}"
        case "breached":
            return "breached" + (f"; done late at {kept}" if kept else "; not done")
        case "cancelled":
            return f"cancelled at {format_instant(made.ended_at)}" if made.ended_at else "cancelled"
        case "running" | "paused":
            return state
        case _:
            assert_never(state)


def format_instant(at: datetime) -> str:
    """An instant in UTC, to the second, or to the microsecond where it has them."""
    return at.strftime("%Y-%m-%d %H:%M:%S" + (".%f" if at.microsecond else "")) + "Z"


def format_amount(seconds: float) -> str:
    """`1 d 02:30:00`, `00:00:07.5`."""
    whole = timedelta(seconds=seconds)
    hours, seconds_left = divmod(whole.seconds, 3600)
    fraction = f"{whole.microseconds / 1e6:.6f}"[1:].rstrip("0.") if whole.microseconds else ""
    tail = f".{whole.microseconds:06d}".rstrip("0") if fraction else ""
    return (
        f"{whole.days} d " if whole.days else ""
    ) + f"{hours:02}:{seconds_left // 60:02}:{seconds_left % 60:02}{tail}"
