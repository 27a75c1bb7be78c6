"""A SQLite file with its log inside: events are in the feed with what decided on them, and a lead's indexes are touched only where
something in them changed."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from services.adapters.sql import tables as t
from services.adapters.sql.feed import DirectFeed
from services.adapters.sql.lead_writes import INDEXED
from services.adapters.sql.reading import SqlReading
from services.adapters.sql.store import SqlStore
from services.ports.rows import LeadRow, OutboxRow, Writes
from services.relay.role import Relay
from tests.parts.sqlite import migrated_file

NOW = datetime(2026, 6, 8, tzinfo=UTC)


class Nowhere:
    """A log in the store, which publishes nothing."""

    async def publish(self, records):
        return None


@pytest.fixture
async def store(tmp_path):
    made = SqlStore(await migrated_file(tmp_path / "s.db"))
    await made.start()
    yield made
    await made.close()


def out(number, lead="lead_a"):
    return OutboxRow(f"evt_{number}", "leads", lead, number, "t", "key", "{", None)


async def write(store, *numbers):
    async with store.batch() as batch:
        await batch.write(Writes(outbox=[out(number) for number in numbers]))
    return batch


async def fail_after_writing(store, number):
    async with store.batch() as batch:
        await batch.write(Writes(outbox=[out(number)]))
        raise ZeroDivisionError


async def feed_of(store):
    return [(entry.position, entry.row) for entry in await SqlReading(store.engines).events(limit=100)]


async def test_events_are_in_the_feed_as_soon_as_they_are_decided_and_the_relay_has_nothing_to_do(store):
    told = []
    store.feed_directly(DirectFeed(lambda: NOW, lambda rows, at: told.append(([row.event_id for row in rows], at))))
    first, second = await write(store, 1, 2), await write(store, 3)
    assert await feed_of(store) == [(1, out(1)), (2, out(2)), (3, out(3))]
    assert await store.outbox(10) == [] and not first.needs_relay and not second.needs_relay
    assert told == [(["evt_1", "evt_2"], NOW), (["evt_3"], NOW)]


async def test_nobody_is_told_of_events_whose_decision_was_not_committed_and_no_position_is_lost(store):
    told = []
    store.feed_directly(DirectFeed(lambda: NOW, lambda *given: told.append(given)))
    with pytest.raises(ZeroDivisionError):
        await fail_after_writing(store, 1)
    assert told == [] and await feed_of(store) == []
    await write(store, 2)
    assert await feed_of(store) == [(1, out(2))]


async def test_what_an_earlier_version_left_in_the_outbox_stays_before_what_is_decided_now(store):
    await write(store, 1, 2)
    store.feed_directly(DirectFeed(lambda: NOW))
    behind = await write(store, 3)
    assert behind.needs_relay and await feed_of(store) == []
    await Relay(store, Nowhere(), str, lambda: NOW, "relay").drain()
    ahead = await write(store, 4)
    assert not ahead.needs_relay
    assert await feed_of(store) == [(number, out(number)) for number in (1, 2, 3, 4)]


def test_every_column_that_an_index_of_leads_has_or_asks_for_is_known():
    conditions = [str(index.dialect_options["sqlite"]["where"]) for index in t.leads.indexes]
    asked = {c.name for c in t.leads.c if any(c.name in words.split() for words in conditions)}
    assert {c.name for index in t.leads.indexes for c in index.columns} | asked == {"id", *INDEXED}


_NAMES = st.sampled_from([None, "a", "b"])
_TIMES = st.sampled_from([None, NOW, NOW + timedelta(microseconds=1)])
_ROWS = st.builds(
    LeadRow,
    id=st.sampled_from(["lead_a", "lead_b"]),
    brand=st.just("default"),
    stage=st.sampled_from(["contact", "hand_over"]),
    disposition=st.sampled_from(["active", "erased"]),
    owner=_NAMES,
    account_id=_NAMES,
    held=st.booleans(),
    version=st.integers(1, 9),
    state=st.sampled_from(["{}", '{"a":1}']),
    personal=st.sampled_from([None, "{}"]),
    email_digest=_NAMES,
    updated_at=st.sampled_from([NOW, NOW + timedelta(days=1)]),
    queue=_NAMES,
    queued_at=_TIMES,
    unowned_reason=_NAMES,
    limbo=_NAMES,
    source=_NAMES,
    created_at=_TIMES,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(steps=st.lists(st.tuples(st.booleans(), _ROWS), min_size=1, max_size=8))
async def test_a_lead_is_as_it_was_written_last_by_itself_and_by_every_index(store, steps):
    async with store.engines.write() as conn:
        await conn.execute(text("DELETE FROM leads"))
    written = {}
    for is_read, row in steps:
        async with store.batch() as batch:
            before = await batch.read_leads([row.id]) if is_read else {}
            assert before == ({row.id: written[row.id]} if is_read and row.id in written else {})
            await batch.write(Writes(leads=[row]))
        written[row.id] = row
    async with store.batch() as batch:
        assert await batch.read_leads(["lead_a", "lead_b"]) == written
    async with store.engines.read() as conn:
        assert (await conn.execute(text("PRAGMA integrity_check"))).scalar() == "ok"


async def test_an_update_that_changes_no_indexed_column_names_none(store):
    """SQLite rewrites an index's entry wherever an update names its column."""
    plain = LeadRow("lead_a", "default", "contact", "active", "elin", None, False, 1, "{}", None, None, NOW)
    stages = [plain, plain._replace(version=2, state='{"a":1}'), plain._replace(version=3, stage="hand_over")]
    said = []
    for before, row in pairwise([None, *stages]):
        async with store.batch() as batch:
            if before is not None:
                await batch.read_leads(["lead_a"])
            await batch._begin_writing()
            driver = (await batch._conn.get_raw_connection()).driver_connection
            driver.set_trace_callback(said.append)
            await batch.write(Writes(leads=[row]))
            driver.set_trace_callback(None)
    written = [statement.split("leads")[0].strip() for statement in said if "leads" in statement]
    assert written == ["INSERT INTO", "UPDATE", "INSERT INTO"]
