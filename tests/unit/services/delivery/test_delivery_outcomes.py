"""What follows from an attempt at a subscriber, and how it is counted."""

from datetime import UTC, datetime, timedelta

import pytest

from services.delivery.schedule import MOST_SPARED, SCHEDULE, Verdict, judge_attempt, outcome_of
from services.observability import metrics
from services.outbound.client import LONGEST_PAUSE, retry_after
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
    waits = [judge_attempt(Due("d", "evt", attempts, "{}"), 500).wait for attempts in range(len(SCHEDULE))]
    assert all(0.9 * planned <= wait <= 1.1 * planned for planned, wait in zip(SCHEDULE, waits, strict=True))
    assert waits == sorted(waits) and sum(SCHEDULE, timedelta()) > timedelta(days=3)
    assert judge_attempt(Due("d", "evt", len(SCHEDULE), "{}"), 500) == Verdict("failed")


NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "planned"),
    [
        ("60", timedelta(seconds=60)),
        ("1", SCHEDULE[0]),
        ("9" * 30, LONGEST_PAUSE),
        ("9" * 400, LONGEST_PAUSE),
        ("tomorrow", SCHEDULE[0]),
        ("²", SCHEDULE[0]),
        ("nan", SCHEDULE[0]),
        ("-7", SCHEDULE[0]),
        ("", SCHEDULE[0]),
        (None, SCHEDULE[0]),
        ("Sun, 29 Nov 2026 12:02:00 GMT", timedelta(minutes=2)),
        ("Sun, 29 Nov 2026 12:02:00 -0000", timedelta(minutes=2)),
        ("Sun, 29 Nov 2026 11:00:00 GMT", SCHEDULE[0]),
        ("Sun, 29 Nov 2099 12:00:00 GMT", LONGEST_PAUSE),
    ],
)
def test_a_receiver_that_says_when_is_tried_then_but_not_sooner_than_planned_nor_after_a_day(header, planned):
    wait = judge_attempt(Due("d", "evt", 0, "{}"), 503, retry_after(header, NOW)).wait
    assert 0.9 * planned <= wait <= 1.1 * planned


@pytest.mark.parametrize(("status", "header"), [(429, None), (429, "60"), (503, "60")])
def test_a_receiver_that_is_asked_too_much_pauses_the_subscription_and_costs_the_event_nothing(status, header):
    pause = retry_after(header, NOW)
    verdict = judge_attempt(Due("d", "evt", 50, "{}", spared=50), status, pause)
    assert (verdict.state, verdict.spare, verdict.pause) == ("pending", True, pause or SCHEDULE[0])
    assert 0.9 * verdict.pause <= verdict.wait <= 1.1 * verdict.pause, "not the long pause of a later try"
    after_it = judge_attempt(Due("d", "evt", 51, "{}", spared=51), 500)
    assert 0.9 * SCHEDULE[0] <= after_it.wait <= 1.1 * SCHEDULE[0], "the schedule begins where it was"


def test_a_503_without_a_pause_is_a_failure_of_this_event_alone():
    verdict = judge_attempt(Due("d", "evt", 0, "{}"), 503)
    assert (verdict.pause, verdict.spare) == (None, False)


def test_a_probe_costs_the_event_nothing_and_never_gives_it_up():
    verdict = judge_attempt(Due("d", "evt", 9, "{}", is_probe=True), 500)
    assert (verdict.state, verdict.spare, verdict.pause) == ("pending", True, None)
    assert judge_attempt(Due("d", "evt", 9, "{}"), 500) == Verdict("failed")


def test_no_event_is_tried_for_ever():
    spared = Due("d", "evt", MOST_SPARED + 9, "{}", spared=MOST_SPARED)
    assert judge_attempt(spared, 429) == Verdict("failed")
    assert judge_attempt(spared._replace(is_probe=True), 500) == Verdict("failed")


def test_a_schedule_of_ones_own_is_kept():
    own = (timedelta(seconds=1), timedelta(seconds=9))
    waits = [judge_attempt(Due("d", "evt", n, "{}"), 500, None, own).wait for n in (0, 1)]
    assert all(0.9 * planned <= wait <= 1.1 * planned for planned, wait in zip(own, waits, strict=True))
    assert judge_attempt(Due("d", "evt", 2, "{}"), 500, None, own) == Verdict("failed")
