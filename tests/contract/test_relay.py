"""Two relays on one store: one is active, and a takeover leaves no gap and repeats events only with their own ids."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from services.adapters.sql.reading import SqlReading
from services.adapters.sql.store import SqlStore
from services.ports.errors import Fenced, RecordTooLarge
from services.ports.log import RECORD_BYTES
from services.ports.rows import OutboxRow, RecordOut, Writes
from services.ports.store import STEP_BYTES
from services.relay.role import Relay
from tests.setups import signal

NOW = datetime(2026, 6, 8, tzinfo=UTC)
LEADS, EACH = 5, 12


class Topics:
    """A log that keeps what is published; `interrupt` is awaited after each publication, before the relay goes on."""

    def __init__(self):
        self.seen, self.interrupt = [], None

    async def publish(self, records):
        self.seen += [json.loads(record.value) for record in records]
        if self.interrupt is not None:
            await self.interrupt()


@pytest.fixture
async def store(migrated_url):
    made = SqlStore(migrated_url)
    await made.start()
    rows = [event(lead, number) for number in range(1, EACH + 1) for lead in range(LEADS)]
    async with made.batch() as batch:
        await batch.write(Writes(outbox=rows))
    yield made
    await made.close()


def event(lead, number):
    head = f'{{"id":"evt_{lead}_{number}","subject":"lead_{lead}","sequence":{number},"data":{{"a":1,"personal":'
    return OutboxRow(f"evt_{lead}_{number}", "leads", f"lead_{lead}", number, "t", f"key_{lead}", head, None)


def relay(store, log, holder, **more):
    return Relay(store, log, lambda name: name, lambda: NOW, holder, batch_max=7, **more)


async def check(store, log):
    """Every event once in the feed, positions and sequences without a gap, whatever was published twice."""
    feed = await SqlReading(store.engines).events(limit=1000)
    assert [entry.position for entry in feed] == list(range(1, LEADS * EACH + 1))
    assert len({entry.row.event_id for entry in feed}) == LEADS * EACH
    newest = dict.fromkeys((f"lead_{lead}" for lead in range(LEADS)), 0)
    for said in log.seen:
        lead, number = said["subject"], said["sequence"]
        assert said["id"] == f"evt_{lead.removeprefix('lead_')}_{number}"
        assert number <= newest[lead] + 1, "an event before an earlier one of its lead"
        newest[lead] = max(newest[lead], number)
    assert set(newest.values()) == {EACH}


async def test_while_one_relay_holds_the_lease_another_does_nothing(store):
    log = Topics()
    first, second = relay(store, log, "a"), relay(store, log, "b")
    assert await first._step() == 7
    assert await second._step() == 0
    await first.drain()
    assert len(log.seen) == LEADS * EACH
    await check(store, log)


async def test_a_relay_that_lost_its_lease_after_it_published_moves_nothing(store):
    log = Topics()
    slow, quick = relay(store, log, "slow", lease_ttl=timedelta(0)), relay(store, log, "quick")

    async def overtaken():
        log.interrupt = None
        await quick.drain()

    log.interrupt = overtaken
    assert await slow._hold_lease()
    with pytest.raises(Fenced):
        await slow.step()
    assert len(log.seen) == 7 + LEADS * EACH, "one batch twice"
    await check(store, log)
    assert not await slow._hold_lease()


async def test_relays_that_take_the_lease_from_one_another_all_the_time_leave_no_gap(store):
    log = Topics()
    rivals = [relay(store, log, name, lease_ttl=timedelta(0)) for name in "abc"]

    async def run(rival):
        async with asyncio.timeout(60):
            while await store.outbox(1):
                await rival._step()

    await asyncio.gather(*map(run, rivals))
    await check(store, log)


async def test_a_lease_that_is_given_back_is_free_at_once(store):
    stop, log = asyncio.Event(), Topics()
    stop.set()
    first = relay(store, log, "a")
    await first.drain()
    assert await store.acquire_lease("relay", "b", 10) is None
    await first.run(stop)
    assert await store.acquire_lease("relay", "b", 10) == 2


async def test_a_step_carries_no_more_bytes_than_it_may_however_few_events_they_are(store):
    rows = [event(LEADS, number) for number in range(1, 25)]
    rows = [row._replace(head=row.head.replace('"a":1', f'"a":"{"x" * 1024 * 1024}"')) for row in rows]
    async with store.batch() as batch:
        await batch.write(Writes(outbox=rows))
    log, steps = Topics(), []

    async def publish(records):
        steps.append(sum(len(record.value) for record in records))
        log.seen += [json.loads(record.value) for record in records]

    log.publish = publish
    await Relay(store, log, lambda name: name, lambda: NOW, "a").drain()
    assert len(steps) == 2 and max(steps) < STEP_BYTES + RECORD_BYTES
    assert [said["sequence"] for said in log.seen if said["subject"] == f"lead_{LEADS}"] == list(range(1, 25))
    assert await store.outbox(1) == []


class Narrow(Topics):
    """Takes no event of this id, whatever it comes with."""

    def __init__(self, refused):
        super().__init__()
        self.refused = refused

    async def publish(self, records):
        if any(f'"{self.refused}"'.encode() in record.value for record in records):
            raise RecordTooLarge(frozenset({0}))
        await super().publish(records)


async def test_an_event_that_its_topic_never_takes_is_in_the_feed_and_holds_up_no_other(store):
    topics, told = Narrow("evt_2_3"), []
    await relay(store, topics, "a", on_unpublished=told.append).drain()
    assert {event["id"] for event in topics.seen} == {
        f"evt_{lead}_{n}" for lead in range(LEADS) for n in range(1, EACH + 1)
    } - {"evt_2_3"}
    for lead in range(LEADS):
        numbers = [event["sequence"] for event in topics.seen if event["subject"] == f"lead_{lead}"]
        assert numbers == sorted(numbers), "each lead's in its order"
    rows = await SqlReading(store.engines).events(limit=LEADS * EACH)
    assert len(rows) == LEADS * EACH and [row.position for row in rows] == list(range(1, LEADS * EACH + 1))
    assert told == [1]


class Tight:
    """A log that takes no record at all."""

    async def publish(self, records):
        return None

    async def append(self, records):
        raise RecordTooLarge(frozenset(range(len(records))))


@pytest.mark.parametrize("value", [b'{"id": "sig_\\u0000"}', b"\xff", b""])
async def test_what_cannot_be_kept_as_text_leaves_the_spool_as_bytes(store, value):
    plain = json.loads(signal(1, "form.submitted").text())
    hostile = json.dumps({**plain, "id": "sig_\x00", "attempt": 10**30}).encode()
    await store.spool([RecordOut("t.signals.v1", b"k", item) for item in (hostile, value)], 10)
    await relay(store, Tight(), "a").drain()
    letters = await SqlReading(store.engines).dead_letters()
    assert len(letters) == 2 and await store.spool_entries(10) == []
