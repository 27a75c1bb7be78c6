"""The port `PlumbingReading`, on both engines."""

from datetime import UTC, datetime, timedelta

import pytest

from services.adapters.sql.deliveries import SqlDeliveries
from services.adapters.sql.plumbing import SqlPlumbingReading
from services.ports.instants import micros
from services.ports.plumbing import FateCount, FateCounts
from services.ports.reading import Place
from services.ports.rows import HistoryRow, OutboxRow, Quarantine, Writes
from tests.plans import plans_over

NOW = datetime(2026, 6, 8, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def plumbing(store):
    return SqlPlumbingReading(store.engines)


def judgement(number, source, fate, reason, at=NOW):
    return HistoryRow(f"sig_{number}", 0, None, "x", "live", at, at, at, "{}", None, None, None, "recorded", "", "{}", source, fate, reason)  # fmt: skip


async def write(store, **rows):
    async with store.batch() as batch:
        await batch.write(Writes(**rows))


async def test_what_came_to_nothing_is_counted_by_source_and_reason_the_most_first(store, plumbing, monkeypatch):
    rows = [judgement(n, "web", "no_lead", "names_nobody") for n in range(3)]
    rows += [judgement(9, "crm", "ignored", "no_change"), judgement(10, None, "ignored", "unsorted")]
    rows += [judgement(11, "web", None, None), judgement(12, "web", "ignored", "no_change", NOW - 2 * HOUR)]
    await write(store, history=rows)
    web = FateCount("web", "no_lead", "names_nobody", 3)
    crm, old = FateCount("crm", "ignored", "no_change", 1), FateCount(None, "ignored", "unsorted", 1)
    assert await plumbing.fate_counts(NOW - HOUR) == FateCounts([web, old, crm], True)
    assert await plumbing.fate_counts(NOW - HOUR, ["crm"]) == FateCounts([crm], True)
    earlier = FateCount("web", "ignored", "no_change", 1)
    assert (await plumbing.fate_counts(NOW - 3 * HOUR)).counts == [web, old, crm, earlier]
    monkeypatch.setattr("services.adapters.sql.plumbing.COUNTED", 2)
    assert await plumbing.fate_counts(NOW - HOUR) == FateCounts([web._replace(number=2), old, crm], False)


async def test_what_is_in_quarantine_comes_newest_first_in_pages_and_by_source(store, plumbing):
    for number in range(5):
        entry = Quarantine(
            f"qua_{number}",
            "web" if number else "crm",
            "why",
            "$",
            None,
            "{}",
            b"{" * 9,
            "live",
            NOW + HOUR * (number // 2),
        )
        await store.quarantine([entry])
    found, place = [], None
    while page := await plumbing.quarantine_page(None, place, 2):
        found += [one.id for one in page]
        place = Place(micros(page[-1].received_at), page[-1].id)
    assert found == ["qua_4", "qua_3", "qua_2", "qua_1", "qua_0"]
    (only,) = await plumbing.quarantine_page(["crm"])
    assert (only.id, only.size, only.body) == ("qua_0", 9, None)
    assert await plumbing.quarantine_page([]) == []


async def test_receivers_say_how_far_behind_they_are_and_what_waits(store, plumbing, monkeypatch):
    deliveries = SqlDeliveries(store.engines)
    assert await plumbing.receivers() == []
    await deliveries.fan_out("crm", lambda *_: True, NOW)
    await deliveries.fan_out("sink/erp", lambda *_: True, NOW)
    events = [OutboxRow(f"evt_{n}", "leads", "lead_a", n, "t", "k", "{", None) for n in range(1, 4)]
    await write(store, outbox=events)
    epoch = await store.acquire_lease("relay", "me", 10)
    await store.move_to_events(await store.outbox(100), "relay", epoch, NOW)
    await deliveries.fan_out("crm", lambda *_: True, NOW)
    await deliveries.disable("crm", "by hand")
    crm, erp = await plumbing.receivers()
    assert (crm.name, crm.behind, crm.waiting, crm.is_all, crm.disabled) == ("crm", 0, 3, True, "by hand")
    assert (erp.name, erp.behind, erp.waiting, erp.disabled) == ("sink/erp", 3, 0, None)
    monkeypatch.setattr("services.adapters.sql.plumbing.WAITING", 2)
    assert (await plumbing.receivers())[0][2:4] == (2, False)


MANY = """INSERT INTO history (signal_id, attempt, lead_id, kind, mode, occurred_at, received_at, recorded_at, facts, outcome, note, decision, source, fate, reason)
    SELECT 'sig_' || n, 0, 'lead_' || n, 'x', 'live', n, n, n, '{}', 'recorded', '', '{}', 'web', CASE WHEN n % 50 = 0 THEN 'no_lead' END, 'names_nobody' FROM generate_series(1, 60000) n;
    INSERT INTO quarantine (id, source, reason, place, headers, digest, mode, received_at)
    SELECT 'qua_' || n, 'web', 'why', '$', '{}', 'd' || n, 'live', n FROM generate_series(1, 30000) n;
    INSERT INTO quarantine_bodies (source, digest, size, unproven, body)
    SELECT 'web', 'd' || n, 1, true, 'x' FROM generate_series(1, 30000) n;
    INSERT INTO delivery_cursors (subscription, position) SELECT 's' || n, n FROM generate_series(1, 5) n;
    INSERT INTO deliveries (id, subscription, position, event_id, lead_id, state, attempts, next_at, claimed_until, created_at)
    SELECT 'evt_' || n, 's' || n % 5, n, 'evt_' || n, 'lead_' || n, CASE WHEN n % 99 = 0 THEN 'pending' ELSE 'delivered' END, 1, 1, 1, 1 FROM generate_series(1, 60000) n"""


@pytest.mark.parametrize("migrated_url", ["real-postgres"], indirect=True)
async def test_no_question_of_plumbing_reads_through_a_table_that_grows(store, plumbing, monkeypatch):
    plans = await plans_over(MANY, store, plumbing, monkeypatch)
    await plumbing.fate_counts(datetime.fromtimestamp(0.05, UTC))
    for sources in (None, ["web"]):
        await plumbing.quarantine_page(sources)
        await plumbing.quarantine_page(sources, Place(20_000, "qua_20000"))
    await plumbing.receivers()
    assert len(plans) == 8
    for plan in plans:
        # Of those who get events there are as many as an operator has named.
        assert "Seq Scan" not in plan.replace("Seq Scan on delivery_cursors", ""), plan
