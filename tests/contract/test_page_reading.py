"""The port `PageReading`, on both engines."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from routing.incidents.records import Incident
from services.adapters.sql.console import SqlPageReading
from services.ports.console import Sight, StoryPlace, Tally, Wanted
from services.ports.instants import micros
from services.ports.reading import Place
from services.ports.rows import ClockRow, HistoryRow, LeadRow, OutboxRow, Writes
from tests.plans import plans_over

NOW = datetime(2026, 6, 8, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ALL, ANY = Sight(), Wanted()


@pytest.fixture
def page(store):
    return SqlPageReading(store.engines)


def lead(ident, **changes):
    plain = LeadRow(ident, "default", "hand_over", "active", "elin", None, False, 1, "{}", None, None, NOW)
    return plain._replace(**changes)


def clock(ident, lead_id, hours=1, **changes):
    due = NOW + hours * HOUR
    return ClockRow(ident, lead_id, "answer", "running", 1, due, due, "key", "{}", act_by=due)._replace(**changes)


async def write(store, **rows):
    async with store.batch() as batch:
        await batch.write(Writes(**rows))


async def listed(page, sight=ALL, wanted=ANY, **more):
    return [one.clock.id for one in await page.waiting_leads(sight, wanted, **more)]


async def test_what_is_due_first_comes_first_and_each_lead_once(store, page):
    over = clock("clk_over", "lead_a", -2, state="breached")
    await write(
        store,
        leads=[lead("lead_a"), lead("lead_b"), lead("lead_c"), lead("lead_d", disposition="spam"), lead("lead_e")],
        clocks=[
            clock("clk_later", "lead_a", 3),
            over,
            clock("clk_same_a", "lead_b", 2),
            clock("clk_same_b", "lead_b", 2),
            clock("clk_kept", "lead_c", 1, state="fulfilled", act_by=None),
            clock("clk_spam", "lead_d", 1),
            clock("clk_e", "lead_e", 2),
            clock("clk_promise", None, 1, promise="leads-a-month"),
        ],
    )
    assert await listed(page) == ["clk_over", "clk_e", "clk_same_a"]
    (first, *_) = await page.waiting_leads(ALL, ANY)
    assert (first.clock, first.lead) == (over, lead("lead_a"))


async def test_pages_follow_one_another_without_a_gap_though_many_are_due_at_once(store, page):
    leads = [lead(f"lead_{n:02}") for n in range(20)]
    await write(store, leads=leads, clocks=[clock(f"clk_{n:02}", f"lead_{n:02}", n // 6) for n in range(20)])
    found, after = [], None
    while rows := await page.waiting_leads(ALL, ANY, after, 7):
        found += [row.clock.id for row in rows]
        after = Place(micros(rows[-1].clock.act_by), rows[-1].clock.id)
    assert found == [f"clk_{n:02}" for n in range(20)]


async def test_somebody_sees_the_leads_of_their_brands_and_owners_and_those_that_nobody_has(store, page):
    await write(
        store,
        leads=[
            lead("lead_a"),
            lead("lead_b", owner="johan"),
            lead("lead_c", owner=None, queue="hand_over/field", queued_at=NOW),
            lead("lead_d", brand="other"),
        ],
        clocks=[clock(f"clk_{name}", f"lead_{name}") for name in "abcd"],
    )
    assert await listed(page, Sight(None, ["johan"])) == ["clk_b", "clk_c"]
    assert await listed(page, Sight(["default"], ["elin"])) == ["clk_a", "clk_c"]
    assert await listed(page, Sight(["default"], None)) == ["clk_a", "clk_b", "clk_c"]
    assert await listed(page, Sight([], None)) == []


async def test_what_is_asked_for_can_be_combined(store, page):
    await write(
        store,
        leads=[
            lead("lead_a"),
            lead("lead_b", owner="johan", stage="deal"),
            lead("lead_c", owner=None, queue="hand_over/field", queued_at=NOW),
        ],
        clocks=[
            clock("clk_a", "lead_a", -1),
            clock("clk_b", "lead_b", 1, policy="silent-deal"),
            clock("clk_c", "lead_c", 5),
        ],
    )
    for wanted, expected in (
        (Wanted(owner="johan"), ["clk_b"]),
        (Wanted(owner=""), ["clk_c"]),
        (Wanted(queue="hand_over/field"), ["clk_c"]),
        (Wanted(stage="deal", policy="silent-deal"), ["clk_b"]),
        (Wanted(stage="deal", policy="answer"), []),
        (Wanted(before=NOW), ["clk_a"]),
        (Wanted(since=NOW, before=NOW + 2 * HOUR), ["clk_b"]),
    ):
        assert await listed(page, ALL, wanted) == expected, wanted


async def test_those_that_wait_are_counted_up_to_a_bound(store, page, monkeypatch):
    leads = [lead(f"lead_{n:02}") for n in range(12)]
    await write(store, leads=leads, clocks=[clock(f"clk_{n:02}", f"lead_{n:02}", n - 3) for n in range(12)])
    assert await page.tally(ALL, ANY, NOW, NOW + 4 * HOUR) == Tally(12, 4, 3, True)
    assert await page.tally(ALL, Wanted(owner="johan"), NOW, NOW) == Tally(0, 0, 0, True)
    monkeypatch.setattr("services.adapters.sql.console.COUNTED", 10)
    assert await page.tally(ALL, ANY, NOW, NOW + 4 * HOUR) == Tally(10, 4, 3, False)


def event(number, lead_id, cause):
    head = f'{{"causationid": "{cause}", "data": {{"personal": '
    return OutboxRow(f"evt_{number}", "leads", lead_id, number, "t", "key", head, None)


def judged(number, lead_id):
    decision = "{}"
    return HistoryRow(f"sig_{number}", 0, lead_id, "x", "live", NOW, NOW, NOW, "{}", None, None, None, "recorded", "", decision)  # fmt: skip


async def publish(store):
    epoch = await store.acquire_lease("relay", "me", 10)
    await store.move_to_events(await store.outbox(100), "relay", epoch, NOW)


async def test_leads_that_moved_are_found_by_the_position_of_their_events(store, page):
    await write(store, outbox=[event(n, f"lead_{n % 3}", "sig_1") for n in range(1, 8)])
    assert await page.head() == 0
    await publish(store)
    assert await page.head() == 7
    assert sorted(await page.moved_leads(5, 7, 100)) == ["lead_0", "lead_1"]
    assert len(await page.moved_leads(0, 7, 2)) == 2


async def test_a_story_is_told_from_its_end_in_pages_each_signal_with_what_it_caused(store, page):
    signals = [judged(n, "lead_a") for n in range(1, 8)] + [judged(99, "lead_b")]
    # The third and the seventh signal caused two events each.
    caused = {1: "sig_1", 2: "sig_3", 3: "sig_3", 4: "sig_7", 5: "sig_7"}
    await write(store, history=signals, outbox=[event(n, "lead_a", cause) for n, cause in caused.items()])
    await publish(store)
    found, place = [], None
    while True:
        part = await page.story("lead_a", place, 3)
        lines = [
            (entry.row.signal_id, [e.row.event_id for e in part.caused[entry.row.signal_id]]) for entry in part.signals
        ]
        found = lines + found
        place = part.earlier
        if place is None:
            break
    assert found == [
        ("sig_1", ["evt_1"]),
        ("sig_2", []),
        ("sig_3", ["evt_2", "evt_3"]),
        ("sig_4", []),
        ("sig_5", []),
        ("sig_6", []),
        ("sig_7", ["evt_4", "evt_5"]),
    ]
    assert (await page.story("lead_x")).signals == []


async def test_open_incidents_of_a_lead_are_those_that_are_not_over(store, page):
    def incident(ident, subject="lead_a", state="firing"):
        return Incident(
            id=ident, about=f"clk_{ident}", subject=subject, subject_kind="lead", subject_id=subject, policy="answer", metric="acceptance",
            level="breach", state=state, started_at=NOW, target="1h elapsed", due_at=NOW, opened_at=NOW, updated_at=NOW,
        )  # fmt: skip

    incidents = [
        incident("inc_a"),
        incident("inc_b", state="acknowledged"),
        incident("inc_c", state="resolved"),
        incident("inc_d", subject="lead_b"),
    ]
    async with store.engines.write() as conn:
        for one in incidents:
            values = {**{name: getattr(one, name) for name in ("id", "about", "subject", "state")}, "body": one.text()}
            statement = "INSERT INTO incidents (id, about, subject, state, opened_at, body) VALUES (:id, :about, :subject, :state, 1, :body)"
            await conn.execute(text(statement), values)
    assert [one.id for one in await page.open_incidents("lead_a")] == ["inc_a", "inc_b"]


MANY = """INSERT INTO leads (id, brand, stage, disposition, owner, held, version, state, updated_at)
    SELECT 'lead_' || n, 'default', 'nurturing', 'active', 'p' || n % 20, false, 1, '{}', 1 FROM generate_series(1, 60000) n;
    INSERT INTO clocks (id, lead_id, policy, state, revision, due_at, partition_key, body, act_by)
    SELECT 'clk_' || n, 'lead_' || n, 'answer', 'fulfilled', 1, n, 'k', '{}', CASE WHEN n % 500 = 0 THEN n END FROM generate_series(1, 60000) n;
    INSERT INTO history (signal_id, attempt, lead_id, kind, mode, occurred_at, received_at, recorded_at, facts, outcome, note, decision)
    SELECT 'sig_' || n, 0, 'lead_' || n % 5000, 'x', 'live', 1, 1, 1, '{}', 'recorded', '', '{}' FROM generate_series(1, 30000) n;
    INSERT INTO incidents (id, about, subject, state, opened_at, body)
    SELECT 'inc_' || n, 'clk_' || n, 'lead_' || n, CASE WHEN n % 50 = 0 THEN 'firing' ELSE 'resolved' END, 1, '{}' FROM generate_series(1, 30000) n;
    INSERT INTO events (position, event_id, topic, lead_id, sequence, type, partition_key, head, recorded_at)
    SELECT n, 'evt_' || n, 'leads', 'lead_' || n % 5000, n, 't', 'k', '{"causationid": "sig_1", "data": {"personal": ', 1 FROM generate_series(1, 30000) n"""


@pytest.mark.parametrize("migrated_url", ["real-postgres"], indirect=True)
async def test_no_question_of_the_page_reads_through_a_table_that_grows(store, page, monkeypatch):
    plans = await plans_over(MANY, store, page, monkeypatch)
    for sight in (ALL, Sight(["default"], ["p1", "p2"])):
        for wanted in (ANY, Wanted(owner="p0"), Wanted(stage="nurturing", policy="answer"), Wanted(since=NOW)):
            await page.waiting_leads(sight, wanted, Place(500, "clk_500"))
            await page.tally(sight, wanted, NOW, NOW + HOUR)
    await page.moved_leads(29_000, 30_000, 100)
    await page.story("lead_7", StoryPlace(900, 9000))
    await page.open_incidents("lead_7")
    assert len(plans) == 20
    for plan in plans:
        assert "Seq Scan" not in plan, plan
