"""Which hand-overs a sink takes."""

import pytest

from services.sinks.planning.plan import OpenHandover, plan_of
from services.sinks.planning.when import VARIABLES, WhenError, compile_when
from tests.sinks import event, offered, settings


def plan(text, happened, newest=None):
    made = settings()._replace(takes=compile_when(text))
    return plan_of(happened, happened.body(), made, newest)


@pytest.mark.parametrize(
    ("text", "is_met"),
    [
        ("company.employees >= 50", True),
        ("company.employees >= 51", False),
        ("company.country == 'SE' && dossier.source in ['web', 'fair']", True),
        ("offer.expires_at > timestamp('2026-06-08T12:59:59Z')", True),
        ("offer.expires_at > timestamp('2026-06-08T13:00:00Z')", False),
        ("dossier.campaign == 'spring'", False),
        ("dossier.campaign != 'spring'", False),
        ("company.country == 'SE' || dossier.campaign == 'spring'", True),
        ("qualification.score >= 40", False),
        ("dossier.complete", True),
        ("handover.pass_number == 1 && offer.number == 1", True),
    ],
)
def test_a_hand_over_is_taken_where_its_facts_say_so_and_what_is_not_known_is_a_no(text, is_met):
    happened = offered(company_employees=50, company_country="SE")
    assert bool(plan(text, happened)) is is_met


def test_one_that_is_there_goes_on_whatever_it_says_by_now():
    happened = offered(2, offer=2, company_employees=3)
    text = "company.employees >= 50"
    assert plan(text, happened) == plan(text, happened, OpenHandover("ho_0")) == ()
    assert plan(text, happened, OpenHandover("ho_1"))
    accepted = event("handover.accepted", 3, handover_id="ho_1", pass_number=1, offer_id="ho_1.2")
    assert plan(text, accepted)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("company.employes >= 50", "at 1:8: `company.employes` is not known; did you mean `company.employees`?"),
        ("company.employees >= '50'", "does not go with (a whole number, text)"),
        ("company.employees", "gives INT; it must give BOOL"),
        ("contact.email == 'x'", "at 1:8: `contact.email` is not known; docs/sinks.md lists what there is"),
        ("company.employees >=", "the expression ends too early"),
    ],
)
def test_what_is_no_condition_is_told_with_its_place(text, rule):
    with pytest.raises(WhenError) as refused:
        compile_when(text)
    assert rule in str(refused.value)


def test_nothing_personal_may_be_named():
    assert not [name for name in VARIABLES if name.startswith(("contact.", "answers."))]
