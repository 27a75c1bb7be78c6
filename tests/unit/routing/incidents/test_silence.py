"""When a source is silent against its own usual traffic."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from routing.incidents.silence import HOUR, WEEK, Silence, find_silence

NOW = datetime(2026, 11, 30, 15, 20, tzinfo=UTC)  # a Monday
DAY = timedelta(days=1)


def weeks(per_hour, until, weeks=5):
    """Deliveries of an office: so many each hour of working days from 8 to 17, up to `until`."""
    first = (NOW - WEEK * weeks).replace(hour=0, minute=0)
    hours = [first + HOUR * n for n in range(24 * 7 * weeks + 24)]
    return {hour: per_hour for hour in hours if hour <= until and hour.weekday() < 5 and 8 <= hour.hour < 17}


def test_silence_is_told_with_what_usually_came_in_the_same_hours():
    counts = weeks(4, until=NOW - 4 * HOUR)
    silence = find_silence(counts, NOW)
    since = datetime(2026, 11, 30, 12, tzinfo=UTC)
    assert silence == Silence(since, 3, (12, 12, 12, 12))
    assert silence.explain() == (
        "nothing came for 3 hours; in the same hours of the 4 weeks before it was 12, 12, 12, 12"
    )


def test_two_hours_of_the_same_source_are_not_enough():
    assert find_silence(weeks(4, until=NOW - 3 * HOUR), NOW) is None


@pytest.mark.parametrize("at", [datetime(2026, 11, 29, 20, tzinfo=UTC), datetime(2026, 11, 30, 7, tzinfo=UTC)])
def test_a_night_and_a_weekend_are_as_usual(at):
    assert find_silence(weeks(40, until=at), at) is None


def test_the_hour_that_is_not_over_counts_for_nothing():
    counts = weeks(40, until=NOW - 2 * HOUR)
    assert find_silence(counts, NOW) is not None
    assert find_silence(counts, NOW - timedelta(minutes=21)) is None


def test_a_form_with_three_leads_a_week_is_never_told_however_long_it_is_silent():
    for seed in range(50):
        lots = random.Random(seed)
        leads = sorted(NOW - WEEK * 5 + timedelta(hours=lots.randrange(24 * 7 * 5)) for _ in range(15))
        counts = {lead.replace(minute=0): 1 for lead in leads if lead < NOW - 9 * DAY}
        assert all(find_silence(counts, NOW + DAY * day) is None for day in range(20))


def test_twelve_a_week_are_told_within_a_week():
    counts = {hour: 4 for hour, _ in weeks(1, until=NOW - 7 * DAY).items() if hour.hour == 9 and hour.weekday() < 3}
    told = [day for day in range(8) if find_silence(counts, NOW - 7 * DAY + DAY * day)]
    assert told and told[0] >= 2


def test_a_source_that_is_new_or_came_irregularly_has_no_usual_traffic():
    assert find_silence({}, NOW) is None
    assert find_silence(weeks(40, until=NOW - 4 * HOUR, weeks=3), NOW) is None
    counts = weeks(40, until=NOW - 4 * HOUR)
    third = {hour: n for hour, n in counts.items() if not NOW - WEEK * 3 - DAY < hour < NOW - WEEK * 3 + DAY}
    assert find_silence(third, NOW) is None, "one week in which nothing came either"


def test_a_source_that_speaks_again_is_not_silent():
    counts = weeks(40, until=NOW - 4 * HOUR)
    assert find_silence(counts | {NOW.replace(minute=0): 1}, NOW) is None


def test_a_silence_of_weeks_is_compared_by_its_last_week_until_it_is_usual():
    counts = weeks(40, until=NOW - 9 * DAY)
    assert find_silence(counts, NOW).usual == (1520, 1800, 1800, 1800)
    assert find_silence(counts, NOW + 8 * DAY) is None


def test_random_traffic_is_hardly_ever_told():
    """Of ten weeks of hours with one delivery each on average, by day and night."""
    lots, told = random.Random(7), 0
    begin, hours = NOW.replace(minute=0) - WEEK * 15, 24 * 7 * 15
    counts = {begin + HOUR * n: sum(lots.random() < 0.1 for _ in range(10)) for n in range(hours)}
    counts = {hour: n for hour, n in counts.items() if n}
    for n in range(24 * 7 * 5, hours, 7):
        now = begin + HOUR * n
        told += find_silence({hour: k for hour, k in counts.items() if now - WEEK * 5 < hour < now}, now) is not None
    assert told <= 1
