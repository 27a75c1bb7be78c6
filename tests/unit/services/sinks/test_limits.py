"""How fast a sink may call."""

from datetime import timedelta

import pytest

from services.sinks.limits import DAY, LEFT_TO_OTHERS, Allowance, Bucket, waiting_where_short
from services.sinks.outcomes import Trouble
from services.sinks.remaining import Remaining
from tests.sinks import NOW

SECOND = timedelta(seconds=1)


def test_a_burst_passes_at_once_and_what_follows_waits_its_turn():
    allowance = Allowance(Bucket(2, 10 * SECOND), None)
    waits = [allowance.reserve(1, NOW) for _ in range(5)]
    assert waits == [timedelta(0), timedelta(0), 5 * SECOND, 10 * SECOND, 15 * SECOND]


def test_what_waited_is_not_given_twice():
    allowance = Allowance(Bucket(1, SECOND), None)
    assert [allowance.reserve(1, NOW + n * SECOND) for n in range(4)] == [timedelta(0)] * 4
    assert allowance.reserve(1, NOW + 3 * SECOND) == SECOND


def test_dear_calls_cost_what_the_vendor_counts():
    allowance = Allowance(Bucket(20, 2 * SECOND), None)
    assert allowance.reserve(20, NOW) == timedelta(0)
    assert allowance.reserve(10, NOW) == SECOND


def test_a_day_that_is_spent_says_when_there_is_more():
    allowance = Allowance(None, Bucket(2, DAY))
    allowance.reserve(1, NOW)
    allowance.reserve(1, NOW)
    with pytest.raises(Trouble) as caught:
        allowance.reserve(1, NOW)
    assert caught.value.kind == "spent" and caught.value.wait == timedelta(hours=12)


def test_without_limits_nothing_waits():
    assert Allowance(None, None).reserve(1000, NOW) == timedelta(0)


def test_a_wait_that_no_claim_outlasts_is_told_and_nothing_is_taken():
    allowance = Allowance(Bucket(1, 60 * SECOND), None)
    allowance.reserve(1, NOW)
    for _ in range(3):
        with pytest.raises(Trouble) as caught:
            allowance.reserve(1, NOW, 30)
        assert (caught.value.kind, caught.value.wait) == ("throttled", 60 * SECOND)


@pytest.mark.parametrize("bucket", ["burst", "day"])
def test_what_may_wait_leaves_a_quarter_to_owners_and_offers_and_takes_nothing(bucket):
    made = Bucket(8, 80 * SECOND)
    allowance = Allowance(made, None) if bucket == "burst" else Allowance(None, made)
    with waiting_where_short(may_wait=True):
        for _ in range(6):
            assert allowance.reserve(1, NOW) == timedelta(0)
        with pytest.raises(Trouble) as caught:
            allowance.reserve(1, NOW)
    assert (caught.value.kind, caught.value.code) == ("locked", LEFT_TO_OTHERS)
    assert caught.value.wait == 15 * SECOND, "tried again, but not at once"
    assert [allowance.reserve(1, NOW) for _ in range(2)] == [timedelta(0)] * 2, "they have what was left"
    with waiting_where_short(may_wait=True):
        assert allowance.reserve(1, NOW + 40 * SECOND) == timedelta(0)


def test_where_nothing_is_short_what_may_wait_does_not():
    with waiting_where_short(may_wait=True):
        assert Allowance(Bucket(1, SECOND), None).reserve(20, NOW) == timedelta(0)
        assert Allowance(None, None).reserve(20, NOW) == timedelta(0)


def test_the_vendor_is_believed_where_it_says_less_than_we_counted():
    allowance = Allowance(Bucket(100, 10 * SECOND), Bucket(1000, DAY))
    allowance.believe(Remaining(burst=1, day=2), NOW)
    assert [allowance.reserve(1, NOW) for _ in range(2)] == [timedelta(0), 0.1 * SECOND]
    with pytest.raises(Trouble, match="our_share_of_the_day"):
        allowance.reserve(1, NOW)
    allowance = Allowance(Bucket(1, 10 * SECOND), None)
    allowance.reserve(1, NOW)
    allowance.believe(Remaining(burst=500, day=9), NOW)
    assert allowance.reserve(1, NOW) == 10 * SECOND, "our own part is ours to set"
