"""Consent that nobody proved is asked for, never given, and never outdoes a withdrawal."""

from datetime import timedelta

import pytest

from schemas.signals import Consent, Kind, Parsed, Person
from schemas.sources import Scheme, Source
from services.ingest.normalising.normalise import to_signal
from tests.setups import START
from tests.stories import DAY, HOUR, MINUTE, Story, rules

RULES = rules()


def consent_of(state, purpose="marketing", **more):
    return {"consents": (Consent(purpose=purpose, state=state, **more),)}


def form(told, after, state="given", proof="none", **more):
    return told.tell("form.submitted", after, proof=proof, **consent_of(state), **more)


def crm(told, after, state, kind="contact.updated"):
    return told.tell(kind, after, proof="signed", **consent_of(state))


def consent(told):
    return told.lead.consents.get("marketing")


def test_h2_the_yes_of_an_anonymous_form_is_a_wish_that_is_told():
    told = form(Story(RULES), timedelta(0))
    assert consent(told) == "asked_for"
    (asked,) = told.all("consent.requested")
    assert (asked.purpose, asked.state, asked.source) == ("marketing", "asked_for", "web")
    assert asked.personal.person.email == "anna@example.com"
    assert told.said[0].type_name == "stafett.lead.created.v1", "the lead is told of first"


def test_h2_an_anonymous_yes_undoes_no_withdrawal_and_releases_no_mail():
    told = crm(Story(RULES), timedelta(0), "withdrawn")
    assert told.lead.suppressed == "consent_withdrawn"
    told = form(told, HOUR)
    assert consent(told) == "withdrawn" and told.lead.suppressed == "consent_withdrawn"
    assert told.all("suppression.released") == [] and [a.state for a in told.all("consent.requested")] == ["withdrawn"]


def test_a_withdrawal_is_believed_from_anybody():
    told = crm(Story(RULES), timedelta(0), "given")
    assert consent(form(told, HOUR, "withdrawn")) == "withdrawn" and told.lead.suppressed == "consent_withdrawn"
    told = form(form(Story(RULES), timedelta(0)), HOUR, "withdrawn")
    assert consent(told) == "withdrawn"


def test_an_anonymous_yes_takes_nothing_from_a_proven_one():
    told = form(crm(Story(RULES), HOUR, "given"), DAY)
    assert consent(told) == "given" and told.all("consent.requested") == []
    assert told.lead.consents_at["marketing"] == START + HOUR, "a withdrawal between the two still counts"
    assert consent(crm(told, 2 * HOUR, "withdrawn")) == "withdrawn"


@pytest.mark.parametrize("after", [-HOUR, HOUR])
def test_somebody_proven_confirms_whatever_the_order_of_arrival(after):
    told = crm(form(Story(RULES), timedelta(0)), after, "given", kind="consent.given")
    assert consent(told) == "given"
    assert consent(form(told, DAY)) == "given"


def test_a_confirmation_after_a_withdrawal_releases_the_mail():
    told = form(crm(Story(RULES), timedelta(0), "withdrawn"), HOUR)
    told = crm(told, 2 * HOUR, "given", kind="consent.given")
    assert consent(told) == "given" and told.lead.suppressed is None and told.all("suppression.released")


def test_an_older_withdrawal_wins_over_what_is_only_asked_for():
    assert consent(crm(form(Story(RULES), timedelta(0)), -HOUR, "withdrawn")) == "withdrawn"


def test_who_is_asked_is_not_asked_again_within_a_day():
    told = Story(RULES)
    for n in range(20):
        form(told, n * MINUTE)
    assert len(told.all("consent.requested")) == 1
    assert len(form(told, DAY + HOUR).all("consent.requested")) == 2


def test_who_asked_for_no_contact_at_all_is_not_asked():
    told = Story(RULES).tell("disposition.set", timedelta(0), reason="do_not_contact", proof="signed")
    assert told.lead is None
    told = crm(told, HOUR, "withdrawn").tell("disposition.set", 2 * HOUR, reason="do_not_contact", proof="signed")
    assert told.lead.disposition == "do_not_contact"
    assert form(told, DAY).tell("consent.given", 2 * DAY, proof="none").all("consent.requested") == []


def test_a_yes_without_a_purpose_asks_for_mail():
    told = Story(RULES).tell("form.submitted", timedelta(0), proof="none").tell("consent.given", HOUR, proof="none")
    assert told.lead.consents == {"email": "asked_for"}
    assert [asked.purpose for asked in told.all("consent.requested")] == ["email"]


def test_a_form_whose_operator_vouches_gives_consent_and_still_undoes_no_withdrawal():
    told = form(Story(RULES), timedelta(0), consent_vouched=True)
    assert consent(told) == "given" and told.all("consent.requested") == []
    told = form(crm(told, HOUR, "withdrawn"), DAY, consent_vouched=True)
    assert consent(told) == "withdrawn" and [a.state for a in told.all("consent.requested")] == ["withdrawn"]


def test_a_vouched_yes_confirms_what_was_asked_for():
    assert consent(form(form(Story(RULES), timedelta(0)), HOUR, consent_vouched=True)) == "given"


@pytest.mark.parametrize(
    ("scheme", "consent", "vouched"), [("none", "asks", False), ("none", "gives", True), ("token", "gives", False)]
)
def test_the_file_of_sources_says_who_gives_consent(scheme, consent, vouched):
    proven = {} if scheme == "none" else {"header": "x", "secrets": ("STAFETT_SECRET_X",)}
    source = Source(name="web", kind="form", verify=Scheme(scheme=scheme, **proven), consent=consent)
    parsed = Parsed(
        kind=Kind.FORM_SUBMITTED, dedupe_key="1", person=Person(email="a@example.com"), **consent_of("given")
    )
    assert to_signal(parsed, source, START, b"k").consent_vouched is vouched


def test_an_import_gives_consent_for_the_operator_answers_for_it():
    told = Story(RULES).tell("contact.created", timedelta(0), mode="import", **consent_of("given"))
    assert consent(told) == "given"
