"""Lists of leads and clocks by source, time, person and team, on both engines, each by an index."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from services.adapters.sql.engine import one_shot
from services.adapters.sql.migrate import upgrade
from services.adapters.sql.reading import SqlReading
from services.ports.instants import micros
from services.ports.rows import ClockRow, LeadRow
from services.ports.store import Writes

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def lead(ident, source="web", age=0, owner=None, **changes):
    at = NOW - age * HOUR
    row = LeadRow(ident, "default", "contact", "active", owner, None, False, 1, "{}", None, None, NOW)
    return row._replace(source=source, created_at=at, **changes)


def clock(ident, lead_id, due=0, state="running", person=None):
    at = NOW + due * HOUR
    row = ClockRow(ident, lead_id, "answer", state, 1, at, None, "key", "{}")
    return row._replace(person=person)


@pytest.fixture
async def reading(store):
    leads = [lead("lead_a", owner="elin"), lead("lead_b", "ads", 5, "johan"), lead("lead_c", "web", 9)]
    clocks = [
        clock("clk_a", "lead_a", 1, person="elin"),
        clock("clk_b", "lead_b", 5, person="johan"),
        clock("clk_c", "lead_b", -5, "breached", "elin"),
        clock("clk_d", "lead_c", -9, "breached"),
    ]
    async with store.batch() as batch:
        await batch.write(Writes(leads=leads, clocks=clocks))
    return SqlReading(store.engines)


async def ids(rows):
    return "".join(row.id[-1] for row in await rows)


async def test_leads_are_listed_by_source_age_owners_and_what_is_due(reading):
    assert await ids(reading.leads(source="web")) == "ac"
    assert await ids(reading.leads(since=NOW - 5 * HOUR)) == "ab"
    assert await ids(reading.leads(owners=["elin", "johan"])) == "ab"
    assert await ids(reading.leads(owners=[])) == ""
    assert await ids(reading.leads(due_before=NOW + 5 * HOUR)) == "a", "what is broken is due no more"
    assert await ids(reading.leads(source="web", since=NOW - 5 * HOUR, owners=["elin"])) == "a"
    assert await ids(reading.leads(source="web", after="lead_a", limit=1)) == "c"
    assert (await reading.lead("lead_b"))[-2:] == ("ads", NOW - 5 * HOUR)


async def test_clocks_are_listed_by_source_time_and_people(reading):
    assert await ids(reading.clocks(source="ads")) == "bc"
    assert await ids(reading.clocks(persons=["elin"])) == "ac"
    assert await ids(reading.clocks(state="breached", since=NOW - 5 * HOUR)) == "c"
    assert await ids(reading.clocks(since=NOW - 5 * HOUR, due_before=NOW + 5 * HOUR)) == "ac"
    assert await ids(reading.clocks(state="breached", persons=["elin"], source="ads")) == "c"
    assert await ids(reading.clocks(persons=[])) == ""


@pytest.mark.parametrize(
    ("kind", "wanted", "index"),
    [
        ("leads", {"source": "web"}, "leads_source"),
        ("leads", {"since": NOW}, "leads_created"),
        ("leads", {"owners": ["elin"]}, "leads_owner"),
        ("leads", {"due_before": NOW}, "clocks_due"),
        ("clocks", {"persons": ["elin"]}, "clocks_person"),
        ("clocks", {"state": "breached", "since": NOW}, "clocks_due"),
        ("clocks", {"source": "web"}, "leads_source"),
    ],
)
async def test_each_filter_has_its_index(store, reading, kind, wanted, index):
    statements = []

    async def explain_query(statement, **values):
        # Without the order by id, by which a planner without statistics would rather walk.
        statement = statement.partition("ORDER BY")[0].replace("id > :after AND", "").replace("AND id > :after", "")
        plain = {name: value for name, value in values.items() if f":{name}" in statement}
        async with store.engines.read() as conn:
            if not store.engines.sqlite:
                await conn.execute(text("SET enable_seqscan = off"))
            words = "EXPLAIN QUERY PLAN" if store.engines.sqlite else "EXPLAIN"
            statements.append(str((await conn.execute(text(f"{words} {statement}"), plain)).all()))
        return []

    reading._all = explain_query
    await getattr(reading, kind)(**wanted)
    assert index in statements[0] and "Seq Scan" not in statements[0], statements[0]


async def test_what_was_there_before_the_columns_gets_them_with_the_upgrade(url):
    await upgrade(url, "0016")
    state = json.dumps({"source": "web", "created_at": "2026-11-24T09:00:00.000001Z"})
    engine = one_shot(url)
    async with engine.begin() as conn:
        await conn.execute(
            text("""INSERT INTO leads (id, brand, stage, disposition, owner, held, version, state, updated_at)
                VALUES ('lead_a', 'default', 'contact', 'active', 'johan', :no, 1, :state, 0)"""),
            {"state": state, "no": False},
        )
        await conn.execute(
            text("""INSERT INTO clocks (id, lead_id, policy, state, revision, due_at, partition_key, body)
                VALUES ('clk_a', 'lead_a', 'answer', 'running', 1, 0, 'k', :body),
                    ('clk_b', 'lead_a', 'waits', 'running', 1, 0, 'k', '{}')"""),
            {"body": json.dumps({"person": "elin"})},
        )
    await engine.dispose()
    await upgrade(url)
    engine = one_shot(url)
    async with engine.connect() as conn:
        assert (await conn.execute(text("SELECT source, created_at FROM leads"))).all() == [("web", micros(NOW) + 1)]
        assert (await conn.execute(text("SELECT person FROM clocks ORDER BY id"))).scalars().all() == ["elin", "johan"]
    await engine.dispose()
