"""What follows from a try."""

from datetime import timedelta

import pytest

from services.alerts.channels.sender import Outcome
from services.alerts.schedule import PAUSES, judge_try

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(("outcome", "state"), [(Outcome("sent"), "sent"), (Outcome("refused", "HTTP 400"), "failed")])
def test_what_is_taken_or_refused_is_over(outcome, state):
    assert judge_try("n", 3, outcome) == (state, None, None)


def test_pauses_grow_and_end():
    waits = [judge_try("n", tried, Outcome("later")).wait for tried in range(len(PAUSES))]
    assert waits == sorted(waits)
    assert all(0.9 * p <= w <= 1.1 * p for p, w in zip(PAUSES, waits, strict=True))
    assert judge_try("n", len(PAUSES), Outcome("later")).state == "failed"


def test_a_pause_that_is_asked_for_holds_the_message_and_the_channel():
    verdict = judge_try("n", 0, Outcome("later", "HTTP 429", MINUTE))
    assert (verdict.wait, verdict.hold) == (MINUTE, MINUTE)
    assert judge_try("n", 9, Outcome("later", "HTTP 429", MINUTE)).wait > MINUTE


def test_tries_of_many_messages_are_spread():
    assert len({judge_try(f"n{i}", 0, Outcome("later")).wait for i in range(20)}) > 10
