"""What a CRM says of a deal or an activity finds its lead through what was recorded before: activity -> deal -> person."""

import json
from datetime import timedelta

import pytest

from schemas.signals import Parsed
from schemas.sources import SalesMeaning, Scheme, Source
from services.ingest.configured.sales import with_sales_words
from services.ingest.normalising.normalise import to_signal
from services.ingest.parsers.registry import parse
from tests.setups import START, setup

KEY = b"k" * 32
MEANING = SalesMeaning(accepted=("7",), our_users=("99",))
PIPEDRIVE = Source(name="pipedrive", kind="pipedrive", verify=Scheme(scheme="none"), sales=MEANING)
HUBSPOT = Source(name="hubspot", kind="hubspot", verify=Scheme(scheme="none"), sales=MEANING)
FORM = Source(name="web", kind="form", verify=Scheme(scheme="none"))


@pytest.fixture(params=["sqlite-embedded", "real-postgres-embedded"])
async def running(request, tmp_path):
    async with setup(request.param, request, tmp_path) as made:
        yield made


def read(source, body, minutes):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    found = parse(source.kind, raw, "application/x-www-form-urlencoded", {})
    at = START + timedelta(minutes=minutes)
    for item in found:
        assert isinstance(item, Parsed), item
    return [to_signal(with_sales_words(item, source.sales), source, at, KEY).but(occurred_at=at) for item in found]


def asked():
    return read(FORM, b"email=anna@example.com&form_id=demo&company=Acme", 0)


def pipedrive(entity, action, minutes, data, previous=None, user=5):
    meta = {"action": action, "entity": entity, "company_id": "1", "id": f"m{entity}{action}{minutes}", "user_id": user,
            "change_source": "app", "version": "2.0"}  # fmt: skip
    return read(PIPEDRIVE, {"data": data, "previous": previous or {}, "meta": meta}, minutes)


def person(minutes):
    return pipedrive(
        "person", "create", minutes, {"id": 11, "emails": [{"value": "anna@example.com", "primary": True}]}
    )


def deal(minutes):
    return pipedrive("deal", "create", minutes, {"id": 21, "person_id": 11, "stage_id": 6, "status": "open"})


def accepted(minutes):
    return pipedrive("deal", "change", minutes, {"id": 21, "stage_id": 7, "status": "open"}, {"stage_id": 6})


def call_done(minutes, user=5):
    data = {"id": 31, "deal_id": 21, "type": "call", "done": True, "owner_id": 5}
    return pipedrive("activity", "change", minutes, data, {"done": False}, user)


async def kept(running):
    """Whether the promise to follow up was kept, and the stage that the lead is in."""
    events = [json.loads(event) for event in await running.events()]
    done = [e for e in events if e["type"].startswith("stafett.sla.fulfilled") and e["data"]["metric"] == "follow_up"]
    stages = [e["data"]["to_stage"] for e in events if e["type"].startswith("stafett.lead.stage_changed")]
    leads = {e["subject"] for e in events if e["type"].startswith("stafett.lead.created")}
    return bool(done), stages[-1], len(leads)


async def test_a_call_that_names_only_its_deal_keeps_the_promise_to_follow_up(running):
    await running.give(*asked(), *person(1), *deal(2), *accepted(3))
    assert await kept(running) == (False, "hand_over", 1)
    await running.give(*call_done(4))
    assert await kept(running) == (True, "deal", 1)


async def test_the_deal_may_come_before_its_person_is_known(running):
    await running.give(*deal(0), *asked(), *person(1), *accepted(3), *call_done(4))
    assert await kept(running) == (True, "deal", 1)


async def test_our_own_write_that_comes_back_is_no_step(running):
    await running.give(*asked(), *person(1), *deal(2), *accepted(3), *call_done(4, user=99))
    assert await kept(running) == (False, "hand_over", 1)


def hubspot(minutes, **event):
    return read(HUBSPOT, [{"portalId": 1, "eventId": minutes, "changeSource": "CRM_UI", **event}], minutes)


async def test_a_hubspot_task_finds_its_lead_by_the_associations_told(running):
    def joined(minutes, kind, one, other):
        said = {"associationType": kind, "fromObjectId": one, "toObjectId": other, "associationRemoved": False}
        return hubspot(minutes, subscriptionType=f"{kind.split('_')[0].lower()}.associationChange", **said)

    await running.give(
        *asked(),
        *hubspot(1, subscriptionType="contact.propertyChange", objectId=11, propertyName="email",
                 propertyValue="anna@example.com"),
        *joined(2, "DEAL_TO_CONTACT", 21, 11),
        *joined(3, "TASK_TO_DEAL", 31, 21),
        *hubspot(4, subscriptionType="deal.propertyChange", objectId=21, propertyName="dealstage", propertyValue="7"),
    )  # fmt: skip
    assert await kept(running) == (False, "hand_over", 1)
    done = {"propertyName": "hs_task_status", "propertyValue": "COMPLETED"}
    await running.give(*hubspot(5, subscriptionType="object.propertyChange", objectTypeId="0-27", objectId=31, **done))
    assert await kept(running) == (True, "deal", 1)


async def test_a_merge_in_the_crm_keeps_the_lead_that_the_record_which_is_gone_named(running):
    await running.give(
        *asked(),
        *person(1),
    )
    merged = {
        "action": "delete",
        "entity": "person",
        "entity_id": 11,
        "company_id": "1",
        "id": "gone",
        "merged_to_id": 12,
    }
    await running.give(*read(PIPEDRIVE, {"data": None, "previous": {"id": 11}, "meta": merged}, 3))
    await running.give(*pipedrive("deal", "create", 4, {"id": 22, "person_id": 12, "stage_id": 6, "status": "open"}))
    moved = {"id": 22, "stage_id": 7, "status": "open"}
    await running.give(*pipedrive("deal", "change", 5, moved, {"stage_id": 6}))
    data = {"id": 32, "deal_id": 22, "type": "call", "done": True}
    await running.give(*pipedrive("activity", "change", 6, data, {"done": False}))
    assert await kept(running) == (True, "deal", 1)
