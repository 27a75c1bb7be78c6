"""What counts as a step of ours and what as the lead's own word, once it is a signal."""

from datetime import timedelta

import pytest

from routing.decide import decide
from routing.draft import Context
from schemas.signals import Actor, Sales
from tests.setups import START, ruling, signal
from tests.stories import MINUTE, Story, rules

HOUR = timedelta(hours=1)
RULES = ruling()


@pytest.mark.parametrize("kind", ["message.received", "email.replied", "email.opened", "email.clicked"])
def test_what_a_program_wrote_makes_no_lead_of_somebody_unknown(kind):
    context = Context(RULES.agreement, RULES.roster, {}, None, START)
    made = decide(None, signal(1, kind, automated=True), context)
    assert (made.lead, made.outcome, made.reason) == (None, "no_lead", "by_a_program")
    assert decide(None, signal(2, kind), context).lead is not None


def offered():
    told = Story(rules()).offered()
    return told, told.lead.handover.offers[0].person


def test_a_personal_message_of_whom_it_was_offered_to_is_a_follow_up():
    told, person = offered()
    told.tell("outreach.logged", HOUR, actor=Actor(kind="person", reference=person))
    assert told.lead.handover.followed_up_at == START + HOUR


@pytest.mark.parametrize(
    "more",
    [
        {"actor": Actor(kind="person", reference="nobody")},
        {"actor": Actor()},
        {"actor": Actor(kind="automation")},
        {"automated": True},
        {"sales": Sales(activity_type="call", to="no-answer")},
    ],
)
def test_outreach_of_others_of_programs_and_calls_that_nobody_answered_are_none(more):
    told, person = offered()
    told.tell("outreach.logged", HOUR, **{"actor": Actor(kind="person", reference=person), **more})
    assert told.lead.handover.followed_up_at is None


def test_a_colleague_is_known_by_an_address_that_the_roster_has_under_any_name():
    told, person = offered()
    file = told.rules.roster.file
    people = tuple(
        m.model_copy(update={"ids": {**m.ids, "mail": "Who@ours.example"}}) if m.id == person else m
        for m in file.people
    )
    told.rules = told.rules._replace(roster=type(told.rules.roster)(file.model_copy(update={"people": people})))
    told.tell("outreach.logged", 3 * MINUTE, actor=Actor(kind="person", reference="u81", email="who@OURS.example"))
    assert told.lead.handover.followed_up_at is not None
