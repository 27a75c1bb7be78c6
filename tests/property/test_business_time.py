"""Against an independent reckoning that walks minute by minute."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from routing.business_time import compile_calendar
from schemas.calendar import WEEKDAYS, Calendar
from tests.property.reckoning import MINUTE, VECTORS, due, walk

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
