"""The port `Reader`: what sales did in a CRM is given back alike by each vendor's file, whatever lists that vendor has."""

from datetime import UTC, datetime, timedelta

import pytest

from schemas.signals import Kind
from schemas.sources import SalesMeaning
from services.bootstrap.reconciling import reader_of_bodies
from services.sinks.outcomes import Trouble
from services.sinks.reconciling.sightings import Reader
from services.sinks.vendors import pipedrive_reading
from tests.parts.vendors.faults import UNAVAILABLE
from tests.parts.vendors.offices import OFFICES, open_deal, open_task

BEGIN = datetime(2026, 11, 30, 9, tzinfo=UTC)
MINUTES = timedelta(minutes=1)


class Clock:
    def __init__(self):
        self.now = BEGIN

    def __call__(self):
        return self.now

    def later(self, minutes):
        self.now += minutes * MINUTES
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=OFFICES)
def office(request, clock):
    made = OFFICES[request.param](clock)
    assert isinstance(made.vendor, Reader)
    yield made
    assert made.api.violations == []


async def read(office, clock, cursor=None):
    """(sightings, works, deletions, cursor) of one look, through all its pages."""
    seen, works, gone, is_last = [], [], [], False
    since = clock.now - 5 * MINUTES
    while not is_last:
        page = await office.vendor.changes(cursor, since)
        seen += page.sightings
        works += page.works
        gone += page.deletions
        cursor, is_last = page.cursor, page.is_last
    return seen, works, gone, cursor


async def test_a_stage_is_seen_with_the_instant_at_which_it_changed_though_others_wrote_since(office, clock):
    deal = await open_deal(office, "ho_1", "anna")
    moved = clock.later(2)
    office.move(deal, "accepted", by="anna")
    clock.later(1)
    office.touch(deal)
    clock.later(2)
    seen, *_ = await read(office, clock)
    last = seen[-1]
    assert (last.vendor_id, last.stage, last.outcome) == (deal, office.stages["accepted"], None)
    assert last.stage_change.at == moved and last.owner == office.people["anna"]
    assert last.stage_change.by == (office.people["anna"] if office.tells_who else None)


async def test_another_owner_and_an_end_are_seen(office, clock):
    deal = await open_deal(office, "ho_1", "anna")
    clock.later(1)
    office.give(deal, "bo", by="anna")
    office.move(deal, "won", by="bo")
    clock.later(1)
    seen, *_ = await read(office, clock)
    assert (seen[-1].owner, seen[-1].outcome) == (office.people["bo"], "won")
    assert await office.vendor.look([deal]) == [seen[-1]]


async def test_a_step_of_a_person_is_one_by_the_parser_of_the_webhooks_and_what_is_none_is_none(office, clock):
    deal = await open_deal(office, "ho_1", "anna")
    at = clock.later(1)
    call = office.call(deal, by="anna")
    office.miss(deal, by="bo")
    clock.later(1)
    _, works, *_ = await read(office, clock)
    steps = [
        work for work in works if reader_of_bodies(office.kind, SalesMeaning())(work.body).kind is Kind.SALES_FOLLOW_UP
    ]
    (step,) = steps
    assert (step.vendor_id, step.opportunity, step.author) == (call, deal, office.people["anna"])
    assert step.happened_at == step.recorded_at == at and step.kind == "call" and not step.is_our_task


async def test_a_task_of_ours_is_a_step_of_whoever_ticks_it_and_none_where_we_do(office, clock):
    deal = await open_deal(office, "ho_1", "anna")
    theirs, ours = await open_task(office, deal, "ho_1.1", "anna"), await open_task(office, deal, "ho_1.2", "anna")
    clock.later(1)
    office.tick(theirs, by="anna")
    office.tick(ours, by="us")
    clock.later(1)
    _, works, *_ = await read(office, clock)
    authors = {work.vendor_id: work.author for work in works}
    assert authors[theirs] == office.people["anna"]
    if office.tells_who:
        assert authors.get(ours) in (None, office.our_user)
    else:
        assert all(work.is_our_task for work in works)


async def test_a_deal_that_is_gone_is_left_out_of_a_look(office, clock):
    deals = [await open_deal(office, f"ho_{n}", "anna") for n in range(3)]
    clock.later(1)
    office.delete(deals[1], by="anna")
    assert [seen.vendor_id for seen in await office.vendor.look(deals)] == [deals[0], deals[2]]


async def test_a_long_list_is_read_page_by_page_and_goes_on_where_it_was_left(office, clock, monkeypatch):
    monkeypatch.setattr(pipedrive_reading, "PAGE", 100)
    deals = [await open_deal(office, f"ho_{n}", "anna") for n in range(230)]
    clock.later(1)
    cursor, seen, is_last = None, set(), False
    while not is_last:
        # Each page by itself, as after a restart.
        page = await office.vendor.changes(cursor, clock.now - 5 * MINUTES)
        seen |= {one.vendor_id for one in page.sightings}
        assert page.cursor != cursor or page.is_last, "a place that does not move is never left"
        cursor, is_last = page.cursor, page.is_last
    assert seen == set(deals)
    for _ in range(2):
        clock.later(10)
        rest, *_, cursor = await read(office, clock, cursor)
    assert rest == [], "what lies further back than the overlap was seen"


async def test_trouble_in_a_look_leaves_the_place_where_it_was(office, clock):
    deal = await open_deal(office, "ho_1", "anna")
    clock.later(1)
    office.api.plan.once(UNAVAILABLE)
    with pytest.raises(Trouble, match="transient"):
        await office.vendor.changes(None, BEGIN)
    seen, *_ = await read(office, clock)
    assert [one.vendor_id for one in seen] == [deal]


async def test_a_place_that_another_vendor_kept_is_told(office):
    for text in ("2026-11-30 04:00:00|0|2026-11-30 04:00:00|0", "[]", '{"places": 1}', '{"places": {"deals": []}}'):
        with pytest.raises(Trouble, match="cursor_of_another_vendor"):
            await office.vendor.changes(text, BEGIN)
