"""Against an independent reckoning that walks minute by minute."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from routing.calendar.business_time import business_days_due, compile_calendar, plain_due
from schemas.calendar import WEEKDAYS, Calendar
from tests.property.reckoning import MINUTE, VECTORS, due, walk, walk_days

ZONES = (
    "Europe/Stockholm",
    "America/New_York",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "America/Havana",
    "America/Santiago",
    "Africa/Casablanca",
)
FILE = json.loads(VECTORS.read_text())


def clock(minutes):
    return f"{minutes // 60:02}:{minutes % 60:02}"


intervals = st.tuples(st.integers(0, 1439), st.integers(1, 600)).map(lambda x: (x[0], min(1440, x[0] + x[1])))
weeks = st.dictionaries(st.sampled_from(WEEKDAYS), st.lists(intervals, min_size=1, max_size=3), min_size=2)
starts = st.datetimes(datetime(2026, 3, 20), datetime(2026, 11, 10)).map(
    lambda x: x.replace(second=0, microsecond=0, tzinfo=UTC)
)


@settings(max_examples=150, deadline=None)
@example("Australia/Lord_Howe", {"sun": [(89, 90)]}, datetime(2026, 3, 20, tzinfo=UTC), 3, [])
@example("America/Havana", {"sat": [(1380, 1440)], "sun": [(0, 90)]}, datetime(2026, 10, 20, tzinfo=UTC), 400, [])
@given(
    st.sampled_from(ZONES),
    weeks,
    starts,
    st.integers(1, 900),
    st.lists(st.tuples(st.integers(0, 4000), st.integers(1, 500)), max_size=3),
)
def test_due_instants_agree_with_a_walk_through_every_minute(zone, week, start, minutes, gaps):
    said = {"zone": zone, "week": {day: [(clock(a), clock(b)) for a, b in rows] for day, rows in week.items()}}
    calendar = compile_calendar(Calendar.model_validate(said))
    pauses = [(start + a * MINUTE, start + (a + b) * MINUTE) for a, b in gaps]
    assert calendar.add_business(start, minutes * MINUTE, pauses) == walk(said, start, minutes * MINUTE, pauses)


@settings(max_examples=80, deadline=None)
@example(
    "America/Santiago", {"sat": [(1380, 1440)], "sun": [(0, 90)]}, datetime(2026, 4, 1, tzinfo=UTC), 2, [(4000, 500)]
)
@given(
    st.sampled_from(ZONES),
    weeks,
    starts,
    st.integers(1, 4),
    st.lists(st.tuples(st.integers(-600, 8000), st.integers(1, 3000)), min_size=1, max_size=3),
)
def test_a_pause_moves_whole_days_by_the_open_time_that_it_takes(zone, week, start, days, gaps):
    said = {"zone": zone, "week": {day: [(clock(a), clock(b)) for a, b in rows] for day, rows in week.items()}}
    calendar = compile_calendar(Calendar.model_validate(said))
    pauses = [(start + a * MINUTE, start + (a + b) * MINUTE) for a, b in gaps]
    due, plain = business_days_due(calendar, start, days, pauses), plain_due(calendar, start, days)
    assert due == walk_days(said, start, days, pauses)
    taken = sum((calendar.open_between(max(a, start), min(b, due)) for a, b in merged(pauses)), timedelta(0))
    assert calendar.open_between(start, due) - taken == calendar.open_between(start, plain)


def merged(pauses):
    found = []
    for begin, end in sorted(pauses):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return found


@settings(max_examples=100, deadline=None)
@given(weeks, starts, st.integers(1, 4), st.integers(0, 8000), st.integers(0, 3000))
def test_a_longer_pause_never_makes_whole_days_due_sooner_and_a_minute_more_moves_them_by_a_minute_of_open_time(
    week, start, days, begin, length
):
    hours = {day: [(clock(a), clock(b)) for a, b in rows] for day, rows in week.items()}
    calendar = compile_calendar(Calendar.model_validate({"zone": "Europe/Stockholm", "week": hours}))
    first, last = start + begin * MINUTE, start + (begin + length) * MINUTE
    short = business_days_due(calendar, start, days, [(first, last)])
    longer = business_days_due(calendar, start, days, [(first, last + MINUTE)])
    assert calendar.open_between(short, longer) in (timedelta(0), MINUTE) and short <= longer


@settings(max_examples=100, deadline=None)
@given(weeks, starts, st.integers(1, 500), st.integers(1, 500))
def test_time_added_in_two_steps_is_time_added_at_once(week, start, first, second):
    hours = {day: [(clock(a), clock(b)) for a, b in rows] for day, rows in week.items()}
    calendar = compile_calendar(Calendar.model_validate({"zone": "Europe/Stockholm", "week": hours}))
    steps = calendar.add_business(calendar.add_business(start, first * MINUTE), second * MINUTE)
    assert steps == calendar.add_business(start, (first + second) * MINUTE)


@pytest.mark.parametrize("case", FILE["cases"], ids=lambda case: case["id"])
def test_the_vectors_say_what_a_walk_finds(case):
    assert due(FILE["calendars"][case["calendar"]], case) == datetime.fromisoformat(case["due"])
