"""By when somebody has to act on a clock."""

from datetime import timedelta

from routing.sla.to_do import act_by
from tests.stories import DONE, HOUR, START, Story, rules

FOLLOW_UP = {"name": "call", "metric": "follow_up", "starts": "hand_over", "target": "2h elapsed"}


def test_a_clock_asks_for_something_until_it_is_kept_however_late():
    told = Story(rules([FOLLOW_UP])).offered()
    assert act_by(told.clock("call")) == START + 2 * HOUR
    told.wait(3 * HOUR)
    assert (told.clock("call").state, act_by(told.clock("call"))) == ("breached", START + 2 * HOUR)
    told.tell("sales.follow_up", 4 * HOUR, sales=DONE)
    assert (told.clock("call").state, act_by(told.clock("call"))) == ("breached", None)


def test_a_broken_promise_about_a_lead_that_went_back_asks_nobody_for_anything():
    told = Story(rules([FOLLOW_UP])).offered().wait(3 * HOUR)
    told.tell("sales.rejected", 4 * HOUR, reason="wrong timing")
    assert act_by(told.clock("call")) is None


def test_the_end_of_an_offer_asks_nobody_for_anything():
    told = Story(rules([FOLLOW_UP])).offered()
    assert told.clock("offer_expiry").open
    assert act_by(told.clock("offer_expiry")) is None
    assert act_by(told.clock("offer_expiry").but(policy="queue")) is not None, "who waits in a queue is waited for"
    assert act_by(told.clock("call").but(state="paused")) is not None
    assert timedelta(0) < told.clock("offer_expiry").due_at - START
