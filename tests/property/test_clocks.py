"""Clocks against a walk through every minute: pauses by signals, absences, warnings, whole days, in odd zones and over
changes of the clock; and the same facts in any order."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from routing.calendar.business_time import before_due, compile_calendar, plain_due
from routing.explain.clock import explain_clock
from routing.model.records import Away, Clock, Mark
from routing.sla.verdict import gaps, standing, with_verdict
from schemas.calendar import WEEKDAYS, Calendar
from schemas.duration import parse_target

ZONES = (
    "Europe/Stockholm",
    "America/New_York",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "America/St_Johns",
)
MINUTE = timedelta(minutes=1)


def wall(minutes):
    return f"{minutes // 60:02}:{minutes % 60:02}"


intervals = st.tuples(st.integers(0, 1380), st.integers(30, 600)).map(lambda x: (x[0], min(1440, x[0] + x[1])))
weeks = st.dictionaries(st.sampled_from(WEEKDAYS), st.lists(intervals, min_size=1, max_size=2), min_size=2)
starts = st.one_of(
    st.datetimes(datetime(2026, 1, 5), datetime(2026, 12, 1)),
    # Around the changes of the clock in the north and in the south.
    st.datetimes(datetime(2026, 3, 27), datetime(2026, 4, 6)),
    st.datetimes(datetime(2026, 9, 24), datetime(2026, 11, 2)),
).map(lambda x: x.replace(second=0, microsecond=0, tzinfo=UTC))
marks = st.lists(st.tuples(st.integers(0, 5000), st.sampled_from(["pause", "resume"])), max_size=6)
away = st.lists(st.tuples(st.integers(-600, 4000), st.integers(1, 3000)), max_size=2)


def clock_of(start, target, found, absent):
    return Clock(
        id="clk_1", policy="p", metric="follow_up", subject_kind="offer", subject_id="ho_1.1", started_at=start,
        target=target, calendar="c", due_at=start, agreement="a", cause="sig_0", person="elin",
        marks=tuple(
            Mark(at=start + at * MINUTE, what=what, signal_id=f"sig_{i}", signal_kind="note.added")
            for i, (at, what) in enumerate(found)
        ),
        away=tuple(Away(since=start + a * MINUTE, until=start + (a + b) * MINUTE) for a, b in absent),
    )  # fmt: skip


class Walk:
    """One minute after the other, by what the wall shows and the facts say; nothing is reckoned."""

    def __init__(self, zone, week, clock, begun=None):
        self.local, self.week, self.clock = ZoneInfo(zone), week, clock
        self.begun = clock.started_at if begun is None else begun

    def counts(self, at):
        """Not paused by the last mark up to `at`, and nobody away."""
        if any(a.since <= at < a.until for a in self.clock.away):
            return False
        ordered = sorted(self.clock.marks, key=lambda m: (m.at, m.what == "pause"))
        before = [m.what for m in ordered if m.at <= at]
        return not before or before[-1] == "resume"

    def is_open(self, at):
        shown = at.astimezone(self.local)
        hours = self.week.get(WEEKDAYS[shown.weekday()], [])
        return any(a <= shown.hour * 60 + shown.minute < b for a, b in hours)

    def due(self, minutes, business, limit=60_000):
        at, left = self.begun, minutes
        for _ in range(limit):
            if not left:
                return at
            left -= self.counts(at) and (not business or self.is_open(at))
            at += MINUTE
        return None

    def back(self, due, minutes, business):
        """The last instant with so much left until `due`."""
        at, left = due, minutes
        while left:
            at -= MINUTE
            left -= self.counts(at) and (not business or self.is_open(at))
        return at


def day_off_of(start, clock, zone):
    """Where somebody is away at the start: since when, but no earlier than that day began where they are."""
    since = [absence.since for absence in clock.away if absence.since <= start < absence.until]
    day = start.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0)
    return [max(min(since), min(day.astimezone(UTC), start))] if since else []


def latest(instants):
    """None where one of them is never."""
    known = list(instants)
    return None if None in known else max(known)


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(ZONES), weeks, starts, st.integers(1, 900), st.booleans(), marks, away)
def test_a_clock_is_due_when_a_walk_through_every_minute_says_so(zone, week, start, minutes, business, found, absent):
    clock = clock_of(start, f"{minutes}m {'business' if business else 'elapsed'}", found, absent)
    calendar = compiled(zone, week)
    stands = standing(clock, calendar)
    walked = Walk(zone, week, clock).due(minutes, business)
    if stands.due_at is None:
        assert walked is None and stands.still is not None
    elif walked is not None:
        assert stands.due_at == walked


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(ZONES), weeks, starts, st.integers(60, 900), st.integers(1, 59), st.booleans(), marks, away)
def test_a_warning_is_at_the_last_instant_with_so_much_left(zone, week, start, minutes, left, business, found, absent):
    kind = "business" if business else "elapsed"
    clock, calendar = clock_of(start, f"{minutes}m {kind}", found, absent), compiled(zone, week)
    due = standing(clock, calendar).due_at
    assume(due is not None)
    closed = [(gap.since, gap.until) for gap in gaps(clock) if gap.until is not None]
    at = before_due(due, parse_target(f"{left}m {kind}"), calendar, closed)
    assert at == Walk(zone, week, clock).back(due, left, business)
    assert start <= at <= due, "what is left of a target lies within it"


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(ZONES), weeks, starts, st.integers(1, 4), marks, away)
def test_whole_days_are_numbered_to_the_due_instant_and_intervals_tile_the_way(zone, week, start, days, found, absent):
    clock, calendar = clock_of(start, f"{days} business day{'s' * (days > 1)}", found, absent), compiled(zone, week)
    due = standing(clock, calendar).due_at
    assume(due is not None)
    made = explain_clock(with_verdict(clock, calendar)[0], calendar, due)
    numbers = [day.number for day in made.days if day.number is not None]
    assert numbers == list(range(len(numbers))) and numbers[-1] == days and made.due_at == due
    plain = calendar.open_seconds_between(start, made.plain_due_at)
    # Who is away at the start has no less than what a step before the absence would have given.
    assert made.counted_seconds >= plain if day_off_of(start, clock, zone) else made.counted_seconds == plain
    assert made.intervals[0].from_ == start and made.intervals[-1].to == due
    assert all(a.to == b.from_ for a, b in zip(made.intervals, made.intervals[1:], strict=False))
    walk = Walk(zone, week, clock)
    for interval in made.intervals:
        assert interval.counted == (walk.counts(interval.from_) and walk.is_open(interval.from_)), interval


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(ZONES), weeks, starts, st.integers(1, 4), marks, away)
def test_pauses_and_absences_move_whole_days_by_the_open_time_that_they_take(zone, week, start, days, found, absent):
    clock, calendar = clock_of(start, f"{days} business day{'s' * (days > 1)}", found, absent), compiled(zone, week)
    stands = standing(clock, calendar)
    walked = latest(
        Walk(zone, week, clock, begun).due(
            calendar.open_between(begun, plain_due(calendar, begun, days)) // MINUTE, business=True, limit=90_000
        )
        for begun in (start, *day_off_of(start, clock, zone))
    )
    if stands.due_at is None:
        assert walked is None and stands.still is not None
    elif walked is not None:
        assert stands.due_at == walked


@settings(max_examples=200, deadline=None)
@given(weeks, starts, st.integers(1, 900), marks, away, st.integers(0, 6000), st.randoms(use_true_random=False))
def test_the_verdict_does_not_depend_on_the_order_of_arrival(week, start, minutes, found, absent, touched, draw):
    calendar = compiled("Europe/Stockholm", week)
    clock = clock_of(start, f"{minutes}m business", found, absent)
    clock = clock.but(touched_at=start + touched * MINUTE)
    mixed = list(clock.marks)
    draw.shuffle(mixed)
    other = clock.but(marks=tuple(mixed))
    one, two = with_verdict(clock, calendar)[0], with_verdict(other, calendar)[0]
    assert (one.state, one.due_at, one.ended_at) == (two.state, two.due_at, two.ended_at)
    assert one.state == ("fulfilled" if one.ended_at == clock.touched_at else "breached")
    if one.state == "breached":
        assert one.ended_at == one.due_at < clock.touched_at


def compiled(zone, week):
    hours = {day: [(wall(a), wall(b)) for a, b in rows] for day, rows in week.items()}
    return compile_calendar(Calendar.model_validate({"zone": zone, "week": hours}))
