"""Consent as a record's state and as a form's box: read off every kind of sender, by what the record says and no more."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.sources import Scheme, Source, SourcesFile
from schemas.yamlfile import FileError, load
from services.ingest.app import signals_of
from services.ingest.contacts.contacts import Contacts
from services.ingest.parsers.consent.consents import acts_in, states_in
from services.ingest.parsers.consent.yes_no_words import state_of
from services.ingest.parsers.reading.naming import label
from services.ingest.parsers.registry import parse
from tests.everykind import KINDS, Who, read
from tests.setups import START

FORMS = (
    "form",
    "typeform",
    "jotform",
    "tally",
    "webflow",
    "gravity_forms",
    "google_ads",
    "meta_lead_ads",
    "linkedin",
    "calendly",
)


def said(consents):
    return {consent.purpose: consent.state for consent in consents}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("field", "value", "purpose"),
    [("email_opt_out", "true", "email"), ("unsubscribed", "1", "email"), ("do_not_call", "yes", "phone"), ("sms_opt_out", "on", "sms"),
     ("avregistrera", "Ja", "email"), ("abmelden", "ja", "email"), ("désinscription", "oui", "email"), ("do_not_contact", "TRUE", "all")],
)  # fmt: skip
def test_an_opt_out_in_a_record_of_any_kind_is_a_withdrawal(kind, field, value, purpose):
    assert said(read(kind, Who(record={field: value})).consents).get(purpose) == "withdrawn"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("field", "value"), [("email_opt_out", "false"), ("unsubscribed", "0"), ("do_not_call", "nej"), ("unsubscribe_url", "https://a.example/u")])  # fmt: skip
def test_an_opt_out_that_is_none_is_no_consent_either(kind, field, value):
    assert read(kind, Who(record={field: value})).consents == ()


@pytest.mark.parametrize("kind", FORMS)
@pytest.mark.parametrize(
    ("field", "purpose"),
    [("consent", "contact"), ("gdpr", "contact"), ("privacy_accepted", "contact"), ("samtycke", "contact"), ("datenschutz", "contact"),
     ("newsletter", "marketing"), ("marketing_consent", "marketing"), ("nyhetsbrev", "marketing"), ("sms_opt_in", "sms")],
)  # fmt: skip
def test_a_bare_box_is_consent_to_be_contacted_and_one_for_mail_to_that(kind, field, purpose):
    assert said(read(kind, Who(record={field: "1"})).consents) == {purpose: "given"}
    assert read(kind, Who(record={field: "0"})).consents == (), "a box that is not ticked is no withdrawal"


VENDORS = [
    ("hubspot", {"hs_email_optout": "true"}, {"email": "withdrawn"}),
    ("hubspot", {"hs_email_optout_20734": "true", "hs_email_optout": "false"}, {"email": "withdrawn"}),
    ("hubspot", {"hs_email_optout_survey_reason": "too many"}, {}),
    ("salesforce", {"HasOptedOutOfEmail": True, "DoNotCall": True, "HasOptedOutOfFax": True}, {"email": "withdrawn", "phone": "withdrawn", "fax": "withdrawn"}),
    ("salesforce", {"HasOptedOutOfEmail": False, "DoNotCall": None}, {}),
    ("pipedrive", {"marketing_status": "unsubscribed"}, {"marketing": "withdrawn"}),
    ("pipedrive", {"marketing_status": "no_consent"}, {}),
    ("pipedrive", {"marketing_status": "subscribed"}, {}),
    ("intercom", {"unsubscribed_from_emails": True}, {"email": "withdrawn"}),
    ("intercom", {"unsubscribed_from_emails": False, "unsubscribed_from_sms": True}, {"sms": "withdrawn"}),
    ("gohighlevel", {"dnd": True}, {"all": "withdrawn"}),
    ("gohighlevel", {"dnd": True, "dndSettings": {"Call": {"status": "active"}, "SMS": {"status": "inactive"}}}, {"phone": "withdrawn"}),
    ("gohighlevel", {"dnd": False, "dndSettings": {"Email": {"status": "permanent"}}}, {"email": "withdrawn"}),
    ("mautic", {"doNotContact": [{"channel": "email", "reason": 1}, {"channel": "sms", "reason": 2}]}, {"email": "withdrawn"}),
    ("mautic", {"doNotContact": []}, {}),
    ("close", {"emails": [{"email": "eva@firma.example", "is_unsubscribed": True}]}, {"email": "withdrawn"}),
    ("mailchimp", {"status": "unsubscribed"}, {"email": "withdrawn"}),
    ("segment", {"unsubscribed": True}, {"email": "withdrawn"}),
    ("generic", {"email_marketing_consent": {"state": "unsubscribed"}}, {"email": "withdrawn"}),
    ("generic", {"email_marketing_consent": {"state": "not_subscribed"}}, {}),
    ("generic", {"email_marketing_consent": {"state": "subscribed"}}, {}),
    ("generic", {"email_marketing_consent": {"state": "subscribed", "consent_updated_at": "2026-01-02T03:04:05Z"}}, {"email": "given"}),
    ("generic", {"accepts_marketing": False}, {}),
    ("generic", {"accepts_marketing": True, "accepts_marketing_updated_at": "2026-01-02T03:04:05Z"}, {"marketing": "given"}),
    ("generic", {"subscriptions": {"email": {"marketing": {"consent": "UNSUBSCRIBED"}}, "sms": {"marketing": {"consent": "NEVER_SUBSCRIBED"}}}}, {"email": "withdrawn"}),
    ("generic", {"emailBlacklisted": True, "smsBlacklisted": False}, {"email": "withdrawn"}),
    ("generic", {"Email_Opt_Out": True}, {"email": "withdrawn"}),
    ("generic", {"donotbulkemail": True, "donotphone": True}, {"email": "withdrawn", "phone": "withdrawn"}),
    ("generic", {"consents": [{"channel": "sms", "granted": False, "timestamp": "2026-01-02T03:04:05Z"}]}, {"sms": "withdrawn"}),
    ("standard_webhooks", {"unsubscribed_at": "2026-01-02T03:04:05Z"}, {"email": "withdrawn"}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "record", "expected"), VENDORS)
def test_each_platforms_own_fields_say_what_they_mean_there(kind, record, expected):
    assert said(read(kind, Who(record=record)).consents) == expected


def test_a_state_with_its_time_is_of_that_time():
    (consent,) = read("standard_webhooks", Who(record={"unsubscribed_at": "2026-01-02T03:04:05Z"})).consents
    assert consent.at.isoformat() == "2026-01-02T03:04:05+00:00" and consent.basis == "unsubscribed_at"


def test_hubspot_tells_of_any_opt_out_by_the_property_that_changed():
    event = {
        "eventId": 1,
        "subscriptionType": "contact.propertyChange",
        "objectId": 7,
        "portalId": 1,
        "occurredAt": 1795838500000,
    }
    for name in ("hs_email_optout", "hs_email_optout_20734"):
        (found,) = parse(
            "hubspot", json.dumps([{**event, "propertyName": name, "propertyValue": "true"}]).encode(), "", {}
        )
        assert (found.kind, said(found.consents)) == ("consent.withdrawn", {"email": "withdrawn"})
        (found,) = parse(
            "hubspot", json.dumps([{**event, "propertyName": name, "propertyValue": "false"}]).encode(), "", {}
        )
        assert (found.kind, found.consents) == ("contact.updated", ())


def test_a_text_message_that_says_stop_is_heard():
    body = b"MessageSid=SM1&From=%2B46701740677&To=%2B46700000000&Body=STOP&OptOutType=STOP"
    (found,) = parse("generic", body, "application/x-www-form-urlencoded", {})
    assert said(found.consents) == {"sms": "withdrawn"} and found.person.phone == "+46701740677"


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("Jag vill inte ha nyhetsbrev", "on", {"marketing": "withdrawn"}),
        ("I agree to the privacy policy", "I agree to the privacy policy", {"contact": "given"}),
        ("Ja, ich möchte den Newsletter", "true", {"marketing": "given"}),
        ("marketing", "I do not want marketing", {}),
        ("What is your marketing budget?", "yes", {}),
        ("message", "please unsubscribe me", {}),
        ("newsletter", "no", {}),
        ("terms", "on", {}),
    ],
)
def test_a_question_is_understood_by_its_words(field, value, expected):
    assert said(acts_in({field: value})) == expected


def test_what_is_not_understood_in_an_opt_out_is_taken_as_one_and_told():
    found = read("form", Who(record={"email_opt_out": "perhaps"}))
    assert said(found.consents) == {"email": "withdrawn"} and "email_opt_out" in found.findings[-1]


@pytest.mark.parametrize(
    "word",
    [
        "yes",
        "Ja",
        "TRUE",
        "1",
        "x",
        "X",
        "opt-in",
        "Opted in",
        "optin",
        "oui",
        "si",
        "sí",
        "given",
        "subscribed",
        "on",
        "✓",
        "1.0",
    ],
)
def test_words_for_yes(word):
    assert state_of(word) == "given" and state_of(f" {word} ") == "given"


@pytest.mark.parametrize(
    "word",
    [
        "no",
        "Nej",
        "FALSE",
        "0",
        "opt-out",
        "Opted Out",
        "optout",
        "non",
        "nein",
        "withdrawn",
        "unsubscribed",
        "off",
        "0.0",
    ],
)
def test_words_for_no(word):
    assert state_of(word) == "withdrawn"


@pytest.mark.parametrize(
    ("value", "state", "findings"),
    [("yes", "given", 0), ("Ja", "given", 0), ("opt-in", "given", 0), ("x", "given", 0), ("nej", "withdrawn", 0), ("0", "withdrawn", 0),
     ("opt-out", "withdrawn", 0), ("maybe", "withdrawn", 1), ("2026-01-01", "withdrawn", 1), ("N/A", "withdrawn", 1)],
)  # fmt: skip
def test_an_import_takes_them_and_what_is_not_understood_is_withdrawn_and_told(value, state, findings):
    (row,) = Contacts("x", {}.__contains__).rows(io.StringIO(f"email,consent:email\na@b.se,{value}\n"))
    assert [c.state for c in row.parsed.consents] == [state] and len(row.findings) == findings
    assert all(value not in finding.text for finding in row.findings if len(value) > 3)


def told(consents, kind="form", **record):
    source = Source(name="s", kind=kind, consents=consents, verify=Scheme(scheme="none"))
    (signal,) = signals_of(source, [read(kind, Who(record=record))], START, b"k").signals
    return said(signal.consents)


def test_a_source_says_what_its_box_means():
    assert told({"gdpr": ["marketing", "email"]}, gdpr="on") == {"marketing": "given", "email": "given"}
    assert told({"GDPR": ["marketing"]}, gdpr="0") == {}
    assert told({"gdpr": []}, gdpr="on", newsletter="on") == {"marketing": "given"}
    assert told({"box_7": ["sms"]}, box_7="yes") == {"sms": "given"}
    assert told({"stop_box_unsubscribe": ["newsletter"]}, stop_box_unsubscribe="1") == {"newsletter": "withdrawn"}
    assert told({"hs_email_optout_20734": ["events"]}, "hubspot", hs_email_optout_20734="true") == {
        "events": "withdrawn"
    }
    with pytest.raises(FileError):
        load(
            "version: 1\nsources:\n - {name: a, kind: form, verify: {scheme: none}, consents: {x: [a b]}}\n",
            SourcesFile,
            "s.yaml",
        )


NESTED = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=20)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["consent", "dnd", "email", "state", "value", "x"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(NESTED)
def test_no_shape_makes_it_raise_and_what_it_says_is_bounded(record):
    assert len(states_in(record)) <= 20


@given(st.dictionaries(st.text(max_size=30), st.text(max_size=30), max_size=5))
def test_answers_of_other_things_hardly_ever_give_a_consent_for_mail(fields):
    names = " ".join(fields).casefold()
    for consent in acts_in(fields):
        assert consent.basis in {name.strip()[:100] for name in fields} and names


@pytest.mark.parametrize("shape", ["fields", "members of an object"])
def test_c1_each_field_of_a_record_is_looked_at_a_bounded_number_of_times(monkeypatch, shape):
    """However many of the others state consents: for each of them all were gone through."""
    looked = []
    monkeypatch.setattr(
        "services.ingest.parsers.consent.consents.label", lambda name, plain=label: looked.append(name) or plain(name)
    )
    names = (
        {f"newsletter {n}": "yes" for n in range(400)}
        if shape == "fields"
        else {f"email {n}": True for n in range(400)}
    )
    acts_in(names if shape == "fields" else {"email_preferences": names})
    assert 400 <= len(looked) < 20 * 400


@pytest.mark.parametrize(
    ("yes", "no"),
    [
        ("SANT", "FALSKT"),
        ("SAND", "FALSK"),
        ("SANN", "USANN"),
        ("WAHR", "FALSCH"),
        ("VRAI", "FAUX"),
        ("VERDADERO", "FALSO"),
        ("VERO", "FALSO"),
        ("WAAR", "ONWAAR"),
        ("TOSI", "EPÄTOSI"),
        ("PRAWDA", "FAŁSZ"),
    ],
)
def test_true_and_false_of_a_spreadsheet_in_its_owners_language_are_understood(yes, no):
    assert (state_of(yes), state_of(no)) == ("given", "withdrawn")
