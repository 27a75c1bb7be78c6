"""The port `Sinks`, on both engines."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, text

from services.adapters.sql.deliveries import SqlDeliveries
from services.adapters.sql.sinks import SqlSinks
from services.ports.deliveries import Attempt
from services.ports.errors import Fenced
from services.ports.rows import LeadRow, OutboxRow, RecordOut, Writes
from services.ports.sinks import WAITING, SinkRecord, SinkStep, Sweep

NOW = datetime(2026, 6, 8, tzinfo=UTC)
MAKING = SinkRecord("sink/crm", "contact", "lead_1", "lead_1", "making", "evt_1", sent_at=NOW)
PRESENT = MAKING._replace(state="present", vendor_id="7", url="https://x", digest="d", adopted=True, seen_at=NOW)
SENDING = SinkStep("sink/crm", "evt_1", "contact", "lead_1", "sending", 1, NOW)
DONE = SENDING._replace(state="done", outcome="created", code="c", field="f", correlation="r", request="POST /")


@pytest.fixture
def sinks(store):
    return SqlSinks(store.engines)


async def spooled(store):
    async with store.engines.read() as conn:
        return [row.topic for row in await conn.execute(text("SELECT topic FROM spool ORDER BY id"))]


async def test_a_create_is_announced_and_then_told_with_the_signals_in_one_commit(store, sinks):
    assert await sinks.begin(MAKING, SENDING)
    assert await sinks.record("sink/crm", "contact", "lead_1") == MAKING
    assert await sinks.steps("sink/crm", "evt_1") == [SENDING]
    await sinks.finish(DONE, PRESENT, [RecordOut("stafett.signals.v1", b"k", b"{}")])
    assert await sinks.record("sink/crm", "contact", "lead_1") == PRESENT
    assert await sinks.steps("sink/crm", "evt_1") == [DONE]
    assert await spooled(store) == ["stafett.signals.v1"]


async def test_a_signal_is_of_the_source_that_brought_it(store, sinks):
    handled = """INSERT INTO history (signal_id, attempt, kind, mode, occurred_at, received_at, recorded_at, facts, outcome, note, decision,
        source) VALUES ('sig_1', 1, 'sales.won', 'live', 1, 1, 1, '{}', 'done', '', '{}', 'crm')"""
    async with store.engines.write() as conn:
        await conn.execute(text(handled))
    assert await sinks.source_of_signal("sig_1") == "crm"
    assert await sinks.source_of_signal("sig_2") is None


async def test_of_two_events_one_makes_the_record_and_may_begin_again(sinks):
    assert await sinks.begin(MAKING, SENDING)
    other = MAKING._replace(made_by="evt_2", lead_id="lead_2")
    assert not await sinks.begin(other, SENDING._replace(event_id="evt_2"))
    assert await sinks.steps("sink/crm", "evt_2") == []
    later = MAKING._replace(sent_at=NOW + timedelta(minutes=1))
    assert await sinks.begin(later, SENDING._replace(attempts=2))
    assert await sinks.record("sink/crm", "contact", "lead_1") == later


async def test_a_record_that_nobody_can_be_making_any_more_is_made_by_the_next(sinks):
    assert await sinks.begin(MAKING, SENDING)
    other, step = MAKING._replace(made_by="evt_2", sent_at=NOW + timedelta(hours=1)), SENDING._replace(event_id="evt_2")
    assert not await sinks.begin(other, step, MAKING, NOW - timedelta(microseconds=1))
    assert await sinks.begin(other, step, MAKING, NOW)
    assert await sinks.record("sink/crm", "contact", "lead_1") == other._replace(lead_id="lead_1")
    assert not await sinks.begin(MAKING, SENDING, MAKING, NOW)


async def test_a_record_that_somebody_made_since_it_was_read_is_not_made_again(sinks):
    await sinks.adopt(PRESENT)
    other, step = MAKING._replace(made_by="evt_2"), SENDING._replace(event_id="evt_2")
    assert not await sinks.begin(other, step)
    assert not await sinks.begin(other, step, PRESENT._replace(vendor_id="6"), NOW)
    assert await sinks.begin(other, step, PRESENT)


async def test_who_comes_late_writes_nothing_of_an_event_that_somebody_else_holds_now(sinks, waiting):
    await sinks.retry("sink/crm", NOW)
    (late, _) = await waiting.claim("sink/crm", NOW, NOW + timedelta(seconds=9), 10)
    later = NOW + timedelta(seconds=18)
    mine, theirs = SENDING._replace(held_until=late.until), SENDING._replace(held_until=later)
    assert await sinks.begin(MAKING, mine)
    await waiting.claim("sink/crm", NOW + timedelta(seconds=9), later, 10)
    await sinks.finish(DONE._replace(held_until=later), PRESENT)
    for write in (sinks.begin(MAKING, mine), sinks.finish(mine, MAKING), sinks.release(MAKING, mine)):
        with pytest.raises(Fenced):
            await write
    assert await sinks.record("sink/crm", "contact", "lead_1") == PRESENT
    assert await sinks.steps("sink/crm", "evt_1") == [DONE]
    await sinks.finish(theirs)


async def test_a_page_of_records_is_read_in_the_order_of_the_table_alone(store, sinks):
    statements = []

    @event.listens_for(store.engines.reading.sync_engine, "before_cursor_execute")
    def note(_conn, _cursor, statement, parameters, *_):
        statements.append((statement, parameters))

    await sinks.list_records("sink/crm", after="contact/lead_1")
    statement, parameters = statements[-1]
    async with store.engines.read() as conn:
        if not store.engines.sqlite:
            await conn.execute(text("SET enable_seqscan = off"))
            await conn.execute(text("SET enable_sort = off"))
        words = "EXPLAIN QUERY PLAN" if store.engines.sqlite else "EXPLAIN"
        plan = str((await conn.exec_driver_sql(f"{words} {statement}", parameters)).all())
    assert "sink_records" in plan and "SEARCH" in plan if store.engines.sqlite else "sink_records_pkey" in plan
    assert "TEMP B-TREE" not in plan and "Sort" not in plan


async def test_a_refused_create_leaves_no_claim_and_says_why(sinks):
    await sinks.begin(MAKING, SENDING)
    refused = SENDING._replace(state="refused", outcome="refused_data")
    await sinks.release(MAKING, refused)
    assert await sinks.record("sink/crm", "contact", "lead_1") is None
    assert await sinks.steps("sink/crm", "evt_1") == [refused]
    assert await sinks.begin(MAKING._replace(made_by="evt_2"), SENDING._replace(event_id="evt_2"))


async def test_a_release_takes_nothing_that_was_made(sinks):
    await sinks.finish(DONE, PRESENT)
    await sinks.release(MAKING, DONE)
    assert await sinks.record("sink/crm", "contact", "lead_1") == PRESENT


async def test_records_of_a_lead_come_in_the_order_in_which_they_were_made(sinks):
    for key in ("ho_2", "ho_1"):
        await sinks.adopt(PRESENT._replace(kind="opportunity", key=key))
    await sinks.adopt(PRESENT._replace(kind="opportunity", key="ho_3", lead_id="lead_2"))
    await sinks.adopt(PRESENT._replace(kind="opportunity", key="ho_2", vendor_id="8"))
    assert [record.key for record in await sinks.records("sink/crm", "lead_1")] == ["ho_2", "ho_1"]
    page = await sinks.list_records("sink/crm", limit=2)
    assert [record.key for record in page] == ["ho_1", "ho_2"]
    rest = await sinks.list_records("sink/crm", after="opportunity/ho_2")
    assert [record.key for record in rest] == ["ho_3"]
    assert [r.key for r in await sinks.list_records("sink/crm", lead_id="lead_2")] == ["ho_3"]


async def test_steps_are_listed_newest_first_and_those_that_somebody_has_to_end_alone(sinks):
    await sinks.finish(DONE)
    refused = DONE._replace(event_id="evt_2", lead_id="lead_2", state="refused", at=NOW + timedelta(seconds=1))
    await sinks.finish(refused)
    assert await sinks.list_steps("sink/crm") == [refused, DONE]
    assert await sinks.list_steps("sink/crm", refused=True) == [refused]
    assert await sinks.list_steps("sink/crm", lead_id="lead_1") == [DONE]
    assert await sinks.list_steps("sink/other") == []


async def test_records_and_steps_of_the_leads_of_some_brands_alone(store, sinks):
    lead = LeadRow("lead_1", "nord", "hand_over", "active", None, None, False, 1, "{}", None, None, NOW)
    async with store.batch() as batch:
        await batch.write(Writes(leads=[lead]))
    for lead in ("lead_1", "lead_2"):
        await sinks.adopt(PRESENT._replace(key=lead, lead_id=lead))
        await sinks.finish(DONE._replace(event_id=f"evt_{lead}", lead_id=lead))
    assert [record.key for record in await sinks.list_records("sink/crm", brands=["nord", "syd"])] == ["lead_1"]
    assert [step.lead_id for step in await sinks.list_steps("sink/crm", brands=["nord"])] == ["lead_1"]
    assert await sinks.list_records("sink/crm", brands=["syd"]) == []
    assert await sinks.list_steps("sink/crm", lead_id="lead_1", brands=["syd"]) == []


async def test_an_event_is_found_by_its_id_and_the_newest_of_a_type_by_its_lead(sinks, waiting, store):
    rows = [
        OutboxRow(f"evt_{n}", "leads", "lead_1", n, kind, "key", '{"data":{"personal":', f"{n}")
        for n, kind in ((3, "offer"), (4, "offer"), (5, "other"))
    ]
    async with store.batch() as batch:
        await batch.write(Writes(outbox=rows))
    epoch = await store.acquire_lease("relay", "me", 10)
    await store.move_to_events(await store.outbox(100), "relay", epoch, NOW)
    assert await sinks.event_text("evt_9") is None
    assert await sinks.event_text("evt_5") == '{"data":{"personal":5}}'
    assert await sinks.newest_event_text("lead_1", "offer") == '{"data":{"personal":4}}'
    assert await sinks.newest_event_text("lead_2", "offer") is None


async def test_what_is_forgotten_is_looked_for_again(sinks):
    await sinks.adopt(PRESENT)
    assert await sinks.forget("sink/crm", "contact", "lead_1")
    assert not await sinks.forget("sink/crm", "contact", "lead_1")
    assert await sinks.record("sink/crm", "contact", "lead_1") is None


@pytest.fixture
async def waiting(store):
    """An event of each of two leads, put off for a year."""
    deliveries = SqlDeliveries(store.engines)
    await deliveries.fan_out("sink/crm", lambda *_: True, NOW)
    rows = [OutboxRow(f"evt_{n}", "leads", f"lead_{n}", n, "type", "key", "{", None) for n in (1, 2)]
    async with store.batch() as batch:
        await batch.write(Writes(outbox=rows))
    epoch = await store.acquire_lease("relay", "me", 10)
    await store.move_to_events(await store.outbox(100), "relay", epoch, NOW)
    await deliveries.fan_out("sink/crm", lambda *_: True, NOW)
    for due in await deliveries.claim("sink/crm", NOW, NOW + timedelta(seconds=9), 10):
        await deliveries.finish(due, Attempt(NOW, None, "refused", 1), "pending", NOW + timedelta(days=365))
    return deliveries


async def claimed(deliveries, at=NOW):
    return [due.event_id for due in await deliveries.claim("sink/crm", at, at + timedelta(seconds=9), 10)]


async def test_what_waits_for_somebody_is_tried_again_for_one_lead_or_for_all(sinks, waiting):
    assert await claimed(waiting) == []
    assert await sinks.retry("sink/crm", NOW, "lead_2") == 1
    assert await claimed(waiting) == ["evt_2"]
    assert await sinks.retry("sink/crm", NOW) == 1


async def test_an_event_is_replayed_from_its_first_step(sinks, waiting):
    await sinks.retry("sink/crm", NOW)
    (due, _) = await waiting.claim("sink/crm", NOW, NOW + timedelta(seconds=9), 10)
    await waiting.finish(due, Attempt(NOW, None, None, 1), "delivered", None)
    await sinks.finish(DONE)
    later = NOW + timedelta(minutes=1)
    assert await sinks.replay("sink/crm", "evt_1", later)
    assert await sinks.steps("sink/crm", "evt_1") == []
    assert "evt_1" in await claimed(waiting, later)
    assert not await sinks.replay("sink/crm", "evt_9", later)


TOUCHES = PRESENT._replace(kind="touches", key="ho_1", vendor_id=WAITING, sent_at=NOW)
OPEN = PRESENT._replace(kind="opportunity", key="ho_1")


async def deliver_one(deliveries, at=NOW):
    due = (await deliveries.claim("sink/crm", at, at + timedelta(seconds=9), 10))[0]
    await deliveries.finish(due, Attempt(at, None, None, 1), "delivered", None)


async def test_an_event_whose_touches_are_due_is_carried_out_again_from_its_first_step(sinks, waiting):
    await sinks.retry("sink/crm", NOW, "lead_1")
    await deliver_one(waiting)
    for record in (OPEN, TOUCHES):
        await sinks.adopt(record)
    await sinks.finish(DONE)
    assert await sinks.resume_touches("sink/crm", NOW, NOW + timedelta(minutes=15)) == 1
    assert await sinks.steps("sink/crm", "evt_1") == [] and await claimed(waiting) == ["evt_1"]


async def test_an_event_that_waits_already_keeps_its_steps_when_its_touches_are_due(sinks, waiting):
    for record in (OPEN, TOUCHES):
        await sinks.adopt(record)
    await sinks.finish(DONE)
    resumed = await sinks.resume_touches("sink/crm", NOW, NOW + timedelta(minutes=15))
    assert await sinks.steps("sink/crm", "evt_1") == [DONE], "what is done of it is not done twice"
    assert resumed == 0


async def publish_another(store, deliveries):
    """One more event of the first lead."""
    async with store.batch() as batch:
        await batch.write(Writes(outbox=[OutboxRow("evt_3", "leads", "lead_1", 3, "type", "key", "{", None)]))
    epoch = await store.acquire_lease("relay", "me", 10)
    await store.move_to_events(await store.outbox(100), "relay", epoch, NOW)
    await deliveries.fan_out("sink/crm", lambda *_: True, NOW)


async def test_touches_that_are_due_wait_while_another_event_of_the_lead_is_carried_out(store, sinks, waiting):
    await sinks.retry("sink/crm", NOW, "lead_1")
    await deliver_one(waiting)
    for record in (OPEN, TOUCHES):
        await sinks.adopt(record)
    await publish_another(store, waiting)
    (due,) = await waiting.claim("sink/crm", NOW, NOW + timedelta(seconds=9), 10)
    later = NOW + timedelta(seconds=8)
    assert await sinks.resume_touches("sink/crm", later, later + timedelta(minutes=15)) == 0
    assert await claimed(waiting, later) == [], "two of one lead are never on their way together"
    await waiting.finish(due, Attempt(later, None, None, 1), "delivered", None)
    assert await sinks.resume_touches("sink/crm", later, later + timedelta(minutes=15)) == 1, "at the next look"
    assert await claimed(waiting, later) == ["evt_1"]


async def test_touches_that_are_due_are_not_held_back_by_whom_nobody_is_carrying_out_any_more(store, sinks, waiting):
    await sinks.retry("sink/crm", NOW, "lead_1")
    await deliver_one(waiting)
    await publish_another(store, waiting)
    assert await claimed(waiting) == ["evt_3"]
    for record in (OPEN, TOUCHES):
        await sinks.adopt(record)
    later = NOW + timedelta(seconds=9)
    assert await sinks.resume_touches("sink/crm", later, later + timedelta(minutes=15)) == 1
    assert await claimed(waiting, later) == ["evt_1"]


async def test_a_look_that_finds_nothing_waits_for_no_writer(store, sinks, waiting):
    for record in (OPEN, TOUCHES):
        await sinks.adopt(record)
    early = NOW - timedelta(seconds=1)
    async with store.engines.write() as conn, asyncio.timeout(5):
        await conn.execute(text("UPDATE sink_records SET url = 'https://x'"))
        assert await sinks.resume_touches("sink/crm", early, NOW) == 0, "none is due"
        assert await sinks.resume_touches("sink/erp", NOW, NOW) == 0, "none is of this sink"
        assert await sinks.pass_over_erased("sink/crm", NOW) == 0, "nobody was erased"


async def test_a_sweep_is_claimed_once_when_it_is_due_and_goes_on_where_it_got_to(store, sinks):
    later = NOW + timedelta(minutes=10)
    assert await sinks.claim_sweep("sink/crm", "catch_up", NOW, later) == Sweep(None)
    assert await sinks.claim_sweep("sink/crm", "catch_up", NOW, later) is None
    assert await sinks.claim_sweep("sink/crm", "audit", NOW, later) == Sweep(None)
    await sinks.finish_sweep("sink/crm", "catch_up", "5", [RecordOut("stafett.signals.v1", b"k", b"{}")])
    assert await sinks.claim_sweep("sink/crm", "catch_up", later, later) == Sweep("5")
    assert await spooled(store) == ["stafett.signals.v1"]


async def test_what_sweeps_found_is_read_by_everybody(sinks):
    for target, found in (("sink/crm", '["off"]'), ("sink/erp", "[]")):
        await sinks.claim_sweep(target, "webhooks", NOW, NOW)
        await sinks.finish_sweep(target, "webhooks", found, [])
    await sinks.claim_sweep("sink/new", "webhooks", NOW, NOW)
    await sinks.finish_sweep("sink/crm", "audit", "ho_7", [])
    assert await sinks.sweep_findings("webhooks") == {"sink/crm": '["off"]', "sink/erp": "[]"}


async def test_a_sweep_that_is_on_its_way_is_claimed_by_nobody_until_it_is_left(sinks):
    later, end = NOW + timedelta(minutes=15), NOW + timedelta(minutes=20)
    assert await sinks.claim_sweep("sink/crm", "audit", NOW, later) == Sweep(None)
    await sinks.finish_sweep("sink/crm", "audit", "ho_7", [], next_at=end)
    assert await sinks.claim_sweep("sink/crm", "audit", later, end) is None
    assert await sinks.claim_sweep("sink/crm", "audit", end, end) == Sweep("ho_7")


async def test_what_gave_a_lead_its_owner_is_carried_out_once_more_and_then_left_to_somebody(sinks, store):
    deliveries = SqlDeliveries(store.engines)
    await deliveries.fan_out("sink/crm", lambda *_: True, NOW)
    kinds = ("handover.offered", "handover.transferred", "handover.followed_up")
    rows = [
        OutboxRow(f"evt_{n}", "handovers", "lead_1", n, f"stafett.{kind}.v1", "key", "{", None)
        for n, kind in enumerate(kinds, 1)
    ]
    async with store.batch() as batch:
        await batch.write(Writes(outbox=rows))
    epoch = await store.acquire_lease("relay", "me", 10)
    await store.move_to_events(await store.outbox(100), "relay", epoch, NOW)
    await deliveries.fan_out("sink/crm", lambda *_: True, NOW)
    assert await sinks.write_again("sink/crm", "lead_1", NOW) == "no_event", "none was carried out yet"
    for _ in rows:
        (due,) = await deliveries.claim("sink/crm", NOW, NOW + timedelta(seconds=9), 10)
        await deliveries.finish(due, Attempt(NOW, None, None, 1), "delivered", None)
    await sinks.finish(DONE._replace(event_id="evt_2", name="opportunity"))
    assert await sinks.write_again("sink/crm", "lead_1", NOW) == "written_again"
    assert [step.name for step in await sinks.steps("sink/crm", "evt_2")] == ["written_again"]
    assert await claimed(deliveries) == ["evt_2"]
    later = NOW + timedelta(minutes=1)
    (due,) = await deliveries.claim("sink/crm", later, later + timedelta(seconds=9), 10)
    await deliveries.finish(due, Attempt(later, None, None, 1), "delivered", None)
    assert await sinks.write_again("sink/crm", "lead_1", later) == "left_to_somebody"
    assert await claimed(deliveries, later) == []
    (step,) = await sinks.list_steps("sink/crm", refused=True)
    assert (step.event_id, step.name, step.outcome) == ("evt_2", "written_again", "changed_back_there")
    assert await sinks.write_again("sink/crm", "lead_1", later) == "left_to_somebody", "and so it stays"


async def test_ours_are_told_among_the_vendors_records(sinks):
    await sinks.adopt(PRESENT._replace(kind="opportunity", key="ho_1"))
    await sinks.adopt(PRESENT._replace(kind="opportunity", key="ho_2", vendor_id="8"))
    await sinks.adopt(PRESENT)
    ours = await sinks.records_by_vendor_id("sink/crm", "opportunity", {"7", "9"})
    assert [record.key for record in ours] == ["ho_1"]
    assert await sinks.records_by_vendor_id("sink/crm", "opportunity", set()) == []


async def test_an_opportunity_is_followed_to_the_record_that_was_made_of_it_and_no_other_is(sinks):
    opportunity = PRESENT._replace(kind="opportunity", key="ho_1", vendor_id="lead", url="https://x/lead")
    await sinks.adopt(opportunity)
    await sinks.adopt(PRESENT._replace(kind="contact", key="lead_1", vendor_id="lead"))
    await sinks.follow_opportunities("sink/crm", {"lead": "9", "other": "10"})
    await sinks.follow_opportunities("sink/crm", {"lead": "9"})
    kept = await sinks.record("sink/crm", "opportunity", "ho_1")
    assert (kept.vendor_id, kept.adopted, kept.url, kept.state) == ("9", True, None, "present")
    assert (await sinks.record("sink/crm", "contact", "lead_1")).vendor_id == "lead"


async def test_opportunities_come_in_pages_by_their_key(sinks):
    for key, state in (("ho_1", "present"), ("ho_2", "gone"), ("ho_3", "present")):
        await sinks.adopt(PRESENT._replace(kind="opportunity", key=key, state=state))
    assert [record.key for record in await sinks.opportunities("sink/crm", "", 1)] == ["ho_1"]
    assert [record.key for record in await sinks.opportunities("sink/crm", "ho_1", 9)] == ["ho_3"]


async def test_leads_wait_until_their_events_are_carried_out(sinks, waiting):
    both = {"lead_1", "lead_2"}
    assert await sinks.waiting_leads("sink/crm", both) == both
    assert await sinks.waiting_leads("sink/crm", {"lead_1", "lead_9"}) == {"lead_1"}
    assert await sinks.waiting_leads("sink/other", both) == both, "events that it has not got to are waiting as well"
    assert await sinks.waiting_leads("sink/crm", set()) == frozenset()
