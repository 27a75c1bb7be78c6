"""Which idle leads may expire, by which class, and that nobody does who was in touch meanwhile."""

from datetime import timedelta

import pytest

from routing.upkeep.expiry import EXPIRE, expiry_class, idle_since
from schemas.signals import Commanded, Consent
from tests.setups import START
from tests.stories import DAY, HOUR, Story, rules

RULES = rules()
WITHDRAWN = (Consent(purpose="email", state="withdrawn"),)


def known():
    return Story(RULES).tell("email.sent", timedelta(0))


def expire(told, since):
    return told.tell(
        "person.erasure_requested",
        30 * DAY,
        lead_id=told.lead.id,
        reason="expired: unqualified",
        command=Commanded(name=EXPIRE, principal="retention", until=since),
    )


def test_who_never_came_to_sales_is_unqualified_and_who_withdrew_is_unsubscribed():
    assert expiry_class(known().lead) == "unqualified"
    assert expiry_class(known().tell("consent.withdrawn", HOUR, consents=WITHDRAWN).lead) == "unsubscribed"


def test_who_came_back_from_sales_is_lost():
    told = Story(RULES).offered().tell("sales.rejected", HOUR, reason="wrong timing")
    assert (told.lead.stage, expiry_class(told.lead)) == ("nurturing", "lost")


@pytest.mark.parametrize(
    "changes",
    [
        {"stage": "hand_over"},
        {"stage": "deal"},
        {"stage": "qualification"},
        {"stage": "nurturing", "track": "growth"},
        {"held": True},
        {"parked": "a reason"},
        {"merged_into": "lead_b"},
        {"disposition": "erased"},
    ],
    ids=str,
)
def test_who_is_worked_or_waited_for_a_customer_and_who_is_gone_never_expires(changes):
    assert expiry_class(known().lead.but(**changes)) is None


def test_an_idle_lead_is_erased_and_says_why():
    told = known()
    told = expire(told, idle_since(told.lead))
    assert told.lead.disposition == "erased"
    (erased,) = told.all("lead.erased")
    assert erased.reason == "expired: unqualified"


def test_who_was_in_touch_meanwhile_stays():
    told = known()
    since = idle_since(told.lead)
    told = expire(told.tell("form.submitted", DAY), since)
    assert (told.lead.disposition, told.decision.reason) == ("active", "older_fact")
    assert idle_since(told.lead) == START + DAY
