"""What has a lead judged again: the end of a hold, another fact of its company, a meeting that was called off."""

from datetime import timedelta

import pytest

from routing.people.commands import to_signal
from routing.people.permissions import Principal
from schemas.commands import Command
from schemas.signals import Company, Reference, Sales
from tests.setups import START
from tests.stories import DAY, HOUR, MINUTE, Kept, rules

RULES = rules()


def story():
    return Kept(RULES)


def asked(told, name, **more):
    ask = Command.model_validate({"command": name, "lead": told.lead.id, "reason": "asked", **more}).root
    return told.take(to_signal(ask, Principal("desk", "maja"), told.at, f"k{len(told.steps)}", "default", "p"))


def held(**more):
    """On hold, and raised its hand meanwhile."""
    told = asked(story().tell("email.clicked", timedelta(0)), "hold", **more)
    return told.tell("form.submitted", HOUR, form_id="guide")


# --- holds ------------------------------------------------------------------------------------------------------------
def test_a_hold_ends_when_it_was_asked_to_and_what_came_meanwhile_is_judged():
    told = held(until="2026-12-01T09:00:00Z")
    assert told.lead.stage == "contact"
    told.wait(7 * DAY - MINUTE)
    assert told.lead.parked is not None
    told.wait(7 * DAY + MINUTE)
    assert (told.lead.parked, told.lead.parked_until, told.lead.stage) == (None, None, "qualification")
    (let_go,) = told.all("lead.unparked")
    assert (let_go.by, let_go.reason) == ("desk", "its time is over")


def test_a_hold_whose_end_is_noticed_late_lets_nothing_begin_before_what_it_held_back():
    told = (
        held(until="2026-12-01T09:00:00Z").tell("form.submitted", 9 * DAY, form_id="demo").wait(10 * DAY, late=3 * DAY)
    )
    assert told.lead.stage == "hand_over"
    assert told.lead.handover.opened_at == START + 9 * DAY, "two days after the hold was over"
    assert told.lead.handover.offers[0].offered_at == START + 10 * DAY


def test_a_hold_without_an_end_lasts_thirty_days_and_none_lasts_over_a_year():
    (said,) = held().all("lead.parked")
    assert said.until - story().at == 30 * DAY
    (long,) = held(until="2036-01-01T00:00:00Z").all("lead.parked")
    assert long.until - story().at == 366 * DAY


def test_a_released_hold_has_no_clock_left():
    told = asked(held(), "release")
    assert told.lead.stage == "qualification"
    assert told.wait(40 * DAY).all("lead.unparked")[1:] == []


def test_a_hold_outlives_the_pass_and_still_ends():
    told = asked(story().dealt(), "hold").tell("sales.lost", DAY, reason="wrong timing")
    assert told.lead.stage == "nurturing" and told.lead.parked
    assert told.wait(31 * DAY).lead.parked is None


def test_who_is_no_lead_any_more_is_not_held():
    told = held().tell("disposition.set", 2 * HOUR, sales=Sales(to="spam"))
    assert told.lead.parked is None and not [c for c in told.lead.clocks.values() if c.open]


def test_a_hold_is_explained():
    text = held(until="2026-12-01T09:00:00Z").explained().text
    assert "on hold by desk until 2026-12-01 09:00:00Z: neither qualified nor handed over" in text
    assert "on hold" not in asked(held(), "release").explained().text


# --- facts of the company ---------------------------------------------------------------------------------------------
def qualified_by_size():
    """Points enough by what they did; who they are is not known yet."""
    told = story().tell("form.submitted", timedelta(0), form_id="guide", company=Company(country="SE"))
    for minute in (1, 2, 3):
        told.tell("event.attended", minute * MINUTE)
    assert told.lead.stage == "qualification"
    return told


def test_a_new_fact_of_the_company_has_the_lead_judged_again():
    told = qualified_by_size().tell("contact.updated", HOUR, company=Company(employees=2000))
    assert told.lead.stage == "hand_over"


def test_a_fact_that_is_known_already_has_nobody_judged_again():
    told = qualified_by_size().tell("contact.updated", HOUR, company=Company(country="SE"))
    assert "definitions" not in told.decision.evidence


# --- meetings ---------------------------------------------------------------------------------------------------------
def booked(told, after, record=None):
    return told.tell("sales.meeting_booked", after, references=named(record))


def called_off(told, after, record=None, **more):
    return told.tell("sales.meeting_cancelled", after, references=named(record), **more)


def named(record):
    return (Reference(system="calendly", object="activity", id=record),) if record else ()


@pytest.mark.parametrize("record", [None, "m1"])
def test_a_meeting_that_was_called_off_is_booked_no_more(record):
    told = called_off(booked(story(), MINUTE, record), HOUR, record)
    assert told.lead.meeting_booked_at is None
    assert told.decision.lead.stage == "hand_over", "the hand-over it led to goes on"


def test_the_latest_booking_that_was_not_called_off_counts():
    told = booked(booked(story(), MINUTE, "m1"), HOUR, "m2")
    at = told.lead.meeting_booked_at
    assert called_off(told, 2 * HOUR, "m1").lead.meeting_booked_at == at
    assert called_off(told, 3 * HOUR, "m2").lead.meeting_booked_at is None
    assert booked(told, 4 * HOUR, "m2").lead.meeting_booked_at == told.at, "booked anew"


def test_a_cancellation_that_comes_before_its_booking_is_not_forgotten():
    told = called_off(story().tell("email.sent", timedelta(0)), HOUR, "m1")
    told.tell("sales.meeting_booked", MINUTE, now=2 * HOUR, references=named("m1"))
    assert (told.lead.stage, told.lead.meeting_booked_at) == ("contact", None)


def test_a_hold_ends_without_the_meeting_that_was_called_off():
    told = asked(story().tell("email.sent", timedelta(0)), "hold")
    called_off(booked(told, HOUR), 2 * HOUR)
    assert asked(told, "release").lead.stage == "contact"
