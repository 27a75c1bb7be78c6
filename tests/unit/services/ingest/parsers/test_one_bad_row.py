"""One event of a delivery that cannot be read is set aside by itself; the others go on."""

import json

import pytest

from schemas.signals import Quarantined
from services.ingest.parsers.registry import parse

CLOUD = {"specversion": "1.0", "id": "c1", "source": "/s", "type": "x.y", "data": {"email": "eva@firma.example"}}


def mautic(ident, **more):
    return {"contact": {"id": ident, "fields": {"core": {"email": {"value": f"{ident}@firma.example"}}}, **more}}


@pytest.mark.parametrize(
    ("kind", "body", "content_type", "places"),
    [
        ("mautic", {"mautic.lead_post_save_new": [mautic(1), "no row", mautic(3)]}, "application/json", [1]),
        ("mautic", {"mautic.lead_post_save_new": [mautic(1), mautic(2) | {"timestamp": {}}, mautic(3)]}, "application/json", []),
        ("hubspot", [{"subscriptionType": "contact.creation", "objectId": 1}, {"subscriptionType": "contact.merge", "objectId": 2,
                      "mergedObjectIds": [2], "portalId": "\ud800" * 3, "eventId": {}}, 7], "application/json", [2]),
        ("cloudevents", [CLOUD, {**CLOUD, "data": {"fact": []}}, {**CLOUD, "id": "c3"}], "application/cloudevents-batch+json", [1]),
        ("cloudevents", [CLOUD, None, {**CLOUD, "id": "c3"}], "application/cloudevents-batch+json", [1]),
        ("segment", [{"type": "identify", "userId": "u"}, {"type": "unheard"}], "application/json", [1]),
    ],
)  # fmt: skip
def test_only_the_rows_that_cannot_be_read_are_set_aside(kind, body, content_type, places):
    found = parse(kind, json.dumps(body).encode(), content_type, {})
    assert [i for i, item in enumerate(found) if isinstance(item, Quarantined)] == places
    rows = body if isinstance(body, list) else next(iter(body.values()))
    assert len(found) == len(rows)


def test_tags_that_are_no_list_hold_back_neither_their_row_nor_the_next():
    found = parse("mautic", json.dumps({"mautic.lead_post_save_new": [mautic(1, tags=5), mautic(2)]}).encode(), "", {})
    assert [item.external_id for item in found] == ["1", "2"]


def test_a_notification_whose_record_is_odd_does_not_stop_the_next():
    row = "<Notification><Id>{}</Id><sObject xsi:type='sf:{}'><sf:Id>00Q{}</sf:Id></sObject></Notification>"
    body = (
        "<Envelope xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xmlns:sf='urn:s'><Body><notifications>"
        + row.format("1", "Lead", "1") + "<Notification><Id>2</Id></Notification>" + row.format("3", "Lead", "3")
        + "</notifications></Body></Envelope>"
    )  # fmt: skip
    found = parse("salesforce", body.encode(), "text/xml", {})
    assert [isinstance(item, Quarantined) for item in found] == [False, True, False]
