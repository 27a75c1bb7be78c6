"""The port `Reading`, on both engines."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from schemas.fates import FATES
from services.adapters.sql.reading import SqlReading
from services.ports.instants import micros
from services.ports.reading import Counts, Place, place_of
from services.ports.rows import (
    ClockRow,
    DeadLetter,
    HistoryRow,
    Kept,
    LeadRow,
    LedgerKey,
    LinkRow,
    OutboxRow,
    Quarantine,
    RecordOut,
    Writes,
)

NOW = datetime(2026, 6, 8, tzinfo=UTC)


@pytest.fixture
def reading(store):
    return SqlReading(store.engines)


async def write(store, **rows):
    async with store.batch() as batch:
        await batch.write(Writes(**rows))


def judged_signal(number, fate, at=NOW, source="web"):
    ident = f"sig_{number:04d}"
    return HistoryRow(ident, 0, None, "x", "live", at, at, at, "{}", None, None, None, "recorded", "", "{}", source, fate, "no_change" if fate else None)  # fmt: skip


async def test_what_came_to_nothing_is_listed_by_outcome_source_and_time_each_once(store, reading):
    fates = ("ignored", None, "refused", "no_lead")
    rows = [
        judged_signal(number, fates[number % 4], NOW + timedelta(seconds=number // 5), "crm" if number % 3 else "web")
        for number in range(200)
    ]
    async with store.batch() as batch:
        await batch.write(Writes(history=rows))

    async def list_signals(wanted, limit=7, **more):
        found, after = [], None
        while page := await reading.fates(wanted, after=after, limit=limit, **more):
            found += page
            after = place_of(page[-1])
        return [entry.row.signal_id for entry in found]

    expected = [row for row in rows if row.fate]
    assert await list_signals(FATES) == [row.signal_id for row in expected]
    assert await list_signals(("refused",)) == [row.signal_id for row in expected if row.fate == "refused"]
    assert await list_signals(FATES, source="crm") == [row.signal_id for row in expected if row.source == "crm"]
    since = NOW + timedelta(seconds=30)
    assert await list_signals(FATES, since=since) == [row.signal_id for row in expected if row.recorded_at >= since]
    assert await list_signals(("no_lead",), source="nobody") == []


@pytest.mark.parametrize(("source", "index"), [(None, "history_fate"), ("web", "history_source_fate")])
async def test_what_came_to_nothing_is_found_by_an_index_without_a_look_at_the_rest(store, reading, source, index):
    statements = []

    async def explain_query(statement, **values):
        plain = {name: value for name, value in values.items() if f":{name}" in statement}
        async with store.engines.read() as conn:
            if not store.engines.sqlite:
                await conn.execute(text("SET enable_seqscan = off"))
            words = "EXPLAIN QUERY PLAN" if store.engines.sqlite else "EXPLAIN"
            statements.append(str((await conn.execute(text(f"{words} {statement}"), plain)).all()))
        return []

    reading._all = explain_query
    await reading.fates(("refused",), source=source)
    assert index in statements[0] and "SCAN history" not in statements[0] and "Seq Scan" not in statements[0]


def in_line(number, queue, at):
    ident = f"lead_{number:03d}"
    return LeadRow(ident, "default", "hand_over", "active", None, None, False, 1, "{}", None, None, NOW, queue, at)


async def test_who_waits_is_counted_and_listed_by_queue_and_longest_first_each_once(store, reading):
    rows = [
        in_line(
            number, (None, "hand_over/field", "qualification/sdr")[number % 3], NOW + timedelta(seconds=number // 7)
        )
        for number in range(90)
    ]
    rows = [row if row.queue else row._replace(queued_at=None) for row in rows]
    async with store.batch() as batch:
        await batch.write(Writes(leads=rows))
    assert await reading.queues() == [
        ("hand_over/field", 30, NOW),
        ("qualification/sdr", 30, NOW),
    ]
    found, after = [], None
    while page := await reading.waiting("hand_over/field", after, 7):
        found += page
        after = Place(micros(page[-1].queued_at), page[-1].id)
    expected = [row for row in rows if row.queue == "hand_over/field"]
    assert found == sorted(expected, key=lambda row: (row.queued_at, row.id))


def lead(ident, **changes):
    plain = LeadRow(
        ident,
        "default",
        "contact",
        "active",
        None,
        None,
        False,
        1,
        f'{{"partition_key":"key-{ident}"}}',
        None,
        None,
        NOW,
    )
    return plain._replace(**changes)


def clock(ident, lead_id, **changes):
    return ClockRow(ident, lead_id, "answer", "running", 1, NOW, NOW, f"key-{lead_id}", "{}")._replace(**changes)


def event(lead_id, sequence, topic="leads"):
    return OutboxRow(f"evt_{lead_id}_{sequence}", topic, lead_id, sequence, "t", "key", "{", None)


def letter(ident, **changes):
    plain = DeadLetter(
        ident, None, f"sig_{ident}", 0, "dead", "why", "ValueError", "signals/0/1", None, None, b"x", NOW
    )
    return plain._replace(**changes)


async def publish(store):
    """The outbox becomes events."""
    epoch = await store.acquire_lease("relay", "me", 10)
    await store.move_to_events(await store.outbox(100), "relay", epoch, NOW)


async def ids(rows):
    return [row.id for row in await rows]


async def test_leads_are_listed_by_id_in_pages_and_by_each_of_their_columns(store, reading):
    await write(
        store,
        leads=[
            lead("lead_a", owner="anna"),
            lead("lead_b", brand="other", owner="anna"),
            lead("lead_c", stage="deal"),
            lead("lead_d", disposition="merged"),
        ],
    )
    assert await ids(reading.leads()) == ["lead_a", "lead_b", "lead_c", "lead_d"]
    assert await ids(reading.leads(after="lead_a", limit=2)) == ["lead_b", "lead_c"]
    assert await ids(reading.leads(owner="anna", brand="default")) == ["lead_a"]
    assert await ids(reading.leads(stage="contact")) == ["lead_a", "lead_b"], "a merged one is in no stage"
    assert await reading.lead("lead_c") == lead("lead_c", stage="deal")
    assert await reading.lead("lead_x") is None
    assert {row.id for row in await reading.leads_by_id({"lead_a", "lead_c", "lead_x"})} == {"lead_a", "lead_c"}
    assert await reading.leads_by_id(set()) == []


async def test_an_address_finds_every_lead_that_it_names_and_whom_those_are_merged_into(store, reading):
    def link(kind, digest, subject):
        return LinkRow("default", kind, digest, subject)

    await write(
        store,
        leads=[lead("lead_a"), lead("lead_b"), lead("lead_c")],
        links=[
            link("email", "mail", "lead_a"),
            link("email", "gone", "lead/lead_b"),
            link("lead", "lead_b", "lead_c"),
            link("handover", "ho_1", "lead_a"),
        ],
    )
    assert await ids(reading.leads(email_digest="mail")) == ["lead_a"]
    assert await ids(reading.leads(email_digest="gone")) == ["lead_c"]
    assert await ids(reading.leads(email_digest="none")) == []
    assert await reading.lead_of_handover("ho_1") == "lead_a"
    assert await reading.lead_of_handover("ho_2") is None


async def test_history_comes_in_the_order_of_recording(store, reading):
    rows = [judged_signal(number, None)._replace(lead_id=("lead_a", "lead_b")[number % 2]) for number in (3, 2, 1, 0)]
    await write(store, leads=[lead("lead_a"), lead("lead_b")], history=rows)
    first, second = await reading.history("lead_b")
    assert [first.row, second.row] == [rows[0], rows[2]] and first.id < second.id
    assert await reading.history("lead_b", after=first.id) == [second]
    assert await reading.history("lead_b", limit=1) == [first]
    assert [entry.row for entry in await reading.history_of_signal("sig_0002")] == [rows[1]]
    assert await reading.history_of_signal("sig_9") == []


async def test_clocks_are_listed_by_id_and_by_each_of_their_columns(store, reading):
    late = NOW + timedelta(days=1)
    await write(
        store,
        clocks=[
            clock("clk_a", "lead_a"),
            clock("clk_b", "lead_a", state="fulfilled", next_at=None),
            clock("clk_c", "lead_b", policy="visit", due_at=late),
        ],
    )
    assert await ids(reading.clocks()) == ["clk_a", "clk_b", "clk_c"]
    assert await ids(reading.clocks(after="clk_a", limit=1)) == ["clk_b"]
    assert await ids(reading.clocks(lead_id="lead_a", state="running")) == ["clk_a"]
    assert await ids(reading.clocks(policy="visit")) == ["clk_c"]
    assert await ids(reading.clocks(due_before=late)) == ["clk_a", "clk_b"]
    assert await reading.clock("clk_b") == clock("clk_b", "lead_a", state="fulfilled", next_at=None)
    assert await reading.clock("clk_x") is None


async def test_whose_clocks_are_computed_again_is_told_apart_from_who_has_none(store, reading):
    await write(
        store,
        leads=[
            lead("lead_a"),
            lead("lead_b"),
            lead("lead_c", stage="deal"),
            lead("lead_d", disposition="parked"),
            lead("lead_e"),
        ],
        clocks=[
            clock("clk_1", "lead_a"),
            clock("clk_2", "lead_a", state="paused"),
            clock("clk_3", "lead_b", state="breached"),
        ],
    )
    assert await reading.timed_leads("", 10) == [("lead_a", "key-lead_a")]
    assert await reading.timed_leads("lead_a", 10) == []
    without = [("lead_b", "key-lead_b"), ("lead_e", "key-lead_e")]
    assert await reading.leads_without_clock(["contact"], "", 10) == without
    assert await reading.leads_without_clock(["contact"], "lead_b", 10) == without[1:]


async def test_the_feed_is_followed_by_position_from_a_snapshot_on(store, reading):
    assert (await reading.head(), await reading.events()) == (0, [])
    rows = [event("lead_a", 1), event("lead_b", 1, "handovers"), event("lead_a", 2)]
    await write(store, leads=[lead("lead_a"), lead("lead_b")], outbox=rows)
    await publish(store)
    assert await reading.head() == 3
    assert await reading.events() == list(zip((1, 2, 3), rows, strict=True))
    assert await reading.events(after=1, limit=1) == [(2, rows[1])]
    assert await reading.events(topic="leads") == [(1, rows[0]), (3, rows[2])]
    position, page = await reading.snapshot(limit=1)
    assert (position, [row.id for row in page]) == (3, ["lead_a"])


async def test_who_sees_one_brand_finds_nothing_of_another(store, reading):
    await write(
        store,
        leads=[lead("lead_a", brand="ours"), lead("lead_b", brand="theirs", queue="hand_over/", queued_at=NOW)],
        clocks=[clock("clk_a", "lead_a"), clock("clk_b", "lead_b")],
        history=[
            judged_signal(1, None)._replace(lead_id="lead_b"),
            judged_signal(2, "no_lead")._replace(facts='{"brand":"theirs"}'),
        ],
        links=[LinkRow("theirs", "handover", "ho_b", "lead_b")],
        outbox=[event("lead_a", 1), event("lead_b", 1)],
        dead_letters=[letter("dl_b", lead_id="lead_b"), letter("dl_c", source="crm"), letter("dl_d", source="web")],
    )
    await publish(store)
    kept = [Quarantine(f"qua_{name}", name, "why", "$", None, "{}", b"{", "live", NOW, 1) for name in ("crm", "web")]
    await store.quarantine(kept)
    ours = reading.within(["ours"], ["web"])
    assert await ids(ours.leads()) == ["lead_a"] and await ours.lead("lead_b") is None
    assert await ids(ours.clocks()) == ["clk_a"] and await ours.clock("clk_b") is None
    assert (
        await ours.history("lead_b")
        == await ours.history_of_signal("sig_0001")
        == await ours.history_of_signal("sig_0002")
        == []
    )
    assert await ours.lead_of_handover("ho_b") is None
    assert (await ours.queues(), await ours.waiting("hand_over/")) == ([], [])
    assert [row.lead_id for _, row in await ours.events()] == ["lead_a"]
    assert await ids(ours.dead_letters()) == ["dl_d"]
    assert await ids(ours.quarantine_entries()) == ["qua_web"] and await ours.quarantine_entry("qua_crm") is None
    assert len(await reading.leads()) == len(await reading.quarantine_entries()) == 2


async def test_what_was_set_aside_is_listed_oldest_first_and_by_its_state(store, reading):
    rows = [letter("dl_b"), letter("dl_a", state="queued")]
    await write(store, dead_letters=rows)
    assert await reading.dead_letters() == rows
    assert await reading.dead_letters("queued") == rows[1:]
    assert await reading.dead_letters(limit=1) == rows[:1]
    assert (await reading.dead_letter("dl_a"), await reading.dead_letter("dl_x")) == (rows[1], None)


async def test_bodies_come_with_one_entry_and_their_size_with_a_list(store, reading):
    kept = Quarantine("qua_1", "web", "why", "$", "text/plain", "{}", b"hello", "live", NOW, 5)
    await store.quarantine([kept])
    assert await reading.quarantine_entries() == [kept._replace(body=None)]
    assert await reading.quarantine_entries(after="qua_1") == []
    assert await reading.quarantine_entry("qua_1") == kept
    assert await reading.quarantine_usage() == {"web": Kept(1, 5)}


async def test_depths_are_counted(store, reading):
    later = NOW + timedelta(seconds=1)
    await write(
        store,
        leads=[lead("lead_a", held=True), lead("lead_b")],
        clocks=[
            clock("clk_a", "lead_b"),
            clock("clk_b", "lead_b", next_at=later),
            clock("clk_c", "lead_b", next_at=None),
        ],
        outbox=[event("lead_a", 1)],
        dead_letters=[letter("dl_a"), letter("dl_b", state="queued"), letter("dl_c", state="redriven")],
    )
    await store.spool([RecordOut("signals", b"k", b"v")], limit=10)
    assert await reading.counts(NOW) == Counts(
        outbox=1,
        spool=1,
        held_leads=1,
        dead_letters=2,
        quarantine=0,
        running_clocks=2,
        due_clocks=1,
        pending_deliveries=0,
    )


async def test_what_the_operator_asks_for_is_there_once_it_was_written(store, reading):
    assert (
        await reading.roster_changes(),
        await reading.key_uses(),
        await reading.ledger(LedgerKey("pool", "field")),
    ) == (None, {}, None)
    async with store.batch() as batch:
        await batch.put_roster_changes('{"a":1}')
    await store.note_key_uses(["console"], NOW)
    assert await reading.roster_changes() == '{"a":1}'
    assert await reading.key_uses() == {"console": NOW}
