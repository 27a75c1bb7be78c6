"""The ports of the screen Flow and the figures that are counted from it, on both engines."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from schemas.envelope import Written
from schemas.envelope import instant as written
from schemas.events import HandoverRejected, LeadCreated
from services.adapters.sql.flow import SqlFlowReading
from services.console.flow.counting import FlowCounter
from services.console.flow.figures import TYPES, Figure
from services.console.flow.tally import Tally, Whose
from services.ports.flow import CountedKey, Stretch
from services.ports.rows import LeadRow, OutboxRow, Writes
from tests.plans import plans_over

ZONE = ZoneInfo("Europe/Stockholm")
MONDAY = date(2026, 6, 8)
NOON = datetime(2026, 6, 8, 12, tzinfo=ZONE)
HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)
EVERYBODY = Whose(ZONE, None)
CREATED = LeadCreated(mode="live", stage="contact", source="web", signal_kind="form.submitted")
REJECTED = HandoverRejected(mode="live", handover_id="ho_1", pass_number=1, reason="Wrong timing")


@pytest.fixture
def flow(store):
    return SqlFlowReading(store.engines)


def tally_of(flow):
    """As of a process that has read nothing yet."""
    return Tally(flow, FlowCounter(flow).catch_up)


class Feed:
    """Events at instants of one's choice."""

    def __init__(self, store):
        self.store, self.number = store, 0

    async def tell(self, data, at, lead="lead_a", mode="live"):
        self.number += 1
        envelope = Written(
            id=f"evt_{self.number}",
            source="/s",
            type=data.type_name,
            subject=lead,
            time=written(at),
            dataschema="urn:x",
            partitionkey="k",
            sequence=f"{self.number:020}",
            correlationid="c",
            causationid="s",
            recordedtime=written(at),
            agreementversion="a",
            mode=mode,
            data=data,
        )
        row = OutboxRow(
            envelope.id, data.topic, lead, self.number, data.type_name, "k", envelope.head(), '{"person": {}}'
        )
        async with self.store.batch() as batch:
            await batch.write(Writes(outbox=[row]))
        epoch = await self.store.acquire_lease("relay", "me", 10)
        await self.store.move_to_events(await self.store.outbox(10), "relay", epoch, at)


async def test_a_day_is_counted_beside_the_median_of_the_same_weekday_by_the_same_time(store, flow):
    feed = Feed(store)
    await feed.tell(CREATED, NOON - 10 * WEEK)
    # Five Mondays before: 1, 2, 3, 9 and 0 came in by noon; in the afternoons more, and on the Sundays, which counts for none.
    for week, count in ((5, 1), (4, 2), (3, 3), (2, 9)):
        await feed.tell(CREATED, NOON - week * WEEK - 13 * HOUR)
        for _ in range(count):
            await feed.tell(CREATED, NOON - week * WEEK - HOUR)
        await feed.tell(CREATED, NOON - week * WEEK + HOUR)
    await feed.tell(CREATED, NOON - HOUR)
    await feed.tell(CREATED, NOON - HOUR, mode="import")
    tally = tally_of(flow)
    today = await tally.figures(EVERYBODY, MONDAY, NOON)
    web = Figure("in", "web")
    # Eight Mondays are known: 0, 0, 0, 1, 2, 3, 9 and 0 of the last one.
    assert (today.counts[web], today.usual[web], today.days) == (1, 0.5, 8)
    await feed.tell(CREATED, NOON - timedelta(minutes=1))
    assert (await tally.figures(EVERYBODY, MONDAY, NOON)).counts[web] == 2, "what came meanwhile is there"
    whole = await tally.figures(EVERYBODY, MONDAY - WEEK * 2, NOON)
    assert (whole.counts[web], whole.days) == (10, 7), "a day that is over is shown whole"
    assert (await tally_of(flow).figures(EVERYBODY, MONDAY, NOON)).counts[web] == 2, (
        "counted from the start it is the same"
    )


async def test_what_came_before_midnight_and_was_not_read_yet_is_counted_when_the_day_is_over(store, flow):
    feed, tally, web = Feed(store), tally_of(flow), Figure("in", "web")
    await feed.tell(CREATED, NOON)
    assert (await tally.figures(EVERYBODY, MONDAY, NOON)).counts[web] == 1
    await feed.tell(CREATED, NOON + 11 * HOUR)
    await feed.tell(CREATED, NOON + 13 * HOUR)
    late = NOON + 20 * HOUR
    assert (await tally.figures(EVERYBODY, MONDAY, late)).counts[web] == 2
    tuesday = await tally.figures(EVERYBODY, date(2026, 6, 9), late)
    assert (tuesday.counts[web], tuesday.days) == (1, 0)


async def test_a_day_has_23_hours_where_clocks_go_forward(store, flow):
    feed, web = Feed(store), Figure("in", "web")
    sunday = datetime(2026, 3, 29, tzinfo=ZONE)
    for hours in (-0.5, 0.5, 22.5, 23.5):
        await feed.tell(CREATED, sunday.astimezone(UTC) + timedelta(hours=hours))
    figures = await tally_of(flow).figures(EVERYBODY, sunday.date(), sunday + timedelta(days=3))
    assert figures.counts[web] == 2


async def test_of_processes_that_count_the_same_events_one_writes_them(store, flow, monkeypatch):
    monkeypatch.setattr("services.console.flow.counting.PAGE", 2)
    feed, web = Feed(store), Figure("in", "web")
    for _ in range(7):
        await feed.tell(CREATED, NOON)
    await asyncio.gather(*(FlowCounter(SqlFlowReading(store.engines)).catch_up() for _ in range(3)))
    assert (await tally_of(flow).figures(EVERYBODY, MONDAY, NOON + HOUR)).counts[web] == 7
    # Nothing of a page that another process has counted, and nothing without its position.
    key = CountedKey(quarter=NOON, brand="", kind="in", of="web", to="")
    assert not await flow.add_counts({key: 5}, 5, 7) and await flow.counted_upto() == 7
    assert (await tally_of(flow).figures(EVERYBODY, MONDAY, NOON + HOUR)).counts[web] == 7


async def test_what_is_new_is_counted_without_anybody_looking(store, flow, monkeypatch):
    monkeypatch.setattr("services.console.flow.counting.EVERY", 0.02)
    stop, feed = asyncio.Event(), Feed(store)
    running = asyncio.create_task(FlowCounter(flow).run(stop))
    await feed.tell(CREATED, NOON)
    async with asyncio.timeout(10):
        while await flow.counted_upto() < 1:
            await asyncio.sleep(0.02)
    stop.set()
    await running


async def test_events_are_listed_newest_first_of_the_brands_that_are_seen(store, flow):
    feed = Feed(store)
    rows = [LeadRow(f"lead_{b}", b, "contact", "active", None, None, False, 1, "{}", None, None, NOON) for b in "ab"]
    async with store.batch() as batch:
        await batch.write(Writes(leads=rows))
    for number in range(4):
        await feed.tell(REJECTED, NOON + number * HOUR, lead=f"lead_{'ab'[number % 2]}")
    await feed.tell(CREATED, NOON, lead="lead_a")
    stretch = await flow.stretch(NOON - HOUR, NOON + 9 * HOUR)
    types = (TYPES["rejected"],)

    async def positions(brands, limit=10, upto=None):
        asked = stretch if upto is None else stretch._replace(upto=upto)
        return [e.position for e in await flow.latest_flow_events(asked, types, brands, limit)]

    assert await positions(None) == [4, 3, 2, 1] and await positions(None, 2, 3) == [3, 2]
    assert (await positions(["b"]), await positions([])) == ([4, 2], [])
    only_b = await tally_of(flow).figures(Whose(ZONE, frozenset("b")), MONDAY, NOON + 9 * HOUR)
    assert dict(only_b.counts) == {Figure("rejected", "wrong_timing"): 2, Figure("rejected", "*"): 2}
    assert await flow.began_at() == NOON


MANY = """INSERT INTO leads (id, brand, stage, disposition, held, version, state, updated_at)
    SELECT 'lead_' || n, 'default', 'nurturing', 'active', false, 1, '{}', 1 FROM generate_series(0, 60000) n;
    INSERT INTO events (position, event_id, topic, lead_id, sequence, type, partition_key, head, recorded_at)
    SELECT n, 'evt_' || n, 'leads', 'lead_' || n % 5000, n, 'stafett.lead.created.v1', 'k', '{', n::bigint * 1000000 FROM generate_series(1, 60000) n;
    INSERT INTO flow_counts (quarter, brand, kind, part, toward, count)
    SELECT n::bigint * 900000000, 'default', 'in', 's' || m, '', 1 FROM generate_series(1950000, 1980000) n, generate_series(1, 4) m"""


@pytest.mark.parametrize("migrated_url", ["real-postgres"], indirect=True)
async def test_no_question_of_flow_reads_through_a_table_that_grows(store, flow, monkeypatch):
    plans = await plans_over(MANY, store, flow, monkeypatch)
    day = Stretch(20_000, 25_000, datetime.fromtimestamp(20_000, UTC), datetime.fromtimestamp(25_000, UTC))
    for brands in (None, ["default"]):
        assert len(await flow.flow_events(day, tuple(TYPES.values()), brands, 2000)) == 2000
        assert len(await flow.latest_flow_events(day, (TYPES["in"],), brands, 2000)) == 2000
    await flow.began_at()
    midnight = datetime(2026, 6, 8, tzinfo=UTC)
    for brands in (None, ["default"]):
        await flow.counts([(midnight - n * WEEK, midnight - n * WEEK + HOUR) for n in range(9)], brands)
    assert len(await flow.events_to_count(20_000, 22_000, tuple(TYPES.values()))) == 2000
    assert len(plans) == 8
    for plan in plans:
        assert "Seq Scan" not in plan, plan
