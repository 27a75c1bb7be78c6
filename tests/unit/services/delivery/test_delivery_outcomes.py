"""What follows from an attempt at a subscriber, and how it is counted."""

from datetime import timedelta

import pytest

from services.delivery.schedule import LONGEST_WAIT, SCHEDULE, Verdict, judge_attempt, outcome_of
from services.observability import metrics
from services.ports.deliveries import Due

LATER = Verdict("pending", timedelta(seconds=5))


@pytest.mark.parametrize(
    ("verdict", "status", "error", "counted"),
    [
        (Verdict("delivered"), 204, None, "delivered"),
        (Verdict("failed"), 500, None, "given_up"),
        (LATER, 500, None, "failed"),
        (LATER, 302, None, "failed"),
        (LATER, 410, None, "refused"),
        (LATER, None, "AddressRefused", "refused"),
        (LATER, None, "ConnectError", "failed"),
        (LATER, None, "ConnectTimeout", "timeout"),
        (LATER, None, "TimeoutError", "timeout"),
    ],
)
def test_an_attempt_is_counted_by_how_it_ended(verdict, status, error, counted):
    assert outcome_of(verdict, status, error) == counted
    assert counted in metrics.ATTEMPTS


def test_each_pause_of_the_schedule_is_longer_than_the_one_before_and_the_last_try_is_given_up():
    waits = [judge_attempt(Due("d", "evt", attempts, "{}"), 500, {}).wait for attempts in range(len(SCHEDULE))]
    assert all(0.9 * planned <= wait <= 1.1 * planned for planned, wait in zip(SCHEDULE, waits, strict=True))
    assert waits == sorted(waits) and sum(SCHEDULE, timedelta()) > timedelta(days=3)
    assert judge_attempt(Due("d", "evt", len(SCHEDULE), "{}"), 500, {}) == Verdict("failed")


@pytest.mark.parametrize(
    ("retry_after", "planned"),
    [("60", timedelta(seconds=60)), ("1", SCHEDULE[0]), ("9" * 30, LONGEST_WAIT), ("tomorrow", SCHEDULE[0]), ("²", SCHEDULE[0])],
)  # fmt: skip
def test_a_receiver_that_says_when_is_tried_then_but_not_sooner_than_planned_nor_after_a_day(retry_after, planned):
    wait = judge_attempt(Due("d", "evt", 0, "{}"), 503, {"retry-after": retry_after}).wait
    assert 0.9 * planned <= wait <= 1.1 * planned
