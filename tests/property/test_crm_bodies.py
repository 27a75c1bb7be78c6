"""Bodies like those of CRMs with anything in any place: read or set aside, and what is read can become a signal."""

import copy
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.signals import Parsed, Quarantined
from schemas.sources import SalesMeaning, Scheme, Source
from services.ingest.configured.sales import with_sales_words
from services.ingest.normalising.normalise import to_signal
from services.ingest.parsers.registry import parse

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
MEANING = SalesMeaning(accepted=("2",), follow_up_types=("call",), meeting_types=("demo",), our_users=("5",))
BODIES = {
    "pipedrive": {
        "meta": {"action": "change", "entity": "activity", "id": "m", "company_id": "1", "user_id": 5, "merged_to_id": None,
                 "timestamp": "2026-05-04T08:00:00Z", "change_source": "app"},
        "data": {"id": 3, "type": "call", "done": True, "deal_id": 4, "stage_id": 2, "status": "open", "value": {"amount": 5},
                 "participants": [{"person_id": 1}], "emails": [{"value": "a@example.com", "primary": True}]},
        "previous": {"done": False, "stage_id": 1, "next_activity": {"id": 3, "done": True}},
    },
    "hubspot": [
        {"subscriptionType": "object.propertyChange", "objectTypeId": "0-3", "objectId": 4, "portalId": 1, "eventId": 2,
         "occurredAt": 1780000000000, "propertyName": "dealstage", "propertyValue": "2", "changeSource": "CRM_UI",
         "sourceId": "userId:5", "mergedObjectIds": [4, 5], "toObjectId": 6, "associationRemoved": False},
        {"vid": 1, "portal-id": 1, "properties": {"email": {"value": "a@example.com", "timestamp": 1780000000000}}},
    ],
    "salesforce": {
        "ChangeEventHeader": {"entityName": "Opportunity", "changeType": "UPDATE", "recordIds": ["0061"],
                              "transactionKey": "t", "sequenceNumber": 1, "commitTimestamp": 1780000000000, "commitUser": "5"},
        "StageName": "2", "IsWon": False, "IsClosed": False, "Amount": 5, "OwnerId": "005", "AccountId": "0011",
        "Name": {"FirstName": "Anna"}, "Email": "a@example.com",
    },
    "close": {
        "event": {"id": "e", "object_type": "opportunity", "object_id": "o", "action": "updated", "lead_id": "l", "user_id": "5",
                  "date_created": "2026-05-04T08:00:00", "meta": {"merge_source_lead_id": "x"},
                  "data": {"id": "o", "status_label": "2", "status_type": "won", "value": 100, "contact_id": "c",
                           "emails": [{"email": "a@example.com"}]},
                  "previous_data": {"status_label": "1", "status_type": "active"}},
    },
    "gohighlevel": {
        "type": "OutboundMessage", "locationId": "l", "id": "i", "contactId": "c", "messageType": "CALL", "userId": "5",
        "direction": "outbound", "dateAdded": "2026-05-04T08:00:00Z", "to": ["a@example.com"], "tags": ["x"],
        "appointment": {"id": "a", "appointmentStatus": "showed"}, "monetaryValue": 5, "dnd": True,
    },
    "intercom": {
        "topic": "contact.created", "id": "n", "app_id": "a", "created_at": 1780000000,
        "data": {"item": {"id": "i", "email": "a@example.com", "name": "Anna", "tags": {"data": [{"name": "x"}]},
                          "companies": {"data": [{"name": "Acme"}]}, "contacts": {"contacts": [{"id": "i"}]},
                          "source": {"id": "s", "author": {"type": "lead", "id": "i"}}}},
    },
}  # fmt: skip
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12)
anything = leaves | st.lists(leaves, max_size=2) | st.dictionaries(st.text(max_size=5), leaves, max_size=2)


def places(value, path=()):
    if path:
        yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(inner, (*path, key))


def altered(body, path, value):
    body = copy.deepcopy(body)
    holder = body
    for key in path[:-1]:
        if not isinstance(holder, dict | list):
            return body
        holder = holder[key]
    if isinstance(holder, dict | list):
        holder[path[-1]] = value
    return body


def becomes_a_signal_or_is_set_aside(kind, raw):
    source = Source(name="crm", kind=kind, verify=Scheme(scheme="none"), sales=MEANING)
    for item in parse(kind, raw, "application/json", {}):
        assert isinstance(item, Parsed | Quarantined)
        if isinstance(item, Parsed):
            signal = to_signal(with_sales_words(item, source.sales), source, NOW, b"k" * 32)
            signal.text().encode()


@pytest.mark.parametrize("kind", sorted(BODIES))
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_anything_in_any_place_is_read_or_set_aside(kind, data):
    body = BODIES[kind]
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(sorted(places(BODIES[kind]), key=str)))
        try:
            body = altered(body, path, data.draw(anything))
        except (KeyError, IndexError, TypeError):
            continue  # what an earlier change put there has no such place
    becomes_a_signal_or_is_set_aside(kind, json.dumps(body).encode())


SOAP = (
    b'<E xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><notifications><OrganizationId>o</OrganizationId><Notification>'
    b'<Id>n</Id><sObject xsi:type="sf:Task" xmlns:sf="urn:s"><sf:Id>00T1</sf:Id><sf:Status>Completed</sf:Status>'
    b"<sf:WhoId>0031</sf:WhoId></sObject></Notification></notifications></E>"
)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(SOAP) - 1), st.integers(0, 30), st.binary(max_size=12))
def test_no_bytes_in_an_outbound_message_surprise(at, length, put):
    becomes_a_signal_or_is_set_aside("salesforce", SOAP[:at] + put + SOAP[at + length :])


@pytest.mark.parametrize("kind", sorted(BODIES))
def test_the_bodies_that_are_altered_here_are_read_whole_as_they_are(kind):
    assert all(
        isinstance(item, Parsed) for item in parse(kind, json.dumps(BODIES[kind]).encode(), "application/json", {})
    )
