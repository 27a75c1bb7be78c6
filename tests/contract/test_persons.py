"""The ports of a person's data, on both engines."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from services.adapters.sql import sink_tables, tables
from services.adapters.sql.persons import SqlPersons
from services.ports.instants import micros
from services.ports.persons import GivenEvent, KeptRecord
from services.ports.rows import LinkRow, OutboxRow, PersonRequest, Writes
from tests.contract.test_reading import lead

NOW = datetime(2026, 6, 8, tzinfo=UTC)


@pytest.fixture
def persons(store):
    return SqlPersons(store.engines)


async def insert(store, table, rows):
    async with store.engines.write() as conn:
        await conn.execute(table.insert(), rows)


async def test_every_brand_is_known_once(store, persons):
    assert await persons.brands() == []
    links = [LinkRow(brand, "email", f"{n}", "lead_a") for brand in ("sol", "nord", "öst") for n in range(5)]
    async with store.batch() as batch:
        await batch.write(Writes(links=links))
    assert await persons.brands() == sorted({"sol", "nord", "öst"}, key=lambda brand: brand.encode())
    assert await persons.links([("sol", "email", "3"), ("sol", "email", "9")]) == {("sol", "email", "3"): "lead_a"}
    assert await persons.links([]) == {}


async def test_what_was_given_is_found_by_event_and_by_lead(store, persons):
    entries = [OutboxRow(f"evt_{n}", "leads", "lead_a", n, "t", "k", "{", None) for n in range(3)]
    async with store.batch() as batch:
        await batch.write(Writes(outbox=entries))
    epoch = await store.acquire_lease("relay", "me", 60)
    await store.move_to_events(await store.outbox(10), "relay", epoch, NOW)
    events = await persons.events_of("lead_a", 0, 10)
    assert [event.row.event_id for event in events] == ["evt_1", "evt_2"]
    await insert(store, tables.delivery_cursors, [{"subscription": name, "position": 3} for name in ("crm", "sink/x")])
    plain = {"event_id": "evt_1", "lead_id": "lead_a", "attempts": 1, "next_at": 0, "claimed_until": 0, "created_at": 0}
    done = {**plain, "state": "delivered", "finished_at": micros(NOW)}
    rows = [{**done, "id": "evt_1.crm", "subscription": "crm", "position": events[0].position}]
    rows += [{**plain, "state": "pending", "finished_at": None, "id": "evt_1.sink/x", "subscription": "sink/x", "position": events[0].position}]  # fmt: skip
    await insert(store, tables.deliveries, rows)
    assert await persons.deliveries_at([event.position for event in events]) == [
        GivenEvent("crm", events[0].position, "evt_1", "delivered", 1, NOW),
        GivenEvent("sink/x", events[0].position, "evt_1", "pending", 1, None),
    ]
    record = {"target": "sink/x", "kind": "contact", "key": "lead_a", "lead_id": "lead_a", "state": "there", "made_by": "evt_1", "adopted": False, "number": 1, "url": "https://crm.example/1", "sent_at": micros(NOW)}  # fmt: skip
    await insert(store, sink_tables.sink_records, [record])
    assert await persons.records_of("lead_a") == [
        KeptRecord("sink/x", "contact", "lead_a", "there", "https://crm.example/1", NOW)
    ]
    assert await persons.records_of("lead_b") == [] and await persons.incidents_of("lead_a") == []


async def test_a_request_is_noted_once(store, persons):
    request = PersonRequest("preq_1", "export", "done", "operator", "lead_a", NOW, NOW)
    await persons.note_request(request)
    await persons.note_request(request._replace(principal="other", asked_at=NOW + timedelta(days=1)))
    assert await persons.request("preq_1") == request and await persons.request("preq_2") is None


async def test_incidents_of_a_lead_are_found_by_an_index(store):
    query = "SELECT body FROM incidents WHERE subject = 'x'"
    async with store.engines.read() as conn:
        if not store.engines.sqlite:
            await conn.execute(text("SET enable_seqscan = off"))
        words = "EXPLAIN QUERY PLAN " if store.engines.sqlite else "EXPLAIN "
        assert "incidents_subject" in str((await conn.execute(text(words + query))).all())


async def test_idle_leads_are_listed_by_id_in_pages(store, persons):
    rows = [
        lead("lead_a", stage="contact"),
        lead("lead_b", stage="contact", disposition="erased"),
        lead("lead_c", stage="deal"),
        lead("lead_d", stage="nurturing", updated_at=NOW + timedelta(days=9)),
        lead("lead_e", stage="nurturing"),
    ]
    async with store.batch() as batch:
        await batch.write(Writes(leads=rows))
    stages, before = ("contact", "nurturing"), NOW + timedelta(days=1)
    assert [row.id for row in await persons.idle_leads(stages, before, "", 10)] == ["lead_a", "lead_e"]
    assert [row.id for row in await persons.idle_leads(stages, before, "lead_a", 1)] == ["lead_e"]
