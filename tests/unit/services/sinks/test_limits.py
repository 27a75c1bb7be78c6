"""How fast a sink may call."""

from datetime import timedelta

import pytest

from services.sinks.limits import DAY, Allowance, Bucket
from services.sinks.outcomes import Trouble
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
