"""What is read back of Pipedrive, where its cursor has had its day, and of its archive."""

from datetime import UTC, datetime, timedelta

import pytest

from services.sinks.vendors import pipedrive_reading
from tests.parts.vendors.offices import PipedriveOffice, open_deal

BEGIN = datetime(2026, 11, 30, 9, tzinfo=UTC)
MINUTES = timedelta(minutes=1)


@pytest.fixture
def office():
    return PipedriveOffice(lambda: BEGIN)


async def test_a_cursor_that_is_not_valid_any_more_begins_the_list_once_more(office, monkeypatch):
    monkeypatch.setattr(pipedrive_reading, "PAGE", 2)
    deals = [await open_deal(office, f"ho_{number}", "anna") for number in range(3)]
    first = await office.vendor.changes(None, BEGIN)
    office.api.cursors = "c2"
    again = await office.vendor.changes(first.cursor, BEGIN)
    rest = await office.vendor.changes(again.cursor, BEGIN)
    assert [one.vendor_id for one in again.sightings] == deals[:2]
    assert [one.vendor_id for one in rest.sightings] == deals[2:]


async def test_a_deal_of_the_archive_stands_as_it_was_put_there(office):
    deal = await open_deal(office, "ho_1", "anna")
    office.move(deal, "lost", by="anna")
    office.api.change("deals", int(deal), {"is_archived": True, "lost_reason": "Too expensive"})
    (seen,) = await office.vendor.look([deal])
    assert (seen.outcome, seen.reason) == ("lost", "Too expensive")


async def test_a_deletion_is_told_and_no_deal_that_is_not_ours(office):
    deal = await open_deal(office, "ho_1", "anna")
    office.delete(deal, by="anna")
    office.api.make("deals", {"title": "theirs"})
    page = await office.vendor.changes(None, BEGIN)
    assert page.deletions == [(deal, BEGIN)] and page.sightings == []


async def test_a_page_costs_ten_tokens_and_a_deal_of_the_archive_one(office):
    costs = []
    caller = office.vendor._pipedrive._caller

    async def count(call):
        costs.append(call.cost)
        return await caller(call)

    office.vendor._pipedrive._caller = count
    await office.vendor.changes(None, BEGIN)
    await office.vendor.look(["99"])
    assert costs == [10, 10, 1]
