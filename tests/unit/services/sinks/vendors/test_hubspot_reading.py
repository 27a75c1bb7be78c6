"""What is read back of HubSpot, where its search is late, ends at 10,000, or is not allowed."""

from datetime import UTC, datetime, timedelta

import pytest

from services.sinks.outcomes import Trouble
from services.sinks.vendors import hubspot_reading
from services.sinks.vendors.hubspot_reading import lists_to_read
from services.sinks.vendors.hubspot_shapes import KEY, OPPORTUNITIES
from tests.parts.vendors.hubspot_account import ALL_SCOPES
from tests.parts.vendors.hubspot_records import Property
from tests.parts.vendors.offices import HubspotOffice, open_deal

BEGIN = datetime(2026, 11, 30, 9, tzinfo=UTC)
MINUTES = timedelta(minutes=1)


def office_at(times, **values):
    return HubspotOffice(lambda: times[-1], **values)


async def look(office, times, cursor=None):
    seen, is_last = [], False
    since = times[-1]
    while not is_last:
        page = await office.vendor.changes(cursor, since)
        seen, cursor, is_last = [*seen, *page.sightings], page.cursor, page.is_last
    return seen, cursor


async def test_a_change_that_the_index_shows_late_is_found_by_the_next_look():
    times = [BEGIN]
    office = office_at(times, lag=4 * MINUTES)
    deal = await open_deal(office, "ho_1", "anna")
    times.append(BEGIN + 5 * MINUTES)
    _, cursor = await look(office, times)
    office.move(deal, "accepted", by="anna")
    times.append(BEGIN + 5 * MINUTES + timedelta(seconds=1))
    early, cursor = await look(office, times, cursor)
    times.append(BEGIN + 10 * MINUTES)
    late, _ = await look(office, times, cursor)
    assert [one.stage for one in late] == ["accepted"], early


async def test_one_instant_is_counted_through_and_ten_thousand_of_it_are_trouble(monkeypatch):
    times = [BEGIN]
    office = office_at(times)
    for number in range(250):
        await open_deal(office, f"ho_{number}", "anna")
    cursor, places = None, []
    for _ in range(2):
        page = await office.vendor.changes(cursor, BEGIN)
        cursor = page.cursor
        places.append(len(page.sightings))
    within = cursor
    while not page.is_last:
        page = await office.vendor.changes(cursor, BEGIN)
        cursor = page.cursor
        places.append(len(page.sightings))
    # From before the instant, from the instant on, and twice further within it; then the other lists.
    assert places[:5] == [100, 100, 100, 50, 0]
    monkeypatch.setattr(hubspot_reading, "MOST", 250)
    with pytest.raises(Trouble, match="too_many_changes_of_one_instant"):
        await office.vendor.changes(within, BEGIN)


async def test_a_key_that_may_not_read_is_told_by_the_check_with_its_scope():
    office = office_at([BEGIN], source="crm", reconcile={"follow_ups": ["call"]})
    office.api.keys = {"pat-eu1-stand-in": ALL_SCOPES - {"crm.objects.contacts.read"}}
    problems = await office.vendor.check({})
    assert "reconcile: calls cannot be read: MISSING_SCOPES: the key needs crm.objects.contacts.read" in problems
    assert not any("deals cannot" in problem for problem in problems)


async def test_what_a_program_did_has_no_author():
    times = [BEGIN]
    office = office_at(times)
    deal = await open_deal(office, "ho_1", "anna")
    office.move(deal, "accepted", by="us")
    (seen,) = await office.vendor.look([deal])
    assert seen.stage_change.by is None


def test_only_activities_that_keep_promises_are_asked_for():
    assert lists_to_read(OPPORTUNITIES["deal"], ()).nouns == ["deals", "calls", "meetings", "emails", "tasks"]
    assert lists_to_read(OPPORTUNITIES["lead"], ("call", "task")).nouns == ["leads", "calls", "tasks"]


async def test_a_lead_of_hubspot_is_read_by_its_own_stage_and_says_by_nothing_else_that_it_is_over():
    office = office_at([BEGIN], opportunity="lead")
    person = office.api.records.create("contacts", {"firstname": "Eva"})
    about = {"hs_lead_name": "Kund", "hs_pipeline_stage": "offered", "hubspot_owner_id": "7", KEY: "ho_1"}
    office.api.add_property("leads", Property(KEY, is_unique=True))
    lead = office.api.records.create("leads", about, [("contacts", person.id)])
    office.api.records.update(lead, {"hs_pipeline_stage": "closedwon"}, by="userId:8")
    page = await office.vendor.changes(None, BEGIN)
    (seen,) = page.sightings
    assert (seen.vendor_id, seen.stage, seen.outcome, seen.stage_change.by) == (lead.id, "closedwon", None, "7")
    call = {"hs_timestamp": "2026-11-30T09:00:00.000Z", "hubspot_owner_id": "7", "hs_call_direction": "OUTBOUND"}
    office.api.records.create("calls", call, [("leads", lead.id)], by="userId:8")
    page = await office.vendor.changes(page.cursor, BEGIN)
    assert [(work.opportunity, work.author) for work in page.works] == [(lead.id, "7")]
