"""What is read off Pipedrive's bodies, v1 and v2: bodies of our own making in the shapes that it sends."""

import json

import pytest

from schemas.signals import Kind, Parsed, Quarantined
from schemas.sources import SalesMeaning
from services.ingest.configured.sales import with_sales_words
from services.ingest.parsers.registry import parse


def v1(noun, action, now, before=None, **meta):
    said = {"action": action, "object": noun, "id": 1, "company_id": 7, "timestamp": 1780000000,
            "timestamp_micro": 1780000000000001, "webhook_id": "w", "user_id": 5, **meta}  # fmt: skip
    return one({"v": 1, "meta": said, "current": now, "previous": before, "event": f"{action}.{noun}"})


def v2(entity, action, now, before=None, **meta):
    said = {"action": action, "entity": entity, "entity_id": "1", "company_id": "7", "id": "m1", "user_id": "5",
            "version": "2.0", "timestamp": "2026-05-04T08:00:00.000Z", **meta}  # fmt: skip
    return one({"data": now, "previous": before, "meta": said})


def one(body):
    (found,) = parse("pipedrive", json.dumps(body).encode(), "application/json", {})
    assert isinstance(found, Parsed), found
    return found


def references(found):
    return [(r.object, r.id) for r in found.references]


@pytest.mark.parametrize(
    ("action", "now", "before", "kind"),
    [
        ("create", {"id": 1, "type": "call", "done": False}, None, Kind.SALES_TASK_OPEN),
        ("create", {"id": 1, "type": "email", "done": True}, None, Kind.SALES_FOLLOW_UP),
        ("change", {"id": 1, "type": "call", "done": True}, {"done": False}, Kind.SALES_FOLLOW_UP),
        ("change", {"id": 1, "type": "call", "done": True}, {"subject": "was"}, Kind.ACTIVITY_UPDATED),
        ("change", {"id": 1, "type": "call", "done": False}, {"done": True}, Kind.ACTIVITY_UPDATED),
        ("create", {"id": 1, "type": "meeting", "done": False}, None, Kind.SALES_MEETING_BOOKED),
        ("change", {"id": 1, "type": "meeting", "done": True}, {"done": False}, Kind.SALES_MEETING_HELD),
        ("delete", None, {"id": 1, "type": "meeting", "done": False}, Kind.SALES_MEETING_CANCELLED),
        ("delete", None, {"id": 1, "type": "meeting", "done": True}, Kind.ACTIVITY_DELETED),
        ("delete", None, {"id": 1, "type": "call", "done": False}, Kind.ACTIVITY_DELETED),
    ],
)
def test_an_activity_is_a_step_when_it_is_done_and_a_meeting_by_its_type(action, now, before, kind):
    assert v2("activity", action, now, before).kind == kind


def test_an_activity_names_its_deal_and_the_first_of_its_participants():
    found = v2("activity", "create", {"id": 9, "type": "call", "deal_id": 4, "lead_id": None, "org_id": 2,
               "participants": [{"person_id": 3, "primary": False}, {"person_id": 8, "primary": True}]})  # fmt: skip
    assert references(found) == [("activity", "9"), ("person", "8"), ("deal", "4"), ("company", "2")]


@pytest.mark.parametrize(
    ("before", "now", "kind", "moved"),
    [
        ({"stage_id": 3}, {"stage_id": 4, "status": "open"}, Kind.SALES_STAGE_CHANGED, ("3", "4")),
        ({"status": "open"}, {"stage_id": 4, "status": "won"}, Kind.SALES_WON, ("open", "won")),
        ({"status": "open"}, {"status": "lost", "lost_reason": "Budget"}, Kind.SALES_LOST, ("open", "lost")),
        ({"status": "lost"}, {"status": "open"}, Kind.SALES_STAGE_CHANGED, ("lost", "open")),
        ({"owner_id": 5}, {"owner_id": 6, "status": "open"}, Kind.SALES_OWNER_CHANGED, ("5", "6")),
        ({"title": "Old"}, {"title": "New", "status": "won"}, Kind.DEAL_UPDATED, None),
    ],
)
def test_a_changed_deal_tells_what_changed(before, now, kind, moved):
    found = v2("deal", "change", {"id": 4, "person_id": 3, **now}, before)
    assert found.kind == kind
    assert (found.sales and (found.sales.from_, found.sales.to)) == moved
    assert found.reason == now.get("lost_reason")


def test_v1_tells_a_done_task_by_its_deal():
    before = {"id": 4, "next_activity_id": 9, "next_activity": {"id": 9, "type": "call", "done": True, "user_id": 5}}
    found = v1("deal", "updated", {"id": 4, "person_id": 3, "next_activity_id": None, "status": "open"}, before)
    assert (found.kind, found.sales.activity_type, found.sales.owner_id) == (Kind.SALES_FOLLOW_UP, "call", "5")
    still = v1("deal", "updated", {"id": 4, "next_activity_id": 9}, before)
    assert still.kind == Kind.DEAL_UPDATED


def test_a_merge_names_who_is_left_and_who_is_gone():
    gone = v2("person", "delete", None, {"id": 1, "name": "Anna"}, merged_to_id=2)
    assert (gone.kind, references(gone), gone.previous[0].id) == (Kind.SALES_MERGED, [("person", "2")], "1")
    kept = v2("person", "change", {"id": 2, "name": "Anna"}, {"name": "A"}, entity_id="2", merged_from_id=1)
    assert (kept.kind, references(kept), kept.previous[0].id) == (Kind.SALES_MERGED, [("person", "2")], "1")


def test_who_did_it_is_told_by_where_the_change_came_from():
    by_hand = v2("deal", "change", {"id": 4}, {"title": "x"}, change_source="app")
    by_key = v2("deal", "change", {"id": 4}, {"title": "x"}, change_source="api")
    assert (by_hand.actor.kind, by_hand.automated, by_key.actor.kind, by_key.automated) == ("person", False, None, True)


def test_settings_are_no_leads_business_and_the_unknown_is_set_aside():
    found = v1("stage", "updated", {"id": 1, "name": "Demo"})
    assert (found.kind, found.references) == (Kind.UNCLASSIFIED, ())
    (strange,) = parse("pipedrive", b'{"meta": {"entity": "spaceship", "action": "create"}}', "application/json", {})
    assert isinstance(strange, Quarantined)


def test_an_activity_type_of_the_customers_own_can_be_a_meeting():
    meaning = SalesMeaning(meeting_types=("demo",))
    planned = v2("activity", "create", {"id": 1, "type": "demo", "done": False})
    held = v2("activity", "change", {"id": 1, "type": "demo", "done": True}, {"done": False})
    assert (with_sales_words(planned, meaning).kind, with_sales_words(held, meaning).kind) == (
        Kind.SALES_MEETING_BOOKED, Kind.SALES_MEETING_HELD,
    )  # fmt: skip
