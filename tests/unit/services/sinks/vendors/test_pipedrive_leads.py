"""What is read back of Pipedrive's leads: who has them, what was done beside them, the archive, and deals that were made of them."""

from datetime import UTC, datetime, timedelta

import pytest

from services.sinks.records import Key, Wanted
from services.sinks.vendors import pipedrive_leads
from tests.parts.vendors.offices import PipedriveLeadOffice

BEGIN = datetime(2026, 11, 30, 9, tzinfo=UTC)
MINUTES = timedelta(minutes=1)


class Clock:
    now = BEGIN

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def office(clock):
    made = PipedriveLeadOffice(clock)
    yield made
    assert made.api.violations == []


async def read(office, clock, cursor=None):
    """(sightings, works, cursor) of one look, each page by itself, as after a restart."""
    seen, works, is_last = [], [], False
    while not is_last:
        page = await office.vendor.changes(cursor, clock.now - 5 * MINUTES)
        seen += page.sightings
        works += page.works
        assert page.cursor != cursor or page.is_last, "a place that does not move is never left"
        cursor, is_last = page.cursor, page.is_last
    return seen, works, cursor


async def test_another_owner_of_a_lead_is_seen_and_a_call_beside_it(office, clock):
    lead = await office.open_lead("ho_1", "anna")
    office.api.make("leads", {"title": "theirs"})
    clock.now += MINUTES
    office.give(lead, "bo", by="anna")
    call = office.call(lead, by="bo")
    clock.now += MINUTES
    (seen,), (work,), cursor = await read(office, clock)
    assert (seen.vendor_id, seen.owner, seen.changed_at) == (lead, office.people["bo"], BEGIN + MINUTES)
    assert (work.vendor_id, work.opportunity, work.author) == (call, lead, office.people["bo"])
    assert await office.vendor.look([lead]) == [seen]
    clock.now += 10 * MINUTES
    rest, works, _ = await read(office, clock, (await read(office, clock, cursor))[2])
    assert (rest, works) == ([], []), "what lies further back than the overlap was seen"


async def test_a_lead_in_the_archive_is_seen_as_its_webhook_would_tell_it(office, clock):
    leads = [await office.open_lead(f"ho_{n}", "anna") for n in range(3)]
    *_, cursor = await read(office, clock)
    clock.now += 10 * MINUTES
    office.archive(leads[1])
    clock.now += MINUTES
    (seen,) = [one for one in (await read(office, clock, cursor))[0] if one.body is not None]
    assert seen.vendor_id == leads[1] and seen.body["previous"] == {"is_archived": False}
    assert (await office.vendor.look(leads))[1] == seen


async def test_a_deal_that_was_made_of_a_lead_says_which_and_so_does_what_was_done_beside_it(office, clock):
    lead = await office.open_lead("ho_1", "anna")
    call = office.call(lead, by="anna")
    deal = office.take(lead, "accepted")
    clock.now += MINUTES
    (seen,), (work,), _ = await read(office, clock)
    assert (seen.vendor_id, seen.was, seen.body["data"]["stage_id"]) == (deal, lead, 2)
    assert (work.vendor_id, work.opportunity) == (call, deal)
    assert await office.vendor.look([deal]) == [seen] and await office.vendor.look([lead]) == []


async def test_pages_lose_no_lead_that_somebody_changes_meanwhile(office, clock, monkeypatch):
    monkeypatch.setattr(pipedrive_leads, "PAGE", 4)
    leads = []
    for number in range(12):
        leads.append(await office.open_lead(f"ho_{number}", "anna"))
        clock.now += timedelta(seconds=number % 2)
    first = await office.vendor.changes(None, BEGIN)
    ids = {seen.vendor_id for seen in first.sightings}
    for lead in leads[:3]:
        # Each moves to the end of the list, and what stood behind it moves up.
        clock.now += timedelta(seconds=1)
        office.give(lead, "bo", by="anna")
    seen, _, _ = await read(office, clock, first.cursor)
    assert ids | {one.vendor_id for one in seen} == set(leads)


async def test_a_long_archive_is_read_back_to_the_place(office, clock, monkeypatch):
    monkeypatch.setattr(pipedrive_leads, "PAGE", 4)
    leads = [await office.open_lead(f"ho_{number}", "anna") for number in range(11)]
    *_, cursor = await read(office, clock)
    clock.now += 10 * MINUTES
    for lead in leads:
        clock.now += timedelta(seconds=1)
        office.archive(lead)
    seen, _, cursor = await read(office, clock, cursor)
    assert {one.vendor_id for one in seen} == set(leads)
    clock.now += 20 * MINUTES
    *_, cursor = await read(office, clock, cursor)
    before = len(office.api.requests("list archived leads"))
    assert (await read(office, clock, cursor))[0] == []
    assert len(office.api.requests("list archived leads")) == before + 1, "no further than the place"


async def test_what_follows_after_a_deal_was_made_of_the_lead_is_written_to_the_deal(office):
    lead = await office.open_lead("ho_1", "anna")
    deal = office.take(lead)
    parents = {"contact": office.person}
    fields = office.vendor.render(Wanted(Key("opportunity", "ho_1"), {"owner": office.people["bo"]}))
    assert await office.vendor.read("opportunity", lead, fields) is None
    found = await office.vendor.find(Key("opportunity", "ho_1"), fields, parents)
    assert (found.vendor_id, found.fields["owner_id"]) == (deal, 7)
    await office.vendor.update("opportunity", deal, fields)
    assert (await office.vendor.read("opportunity", deal, fields)).fields == fields
    key = Key("note", "ho_1/dossier")
    note = {"content": f"<p>x</p><p>{key.marker}</p>"}
    made = await office.vendor.create(key, note, {"opportunity": deal})
    assert (await office.vendor.find(key, note, {"opportunity": deal})).vendor_id == made.vendor_id
