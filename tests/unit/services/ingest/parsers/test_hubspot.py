"""HubSpot's thin events and whole objects, in the shapes that its apps, workflows and API send them."""

import json

import pytest

from schemas.signals import Kind, Parsed, Quarantined
from services.ingest.parsers.registry import parse


def read(body):
    return parse("hubspot", json.dumps(body).encode(), "application/json", {})


def one(body):
    (found,) = read(body)
    assert isinstance(found, Parsed), found
    return found


def changed(noun, name, value, **more):
    return one([{"subscriptionType": f"{noun}.propertyChange", "objectId": 5, "portalId": 1, "eventId": 9, "propertyName": name,
                 "propertyValue": value, **more}])  # fmt: skip


def test_a_mobile_number_and_an_employer_are_facts():
    assert changed("contact", "mobilephone", "+46 70 123 45 67").person.phone == "+46 70 123 45 67"
    assert changed("contact", "company", "Firma AB").company.name == "Firma AB"
    assert changed("company", "phone", "+46 8 123 45 67").person.phone is None


@pytest.mark.parametrize(
    ("noun", "name"), [("deal", "closed_lost_reason"), ("lead", "hs_lead_disqualification_reason")]
)
def test_why_it_came_to_nothing_is_a_reason(noun, name):
    assert changed(noun, name, "No budget").reason == "No budget"


def test_who_opted_out_withdrew_and_who_did_not_gave_nothing():
    said = changed("contact", "hs_email_optout", "true")
    assert (said.kind, [(c.purpose, c.state) for c in said.consents]) == (
        Kind.CONSENT_WITHDRAWN,
        [("email", "withdrawn")],
    )
    assert changed("contact", "hs_email_optout", "false").kind == Kind.CONTACT_UPDATED


@pytest.mark.parametrize(
    ("ids", "expected"), [({"newObjectId": 7, "primaryObjectId": 5}, "7"), ({"primaryObjectId": 5}, "5")]
)
def test_a_merge_that_names_no_object_of_its_own_is_about_who_is_left(ids, expected):
    found = one([{"subscriptionType": "contact.merge", "portalId": 1, "mergedObjectIds": [6], **ids}])
    assert (found.kind, found.external_id, found.references[0].id) == (Kind.SALES_MERGED, expected, expected)


@pytest.mark.parametrize(
    "differs",
    [{"toObjectId": 3}, {"fromObjectId": 3}, {"associationType": "DEAL_TO_COMPANY"}, {"associationRemoved": True}],
)
def test_associations_that_differ_in_one_end_are_two_facts(differs):
    base = {"subscriptionType": "deal.associationChange", "portalId": 1, "eventId": 1, "occurredAt": 1, "fromObjectId": 1,
            "toObjectId": 2, "associationType": "DEAL_TO_CONTACT", "associationRemoved": False}  # fmt: skip
    first, second = read([base, {**base, **differs}])
    assert first.dedupe_key != second.dedupe_key
    assert one([{**base, "attemptNumber": 4}]).dedupe_key == first.dedupe_key, "a repeated delivery is one fact"


EVA = {"email": "eva@firma.example", "firstname": "Eva", "lastname": "Berg"}


@pytest.mark.parametrize(
    "body",
    [
        {"objectId": 5, "objectTypeId": "0-1", "properties": EVA},
        {"objectId": 5, "objectType": "CONTACT", "properties": {name: {"value": value} for name, value in EVA.items()}},
        {"vid": 5, "properties": {name: {"value": value} for name, value in EVA.items()}},
        {"id": "5", "properties": {**EVA, "hs_object_id": "5"}, "createdAt": "2026-01-01T00:00:00Z", "archived": False},
        {
            "callbackId": "c",
            "origin": {"portalId": 1},
            "object": {"objectId": 5, "objectType": "CONTACT", "properties": EVA},
        },
        {**EVA, "hs_object_id": "5"},
    ],
    ids=["plain", "typed-by-name", "old", "api", "custom-action", "chosen-properties"],
)
def test_a_whole_contact_in_every_shape(body):
    found = one(body)
    assert (found.kind, found.external_id) == (Kind.CONTACT_UPDATED, "5")
    assert (found.person.email, found.person.first_name, found.person.last_name) == ("eva@firma.example", "Eva", "Berg")
    assert [(r.object, r.id) for r in found.references] == [("person", "5")]


def test_an_object_without_a_type_is_known_by_what_it_has():
    deal = one({"id": "8", "properties": {"dealname": "Big", "amount": "100", "dealstage": "closedlost"}})
    assert (deal.kind, deal.amount) == (Kind.DEAL_UPDATED, 100.0)
    assert one({"id": "9", "properties": {"name": "Firma AB", "domain": "firma.example"}}).kind == Kind.COMPANY_UPDATED


@pytest.mark.parametrize(
    "body",
    [{"id": "1", "properties": {"colour": "red"}}, {"hello": "there"}, {"objectTypeId": "2-77", "properties": EVA}],
)
def test_what_is_no_contact_company_or_deal_is_set_aside(body):
    (found,) = read(body)
    assert isinstance(found, Quarantined)


def test_a_tickets_own_webhook_is_kept_and_is_no_leads_business():
    found = one({"objectType": "TICKET", "portalId": 3, "objectId": 66, "properties": {"subject": {"value": "Help"}}})
    assert (found.kind, found.external_id, found.references) == (Kind.UNCLASSIFIED, "66", ())
