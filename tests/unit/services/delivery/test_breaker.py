"""When a subscription pauses, goes on, or is disabled."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from schemas.subscriptions import Breaker
from services.delivery.breaker import judge_health, text_of, turn_of
from services.delivery.schedule import Verdict
from services.ports.deliveries import Change, Health, Pace

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
TAKEN, FAILED = Verdict("delivered"), Verdict("pending", 5 * SECOND)
BREAKER = Breaker(failures=3, pause=10 * SECOND, longest=60 * SECOND)


def after(health, *verdicts, at=NOW, status=500, is_probe=False):
    for verdict in verdicts:
        health = judge_health(health, verdict, at, status, breaker=BREAKER, is_probe=is_probe)
    return health


def test_it_opens_after_so_many_failures_one_after_the_other_and_not_before():
    two = after(Health(), FAILED, FAILED)
    assert two == Health(failures=2, failing_since=NOW)
    assert after(two, TAKEN, FAILED, FAILED) == two, "one that was taken in between"
    three = after(two, FAILED)
    assert (three.pause, three.paused_until, three.openings) == ("open", NOW + 10 * SECOND, 1)


def test_an_event_that_is_given_up_counts_like_any_failure():
    assert after(Health(), FAILED, FAILED, Verdict("failed")).pause == "open"


def test_each_probe_that_fails_doubles_the_pause_up_to_the_longest():
    health, pauses = after(Health(), FAILED, FAILED, FAILED), []
    for _ in range(5):
        health = after(health, FAILED, is_probe=True)
        pauses.append(health.paused_until - NOW)
    assert pauses == [20 * SECOND, 40 * SECOND, 60 * SECOND, 60 * SECOND, 60 * SECOND]
    assert after(health._replace(openings=10**6), FAILED, is_probe=True).paused_until == NOW + 60 * SECOND


def test_tries_that_were_under_way_when_it_opened_do_not_lengthen_the_pause():
    opened = after(Health(), FAILED, FAILED, FAILED)
    late = after(opened, *[FAILED] * 17)
    assert (late.openings, late.paused_until, late.failures) == (1, opened.paused_until, 20)


def test_whatever_is_taken_closes_it():
    opened = after(Health(), FAILED, FAILED, FAILED)
    assert after(opened, TAKEN, is_probe=True) == Health()
    assert after(opened, TAKEN) == Health(), "also one that was under way when it opened"


def test_a_receiver_that_asks_for_a_pause_gets_it_and_is_not_taken_for_a_broken_one():
    asked = Verdict("pending", 60 * SECOND, 60 * SECOND, spare=True)
    health = after(Health(), *[asked] * 20, status=429)
    assert (health.pause, health.paused_until, health.failures) == ("throttled", NOW + 60 * SECOND, 0)
    shorter = after(health, Verdict("pending", SECOND, SECOND, spare=True), status=429)
    assert shorter.paused_until == NOW + 60 * SECOND, "the longest of several answers holds"
    failing = after(health, FAILED, FAILED, FAILED)
    assert (failing.pause, failing.paused_until) == ("open", NOW + 60 * SECOND)
    probed = after(failing._replace(paused_until=NOW + 999 * SECOND), asked, status=503, is_probe=True)
    assert (probed.pause, probed.paused_until) == ("open", NOW + 60 * SECOND), "the claim of the probe is over"


def test_who_takes_nothing_for_days_is_disabled_and_keeps_what_is_known_of_them():
    health = after(Health(), FAILED)
    almost = after(health, FAILED, at=NOW + timedelta(days=5) - SECOND)
    assert almost.disabled is None
    over = after(almost, FAILED, at=NOW + timedelta(days=5))
    assert over.disabled == "it took nothing since 2026-11-29T12:00Z"
    assert after(over, TAKEN).disabled == over.disabled, "somebody has to enable it"
    throttled = after(Health(failing_since=NOW), Verdict("pending", SECOND, SECOND), at=NOW + timedelta(days=5))
    assert throttled.disabled is not None, "429 for days is nothing taken, too"


def test_410_disables_at_once():
    gone = after(Health(), Verdict("pending", timedelta(0)), status=410)
    assert gone == Health(disabled="the receiver answered 410 Gone")


def test_each_turn_is_told_once_with_its_words():
    opened = after(Health(), FAILED, FAILED, FAILED)
    again = after(opened, FAILED, is_probe=True)
    turns = [
        turn_of(Change(before, then))
        for before, then in [
            (Health(), after(Health(), FAILED)),
            (Health(failures=2), opened),
            (opened, again),
            (again, Health()),
            (Health(), Health(disabled="the receiver answered 410 Gone")),
            (opened, opened._replace(disabled="it took nothing since ...")),
            (Health(failures=1), Health()),
        ]
    ]
    assert turns == [None, "opened", None, "closed", "gone", "failing", None]
    assert len({text_of(turn) for turn in turns if turn}) == 4


def test_a_breaker_whose_longest_pause_is_shorter_than_its_first_is_refused():
    with pytest.raises(ValidationError, match="make it at least as long"):
        Breaker(pause=60 * SECOND, longest=10 * SECOND)


def test_a_pace_lets_a_burst_go_after_a_rest_and_then_one_each_interval():
    pace, spent = Pace(SECOND / 10, 5), None
    assert pace.allowance(spent, NOW) == 5
    spent = pace.spend(spent, NOW, 5)
    assert [pace.allowance(spent, NOW + n * SECOND / 10) for n in (0, 0.9, 1, 2, 5, 500)] == [0, 0, 1, 2, 5, 5]
    later = pace.spend(spent, NOW + 100 * SECOND, 2)
    assert pace.allowance(later, NOW + 100 * SECOND) == 3, "a rest gives no more than a burst"


def test_over_a_minute_a_pace_is_never_exceeded_however_often_somebody_asks():
    pace, spent, sent = Pace(SECOND / 7, 3), None, 0
    for tick in range(6000):
        at = NOW + tick * SECOND / 100
        count = min(2, pace.allowance(spent, at))
        spent, sent = pace.spend(spent, at, count), sent + count
    assert 7 * 60 <= sent <= 7 * 60 + 3
