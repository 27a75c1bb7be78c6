"""The verdict on a clock, computed again from its facts whenever one comes: so the order of arrival does not matter.

The facts are when it started, what paused it and let it go on, when its person was away, the earliest genuine touch and
when it was cancelled. Nothing here emits; `routing.sla.clocks` tells what changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple, assert_never

from routing.calendar.business_time import BusinessCalendar, HorizonExceeded, Pause, before_due, due_at
from routing.model.records import Away, Clock, ClockState
from schemas.duration import TargetValue, parse_target
from schemas.sla import Policy

RECHECK = timedelta(hours=1)
"""While nobody knows when somebody comes back, their clocks are looked at again so often: returns may be told to nobody."""

target_of = lru_cache(maxsize=1000)(parse_target)
"""A clock keeps its target as text; agreements have few."""


class Gap(NamedTuple):
    """Time that does not count, half-open; `until` None while it lasts. `cause` names the signal or the absence."""

    since: datetime
    until: datetime | None
    cause: str

    @property
    def is_absence(self) -> bool:
        """Whether its person was away; else the lead asked to wait."""
        return self.cause.startswith("absence")


class Standing(NamedTuple):
    """When the clock is due, None while it stands still; `still` is the gap that it stands in."""

    due_at: datetime | None
    still: Gap | None


def gaps(clock: Clock) -> list[Gap]:
    """Pauses by signals and absences, by their beginning; a pause within a pause is one."""
    absences = [Gap(a.since, a.until, f"absence of {clock.person}") for a in clock.away]
    return sorted([*absences, *_pauses(clock)], key=lambda gap: gap.since)


def is_standing_still(clock: Clock, at: datetime) -> bool:
    """Whether the clock does not count the time at this instant, for a pause or an absence."""
    return any(gap.since <= at and (gap.until is None or at < gap.until) for gap in gaps(clock))


def _pauses(clock: Clock) -> Iterator[Gap]:
    """What pauses or resumes after the touch that kept the promise is none of it: what was said stays so."""
    begun = None
    marks = [mark for mark in clock.marks if clock.touched_at is None or mark.at <= clock.touched_at]
    # At one instant a resume comes first: what pauses in the same second as the last pause ends, pauses again.
    for mark in sorted(marks, key=lambda m: (m.at, m.what == "pause", m.signal_id)):
        match mark.what:
            case "pause":
                begun = begun or mark
            case "resume":
                if begun is not None:
                    yield Gap(begun.at, mark.at, f"pause by {begun.signal_kind} {begun.signal_id}")
                begun = None
            case _:
                assert_never(mark.what)
    if begun is not None:
        yield Gap(begun.at, None, f"pause by {begun.signal_kind} {begun.signal_id}")


def standing(clock: Clock, calendar: BusinessCalendar | None) -> Standing:
    """The due instant by all gaps, and not after the end of the offer that is waited on. It stands also where a gap that lasts
    began only after it. Raises BusinessTimeError."""
    if not clock.marks and not clock.away:
        result = Standing(due_at(clock.started_at, target_of(clock.target), calendar), None)
    else:
        result = _standing(clock, calendar, gaps(clock))
    ended = clock.offer_ended_at
    return (
        Standing(ended, None) if ended is not None and result.due_at is not None and ended < result.due_at else result
    )


def _beginnings(clock: Clock, calendar: BusinessCalendar | None) -> list[datetime]:
    """From when it is counted; the latest due instant of them holds. Whole days that start while their person is away are counted from
    the absence or from that day as well: else a step on a day off would be due before one of the evening before."""
    started = clock.started_at
    if calendar is None or target_of(clock.target).kind != "business_days":
        return [started]
    since = [a.since for a in clock.away if a.since <= started and (a.until is None or started < a.until)]
    if not since:
        return [started]
    local = started.astimezone(calendar.zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
    return [started, max(min(since), min(midnight, started))]


def _standing(clock: Clock, calendar: BusinessCalendar | None, all_gaps: list[Gap]) -> Standing:
    closed: list[Pause] = [(gap.since, gap.until) for gap in all_gaps if gap.until is not None]
    try:
        target = target_of(clock.target)
        due = max(due_at(begun, target, calendar, closed) for begun in _beginnings(clock, calendar))
    except HorizonExceeded:
        if not closed:
            raise
        # Away until 2099 is how some say "nobody knows": a gap that leaves no due instant that can be computed is one without end.
        last = max(gap.until for gap in all_gaps if gap.until is not None)
        return _standing(clock, calendar, [g._replace(until=None) if g.until == last else g for g in all_gaps])
    still = next((gap for gap in all_gaps if gap.until is None), None)
    return Standing(due, None) if still is None or due <= still.since else Standing(None, still)


def with_verdict(
    clock: Clock, calendar: BusinessCalendar | None, passed: datetime | None = None
) -> tuple[Clock, Gap | None]:
    """The clock with its verdict, and the gap that it stands still in. `passed` is an instant that is known to be over
    and all that was answered before it known: what was due by then and not kept is breached."""
    due, still = standing(clock, calendar)
    touched, gone = clock.touched_at, clock.cancelled_at
    if touched is not None and (due is None or touched <= due):
        return _with_state(clock, "fulfilled", touched, due or clock.due_at), None
    if due is not None and _is_over(clock, due, passed):
        return _with_state(clock, "breached", due, due), None
    if gone is not None:
        return _with_state(clock, "cancelled", gone, due or clock.due_at), None
    if due is None:
        return _with_state(clock, "paused", None, clock.due_at), still
    return _with_state(clock, "running", None, due), None


def _is_over(clock: Clock, due: datetime, passed: datetime | None) -> bool:
    """Whether the due instant is known to have passed unkept: announced, touched or ended after it, or said before."""
    gone, touched = clock.cancelled_at, clock.touched_at
    if gone is not None and gone < due:
        return False  # What ended it in time may be heard only after it was said to be broken.
    if clock.state == "breached" and due <= clock.due_at:
        return True
    return (
        (passed is not None and passed >= due)
        or (gone is not None and gone >= due)
        or (touched is not None and touched >= due)
    )


def _with_state(clock: Clock, state: ClockState, ended_at: datetime | None, due: datetime) -> Clock:
    if clock.state == state and clock.due_at == due and clock.ended_at == ended_at:
        return clock
    return clock.but(state=state, ended_at=ended_at, due_at=due)


def warning_points(
    clock: Clock, policy: Policy, calendar: BusinessCalendar | None
) -> list[tuple[datetime, TargetValue]]:
    """Warning instants of a running clock, earliest first; those that would be before its start are left out."""
    if not policy.warnings:
        return []
    closed: list[Pause] = []
    if clock.marks or clock.away:
        closed = [(gap.since, gap.until) for gap in gaps(clock) if gap.until is not None]
    due = clock.due_at
    points = [(before_due(due, warning, calendar, closed), warning) for warning in policy.warnings]
    return sorted([point for point in points if clock.started_at < point[0] < due])


def rung_at(clock: Clock, policy: Policy, calendar: BusinessCalendar | None, known_from: datetime | None) -> datetime:
    """When the next rung is taken: so long after the due instant, and after the owner could know of the lead."""
    rung = policy.ladder[clock.rungs_done]
    begin = max(clock.due_at, known_from) if known_from else clock.due_at
    return due_at(begin, rung.after, calendar if rung.after.kind != "elapsed" else None, ())


def next_look(
    clock: Clock, policy: Policy | None, calendar: BusinessCalendar | None, still: Gap | None, now: datetime
) -> datetime | None:
    """When the watcher has to look at this clock again, rungs apart; None where only a signal can change anything."""
    match clock.state:
        case "running":
            points = warning_points(clock, policy, calendar)[clock.warnings_done :] if policy else []
            return points[0][0] if points else clock.due_at
        case "paused":
            return now + RECHECK if still is not None and still.is_absence else None
        case "fulfilled" | "breached" | "cancelled":
            return None
        case _:
            assert_never(clock.state)


def absences_of(person: str | None, absences: Sequence[Away], clock: Clock) -> tuple[Away, ...]:
    """What of a person's absences can matter to this clock: those that do not end before it starts."""
    return tuple(a for a in absences if a.until is None or a.until > clock.started_at) if person else ()
