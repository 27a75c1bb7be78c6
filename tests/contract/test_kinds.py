"""Rows of ledgers and clocks say what they are of, in a new database and in one that was made by revision 0005."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from routing.model.ids import promise_named, promise_subject
from services.adapters.sql.engine import one_shot
from services.adapters.sql.migrate import downgrade, upgrade
from services.adapters.sql.reading import SqlReading
from services.adapters.sql.store import SqlStore
from services.ports.instants import micros
from services.ports.rows import ClockRow, LeadRow, LedgerKey, LedgerRow, Suspect, Writes

NOW = datetime(2026, 6, 8, tzinfo=UTC)
LEDGERS = [("field", 3, '{"a":1}'), ("person:elin", 2, '{"b":1}'), ("promise:leads", 1, '{"c":1}'), ("promise", 0, "")]
TYPED = {
    LedgerKey("pool", "field"): LedgerRow("pool", "field", 3, '{"a":1}'),
    LedgerKey("person", "elin"): LedgerRow("person", "elin", 2, '{"b":1}'),
    LedgerKey("promise", "leads"): LedgerRow("promise", "leads", 1, '{"c":1}'),
    LedgerKey("pool", "promise"): LedgerRow("pool", "promise", 0, ""),
}
CLOCKS = [("clk_a", "lead_a", NOW), ("clk_b", "promise:leads", NOW), ("clk_c", "promise:won", None)]
STATES = {
    "lead_a": {"partition_key": "key-a", "unowned_reason": 'waiting: "x"', "limbo": None},
    "lead_b": {"partition_key": "key-b", "unowned_reason": None, "limbo": "no_reason"},
    "lead_c": {"partition_key": "key-c"},
    "lead_d": {"partition_key": "key-d", "answers": {"why": '"limbo":"no_reason"'}},
}
BEFORE = {
    "ledgers": "SELECT pool, seq, state FROM ledgers ORDER BY pool",
    "clocks": "SELECT id, lead_id, next_at FROM clocks ORDER BY id",
    "leads": "SELECT id, state FROM leads ORDER BY id",
}


async def execute(url, statement, rows):
    engine = one_shot(url)
    async with engine.begin() as conn:
        await conn.execute(text(statement), rows)
    await engine.dispose()


async def content(url, statements):
    engine = one_shot(url)
    async with engine.connect() as conn:
        found = {name: [tuple(row) for row in await conn.execute(text(sql))] for name, sql in statements.items()}
    await engine.dispose()
    return found


@pytest.fixture
async def old(url):
    """A database of revision 0005 with rows of every kind."""
    await upgrade(url, "0005")
    named = ("pool", "seq", "state")
    await execute(
        url,
        "INSERT INTO ledgers (pool, seq, state) VALUES (:pool, :seq, :state)",
        [dict(zip(named, row, strict=True)) for row in LEDGERS],
    )
    await execute(
        url,
        """INSERT INTO clocks (id, lead_id, policy, state, revision, due_at, next_at, partition_key, body)
            VALUES (:id, :about, 'leads', 'running', 1, :at, :next, :about, '{}')""",
        [
            {"id": ident, "about": about, "at": micros(NOW), "next": micros(next_at) if next_at else None}
            for ident, about, next_at in CLOCKS
        ],
    )
    await execute(
        url,
        """INSERT INTO leads (id, brand, stage, disposition, held, version, state, updated_at)
            VALUES (:id, 'default', 'hand_over', 'active', false, 1, :state, 1)""",
        [
            {"id": ident, "state": json.dumps(state, separators=(",", ":"), ensure_ascii=False)}
            for ident, state in STATES.items()
        ],
    )
    return url


async def test_an_upgrade_names_the_kind_of_every_row_that_was_there(old):
    await upgrade(old)
    store = SqlStore(old)
    await store.start()
    reading = SqlReading(store.engines)
    async with store.batch() as batch:
        assert await batch.read_ledgers(list(TYPED)) == TYPED
        rows = await batch.read_leads(list(STATES))
    clocks = {row.id: (row.lead_id, row.promise, row.partition_key) for row in await reading.clocks()}
    assert clocks == {
        "clk_a": ("lead_a", None, "lead_a"),
        "clk_b": (None, "leads", "promise:leads"),
        "clk_c": (None, "won", "promise:won"),
    }
    assert [row.id for row in await store.due_clocks(NOW, 10)] == ["clk_a", "clk_b"]
    assert {ident: (row.unowned_reason, row.limbo) for ident, row in rows.items()} == {
        ident: (state.get("unowned_reason"), state.get("limbo")) for ident, state in STATES.items()
    }
    await store.close()


async def test_a_downgrade_gives_back_what_was_there(old):
    before = await content(old, BEFORE)
    await upgrade(old)
    await downgrade(old, "0005")
    assert await content(old, BEFORE) == before
    await upgrade(old)


async def test_a_pool_a_person_and_a_promise_of_one_name_have_rows_of_their_own(store):
    keys = [LedgerKey(kind, "same") for kind in ("pool", "person", "promise")]
    rows = {key: LedgerRow(*key, number, f"{number}") for number, key in enumerate(keys)}
    reading = SqlReading(store.engines)
    async with store.batch() as batch:
        assert await batch.lock_ledgers(keys) == {key: LedgerRow(*key, 0, "") for key in keys}
        await batch.write(Writes(ledgers=list(rows.values())))
    async with store.batch() as batch:
        assert await batch.read_ledgers([*keys[:2], LedgerKey("pool", "none")]) == {key: rows[key] for key in keys[:2]}
        assert await batch.lock_ledgers(keys) == rows
        assert await batch.lock_ledgers([]) == await batch.read_ledgers([]) == {}
    assert [await reading.ledger(key) for key in keys] == ["0", "1", "2"]


async def test_a_clock_of_a_promise_falls_due_also_while_a_lead_is_held_and_is_no_leads(store):
    lead = LeadRow("lead_a", "default", "contact", "active", None, None, True, 1, "{}", None, None, NOW)
    clock = ClockRow("clk_a", "lead_a", "answer", "running", 1, NOW, NOW, "key", "{}")
    promised = clock._replace(id="clk_b", lead_id=None, promise="leads")
    async with store.batch() as batch:
        await batch.write(Writes(leads=[lead, lead._replace(id="lead_b", held=False)], clocks=[clock, promised]))
    reading = SqlReading(store.engines)
    assert await store.due_clocks(NOW, 10) == [promised]
    assert await reading.clocks() == [clock, promised] and await reading.clock("clk_b") == promised
    assert await reading.timed_leads("", 10) == [("lead_a", "key")]
    assert await reading.within(["default"], []).clocks() == [clock]


async def test_suspects_are_found_by_columns_whatever_the_state_says(store):
    def lead(ident, **changes):
        state = json.dumps({"partition_key": f"key-{ident}", "answers": '"limbo":"x","unowned_reason":"x"'})
        plain = LeadRow(ident, "default", "hand_over", "active", None, None, False, 1, state, None, None, NOW)
        return plain._replace(**changes)

    rows = [
        lead("lead_a", limbo="nobody"),
        lead("lead_b", unowned_reason="waiting"),
        lead("lead_c"),
        lead("lead_d", owner="gone"),
        lead("lead_e", owner="here"),
        lead(
            "lead_f", state='{"partition_key":"k","limbo":"old","unowned_reason":"old"}', updated_at=NOW + timedelta(1)
        ),
    ]
    async with store.batch() as batch:
        await batch.write(Writes(leads=rows))
    found = await store.limbo_suspects(["hand_over"], ["here"], 10)
    assert found == [
        Suspect("lead_c", "default", "key-lead_c", False),
        Suspect("lead_d", "default", "key-lead_d", False),
        Suspect("lead_f", "default", "k", False),
        Suspect("lead_a", "default", "key-lead_a", True),
    ]


def test_the_subject_of_a_promise_is_told_from_a_leads_id_in_one_place():
    assert promise_named(promise_subject("leads")) == "leads"
    assert promise_subject("leads") == "promise:leads", "as consumers know it"
    assert [promise_named(other) for other in (None, "", "lead_a", "leads", "promise:")] == [None] * 5
