"""Somebody who has another address now is the lead of the one before, whoever tells of the change and however."""

import json

import pytest

from schemas.signals import Reference
from services.ingest.parsers.registry import parse
from tests.everykind import KINDS, Who, read
from tests.people import People, said

OLD, NEW = "old@firma.example", "new@firma.example"
BATCHES = pytest.mark.parametrize("way", ["tell", "batches"])
CHANGE = [
    {"old_email": OLD},
    {"previousEmail": OLD},
    {"former_email": OLD},
    {"tidigare_e_post": OLD},
    {"previous": {"email": OLD, "name": "x"}},
    {"previous": {"emails": [{"value": OLD, "primary": True}]}},
    {"previous_attributes": {"email": OLD}},
    {"changes": {"email": [OLD, NEW]}},
    {"changes": {"email": {"old": OLD, "new": NEW}}},
    {"changes": [{"field": "email", "from": OLD, "to": NEW}]},
    {"changes": {"email": {"from": OLD, "to": NEW}}},
]


@pytest.mark.parametrize("kind", KINDS)
def test_a_field_for_the_address_of_before_is_read_in_every_kind_and_is_not_the_persons(kind):
    found = read(kind, Who(NEW, record={"old_email": OLD}))
    assert (found.person.email, found.former_emails) == (NEW, (OLD,))


@pytest.mark.parametrize("change", CHANGE)
def test_any_body_may_tell_of_it(change):
    body = {"event": "contact.updated", "contact": {"id": "k1", "email": NEW, "name": "Eva Ek"}, **change}
    (found,) = parse("generic", json.dumps(body).encode(), "application/json", {})
    assert (found.person.email, found.former_emails) == (NEW, (OLD,))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("mailchimp", f"type=upemail&fired_at=2026-11-20+11%3A00%3A00&data[new_id]=n&data[new_email]={NEW}&data[old_email]={OLD}"),
        ("pipedrive", {"current": {"id": 7, "email": [{"value": NEW, "primary": True}]}, "previous": {"email": [{"value": OLD}]},
                       "meta": {"action": "updated", "object": "person", "id": 7}}),
        ("pipedrive", {"data": {"id": 7, "emails": [{"value": NEW, "primary": True}]}, "previous": {"emails": [{"value": OLD}]},
                       "meta": {"action": "change", "entity": "person", "entity_id": 7, "id": "m1", "version": "2.0"}}),
        ("hubspot", {"vid": 7, "portal-id": 1, "properties": {"email": {"value": NEW, "versions": [{"value": NEW}, {"value": OLD}]}}}),
        ("hubspot", {"vid": 7, "properties": {"email": {"value": NEW}, "hs_additional_emails": {"value": OLD}}}),
        ("hubspot", {"vid": 7, "properties": {"email": {"value": NEW}},
                     "identity-profiles": [{"identities": [{"type": "EMAIL", "value": OLD}, {"type": "LEAD_GUID", "value": "x"}]}]}),
        ("hubspot", [{"eventId": 1, "subscriptionType": "contact.propertyChange", "objectId": 7, "portalId": 1, "occurredAt": 1795838500000,
                      "propertyName": "email", "propertyValue": NEW, "previousValue": OLD}]),
        ("mautic", {"mautic.lead_post_save_update": [{"contact": {"id": 7, "fields": {"core": {"email": {"value": NEW}}},
                                                                  "changes": {"fields": {"email": [OLD, NEW]}}}}]}),
        ("close", {"event": {"object_type": "contact", "action": "updated", "id": "e1", "object_id": "c7",
                             "data": {"id": "c7", "emails": [{"email": NEW}]}, "previous_data": {"emails": [{"email": OLD}]}}}),
        ("form", f"email={OLD}&new_email={NEW}"),
    ],
)  # fmt: skip
def test_each_platform_tells_of_it_in_its_own_way(kind, body):
    raw = body if isinstance(body, str) else json.dumps(body)
    content_type = "application/x-www-form-urlencoded" if isinstance(body, str) else "application/json"
    (found,) = parse(kind, raw.encode(), content_type, {})
    assert (found.person.email, found.former_emails) == (NEW, (OLD,))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("hubspot", [{"eventId": 1, "subscriptionType": "contact.propertyChange", "objectId": 7, "portalId": 1, "occurredAt": 1795838500000,
                      "propertyName": "email", "propertyValue": NEW}]),
        ("salesforce", {"payload": {"ChangeEventHeader": {"entityName": "Lead", "recordIds": ["00Q5f00000ABCDEAA4"], "changeType": "UPDATE",
                                                          "transactionKey": "t", "sequenceNumber": 1}, "Email": NEW}}),
        ("generic", {"event": "contact.updated", "changed_fields": ["email"], "contact": {"id": "k1", "email": NEW}}),
    ],
)  # fmt: skip
def test_a_sender_that_tells_the_new_one_only_says_that_it_changed(kind, body):
    (found,) = parse(kind, json.dumps(body).encode(), "application/json", {})
    assert found.address_changed and found.person.email == NEW


def test_what_was_before_of_somebody_else_is_no_address_of_the_persons():
    body = {"event": "contact.updated", "contact": {"id": "k1", "email": NEW}, "previous": {"owner": {"email": OLD}, "owner_email": OLD},
            "from": {"email": "agent@ours.example"}, "changes": {"owner_email": [OLD, NEW]}}  # fmt: skip
    (found,) = parse("generic", json.dumps(body).encode(), "application/json", {})
    assert found.former_emails == () or OLD not in found.former_emails


def told(way, *signals):
    people = People()
    getattr(people, way)(*signals)
    return people


@BATCHES
def test_the_lead_is_known_by_both_addresses(way):
    first = said(email=OLD)
    moved = said("contact.updated", email=NEW, former_emails=(OLD,))
    by_new, by_old = said("email.replied", email=NEW), said("email.replied", email=OLD)
    people = told(way, first, moved, by_old, by_new)
    assert people.together(first, moved, by_new, by_old) and people.leads[0].personal.person.email == NEW


@BATCHES
def test_of_somebody_unknown_it_makes_one_lead_with_both(way):
    moved, later = said("contact.updated", email=NEW, former_emails=(OLD,)), said(email=OLD)
    assert told(way, moved, later).together(moved, later)


@BATCHES
def test_another_name_does_not_part_whom_the_sender_says_is_one(way):
    record = Reference(system="crm", object="person", id="7")
    first = said("contact.created", email=OLD, full_name="Eva Ek", references=(record,))
    moved = said("contact.updated", email=NEW, former_emails=(OLD,), full_name="Eva Berg", references=(record,))
    assert told(way, first, moved).together(first, moved)
