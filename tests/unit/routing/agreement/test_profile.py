"""The language and the place of a lead: read off what senders send, one way of writing, kept on the lead, routed by."""

import json
from datetime import timedelta

import pytest

from routing.decide import decide
from routing.draft import Context
from routing.people.roster import Roster
from schemas.places import country_code, language_code, post_code
from schemas.roster import RosterFile
from schemas.signals import Company, Person
from schemas.sources import Scheme, Source
from schemas.yamlfile import FileError, load
from services.ingest.configured.mapped import read
from services.ingest.normalising.normalise import to_signal
from services.ingest.parsers.registry import parse
from services.privacy.discretion import discreet
from tests.setups import START, ruling, signal

RULES = ruling()


def signals(kind, body, mapping=None, content_type="application/json"):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    source = Source(name="s", kind=kind, verify=Scheme(scheme="none"), mapping=mapping)
    return [to_signal(parsed, source, START, b"k") for parsed in read(kind, raw, content_type, {}, source.mapping)]


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("sv", "sv"), ("sv-SE", "sv"), ("sv_SE", "sv"), ("EN-us", "en"), ("Svenska", "sv"), ("Íslenska", "is"),
        ("nb-NO", "no"), ("nynorsk", None), ("swe", "sv"), ("x", None), ("12", None), ("", None), (None, None),
    ],
)  # fmt: skip
def test_a_language_is_two_letters_however_it_is_written(written, code):
    assert language_code(written) == code


def test_countries_and_postcodes_have_one_form_and_are_never_guessed():
    assert [country_code(said) for said in ("se", "Sverige", "SWE", "Österreich", "Narnia", None)] == [
        "SE", "SE", "SE", "AT", None, None,
    ]  # fmt: skip
    written = ("211 20", "SE-211 20", "sw1a 1aa", "D-10115", "94103-1234", "0701234567", "none", "Malmö")
    assert [post_code(said) for said in written] == ["21120", "21120", "SW1A1AA", "10115", "94103", None, None, None]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("form", {"email": "a@b.example", "språk": "Svenska"}),
        ("form", {"email": "a@b.example", "preferred_language": "sv-SE"}),
        ("generic", {"event": "contact.updated", "contact": {"email": "a@b.example", "locale": "sv_SE"}}),
        ("crm", {"fact": "contact.updated", "email": "a@b.example", "language": "swedish"}),
        ("hubspot", {"vid": 1, "properties": {"email": {"value": "a@b.example"}, "hs_language": {"value": "sv-se"}}}),
        ("mautic", {"mautic.lead_post_save_update": {"contact": {"id": 7, "fields": {"core": {
            "email": {"value": "a@b.example"}, "preferred_locale": {"value": "sv"}}}}}}),
        ("typeform", {"form_response": {"token": "t", "hidden": {"lang": "sv"}, "answers": []}}),
        ("segment", {"type": "identify", "userId": "1", "traits": {"email": "a@b.example"}, "context": {"locale": "sv-SE"}}),
        ("intercom", {"topic": "contact.created", "data": {"item": {"id": "1", "language_override": "sv"}}}),
        ("generic", {"triggerEvent": "BOOKING_CREATED", "payload": {"uid": "u", "attendees": [
            {"email": "a@b.example", "name": "A", "language": {"locale": "sv"}}]}}),
    ],
)  # fmt: skip
def test_the_language_is_read_where_each_sender_has_it(kind, body):
    assert [found.language for found in signals(kind, body)] == ["sv"]


def test_a_propertychange_of_hubspot_tells_language_and_place():
    def thin(noun, name, value):
        return {"subscriptionType": f"{noun}.propertyChange", "objectId": 5, "portalId": 9, "eventId": 3,
                "propertyName": name, "propertyValue": value, "occurredAt": 1760000000000}  # fmt: skip

    language, state = signals("hubspot", [thin("contact", "hs_language", "fi"), thin("company", "state", "Skåne")])
    assert language.language == "fi" and state.company.region == "Skåne"


def test_a_body_is_read_no_further_when_all_it_tells_is_a_language():
    assert parse("generic", b'{"locale": "sv"}', "application/json", {})[0].quarantined


def test_place_industry_and_size_are_read_off_a_form_and_stay_among_its_answers():
    body = "email=a%40b.example&Postnummer=211+20&Ort=Malm%C3%B6&Land=Sverige&Bransch=Software&antal+anst%C3%A4llda=120"
    (found,) = signals("form", body.encode(), content_type="application/x-www-form-urlencoded")
    place = {"country": "SE", "city": "Malmö", "postcode": "21120"}
    assert found.company == Company(domain="b.example", industry="Software", employees=120, **place)
    assert found.fields["Ort"] == "Malmö"


@pytest.mark.parametrize("said", ["many", "-5", "1.5", ""])
def test_a_size_that_is_no_number_is_left_out(said):
    (form,) = signals(
        "form", f"email=a%40b.example&employees={said}".encode(), content_type="application/x-www-form-urlencoded"
    )
    (fact,) = signals("crm", {"fact": "contact.updated", "email": "a@b.example", "company": {"employees": said}})
    assert form.company.employees is None and fact.company.employees is None


def test_a_mapping_names_language_and_place():
    facts = {"email": "e", "language": "l", "postcode": "z", "country": "c", "employees": "n", "company": "o"}
    (found,) = signals(
        "generic", {"e": "a@b.example", "l": "DA", "z": "8000", "c": "dk", "n": 7, "o": "Aps"}, mapping={"facts": facts}
    )
    assert found.language == "da"
    assert found.company == Company(name="Aps", domain="b.example", country="DK", employees=7, postcode="8000")


def test_facts_without_names_keep_what_else_is_known_of_the_company():
    company = Company(name="Anna Ekman AB", industry="Software", country="SE", employees=3, city="anna@ek.example")
    found = discreet(
        signal(1, "form.submitted", person=Person(full_name="Anna Ekman", phone="0701234567"), company=company), b"k"
    )
    assert found.company == Company(name="[hidden]", industry="Software", country="SE", employees=3)


def test_a_lead_is_routed_to_who_speaks_its_language():
    text = RULES.roster.file.model_dump(mode="json", by_alias=True, exclude_none=True)
    for member in text["people"]:
        member["languages"] = ["Suomi"] if member["id"] == "anders" else ["sv"]
    roster = Roster(RosterFile.model_validate(text))
    route = RULES.agreement.routes["qualification"]
    asked = route._replace(rules=tuple(rule._replace(match_language=True) for rule in route.rules))
    agreement = RULES.agreement._replace(routes={**RULES.agreement.routes, "qualification": asked})
    for number, (said, owner) in enumerate([("fi-FI", "anders"), ("sv", "sara"), ("fi", "anders"), ("fi", "anders")]):
        form = signal(number, "form.submitted", f"lead{number}", form_id="x", language=said)
        made = decide(None, form, Context(agreement, roster, {}, None, START))
        assert (made.lead.language, made.lead.owner) == (form.language, owner)


def test_a_later_language_replaces_an_earlier_one_and_an_older_fact_only_fills_the_gap():
    def said(lead, number, language, at):
        item = signal(number, "form.submitted", "anna", at, form_id="x", language=language)
        return decide(lead, item, Context(RULES.agreement, RULES.roster, {}, None, START + timedelta(days=1))).lead

    lead = said(None, 1, "sv", START)
    assert said(lead, 2, "en", START + timedelta(hours=1)).language == "en"
    assert said(lead, 3, "en", START - timedelta(hours=1)).language == "sv"


def test_a_language_that_is_none_is_refused_in_the_roster():
    with pytest.raises(FileError, match="no language we know of"):
        load("version: 1\npeople: [{id: a, roles: [sdr], languages: [klingon]}]", RosterFile, "roster.yaml")
