"""Who waits after trouble, and how long."""

from datetime import timedelta
from typing import get_args

import pytest

from services.sinks.outcomes import SPARED, Trouble, TroubleKind
from services.sinks.verdicts import judge_trouble

NOTHING = timedelta(0)


def verdict(kind, *, attempts=0, in_a_row=1, wait=None):
    return judge_trouble(Trouble(kind, "code", wait=wait), attempts, in_a_row, "seed")


def test_limits_hold_the_whole_sink_for_as_long_as_the_vendor_says():
    for kind in ("throttled", "spent"):
        told = verdict(kind, wait=timedelta(seconds=40))
        assert told.hold == told.wait == timedelta(seconds=40) and kind in SPARED


def test_a_busy_record_holds_its_lead_alone():
    assert verdict("locked").hold == NOTHING and verdict("locked").wait > NOTHING


def test_a_refused_record_waits_for_somebody_and_nobody_else_does():
    for kind in ("refused_data", "gone"):
        assert verdict(kind).wait is None and verdict(kind).hold == NOTHING and verdict(kind).pause is None


def test_a_wrong_set_up_pauses_the_sink_and_puts_nothing_off():
    assert verdict("refused_setup").pause == "refused_setup: code" and verdict("refused_setup").wait == NOTHING


def test_one_mishap_holds_nobody_and_many_in_a_row_hold_the_sink_for_a_minute_at_most():
    assert verdict("transient").hold == NOTHING
    assert verdict("transient", in_a_row=5).hold == timedelta(seconds=2)
    assert verdict("unknown", in_a_row=99).hold == timedelta(seconds=60)


def test_pauses_grow_to_an_hour_and_never_end():
    waits = [verdict("transient", attempts=n).wait for n in range(12)]
    assert waits[0] < timedelta(seconds=3)
    assert all(timedelta(minutes=45) < wait < timedelta(minutes=75) for wait in waits[6:])


@pytest.mark.parametrize("kind", get_args(TroubleKind))
def test_every_kind_of_trouble_has_a_verdict(kind):
    wait = verdict(kind).wait
    assert wait is None or wait >= NOTHING
