"""What is appended is sealed, what is read is opened; whatever happens between two lines, nothing is lost and nothing is skipped."""

from datetime import UTC, datetime, timedelta

import pytest

from services.adapters.log.key_ring import KeyRing
from services.adapters.log.sealed import SealedLog
from services.ports.errors import LogUnavailable, RecordTooLarge, StoreUnavailable
from services.ports.rows import Position, Record, RecordOut
from services.ports.sealing import LogKey
from services.ports.signal_records import NO_KEY, decode
from services.sealing.records import MAGIC, OVERHEAD, SPENT, is_sealed

START = datetime(2026, 6, 8, 12, tzinfo=UTC)
PERIOD = timedelta(minutes=10)
ANNA = RecordOut("signals", b"key", b'{"person":{"email":"anna@example.com"}}')


class Keys:
    """The store's; `away`: it does not answer."""

    def __init__(self):
        self.keys, self.away = [], False

    async def all(self):
        if self.away:
            raise StoreUnavailable
        return list(self.keys)

    async def add(self, keys):
        self.keys += keys

    async def is_in_use(self):
        return False


class Inner:
    """A log in memory, and its one consumer; `before_ack` runs once the records are there."""

    cluster, topic = "c", "signals"

    def __init__(self):
        self.records, self.fault, self.before_ack = [], None, lambda: None
        self.at, self.ours, self.unplaced = 0, {0}, set()

    async def append(self, records):
        self.records += records
        self.before_ack()
        if self.fault:
            raise self.fault

    def consumer(self, topic, group):
        return self

    async def poll(self, max_records, timeout):
        at, self.at = self.at, len(self.records)
        return [Record(r.topic, 0, at + n, r.key, r.value) for n, r in enumerate(self.records[at:])]

    async def seek(self, positions):
        self.at = positions[0].offset

    def assignment(self):
        return set(self.ours)

    def partitions_to_seek(self):
        return set(self.unplaced)


class World:
    def __init__(self):
        self.at, self.keys, self.inner = START, Keys(), Inner()
        self.ring = self.new_ring()

    def new_ring(self):
        return KeyRing(self.keys, b"d" * 32, lambda: self.at, period=PERIOD, ahead=6 * PERIOD)

    def log(self, ring=None, seals=True):
        return SealedLog(self.inner, ring or self.ring, ("signals", "thin"), seals=seals)

    async def read(self, ring=None):
        return [r.value for r in await self.log(ring).consumer("signals", "router").poll(100, 0)]


@pytest.fixture
async def world():
    made = World()
    await made.ring.refresh()
    return made


async def test_signals_are_sealed_on_their_way_and_open_for_who_reads(world):
    await world.log().append([ANNA, ANNA._replace(topic="other")])
    sealed, plain = world.inner.records
    assert b"anna" not in sealed.value and sealed.key == b"key" and len(sealed.value) == len(ANNA.value) + OVERHEAD
    assert plain.value == ANNA.value
    assert await world.read() == [ANNA.value, ANNA.value]
    another = world.new_ring()
    world.inner.at = 0
    assert await world.read(another) == [ANNA.value] * 2, "who has not read the keys yet asks for them"


async def test_the_switch_leaves_them_as_they_are_and_opens_what_was_sealed_before(world):
    await world.log().append([ANNA])
    await world.log(seals=False).append([ANNA])
    assert [is_sealed(record.value) for record in world.inner.records] == [True, False]
    assert await world.read() == [ANNA.value, ANNA.value]


async def test_what_is_sealed_already_goes_on_under_the_key_of_now(world):
    """A dead letter's record as it came, given another try: its own key may go at any time."""
    await world.log().append([ANNA])
    world.at += PERIOD
    await world.log().append([world.inner.records[0]._replace(key=b"dl_1")])
    assert await world.read() == [ANNA.value, ANNA.value]
    world.keys.keys[0] = world.keys.keys[0]._replace(secret=None)
    world.inner.at = 0
    assert await world.read(world.new_ring()) == [SPENT, ANNA.value]


async def test_what_is_acknowledged_long_after_its_period_counts_as_not_taken(world):
    """A process that stood still between sealing and sending: the key may be gone before the record came."""

    def stand_still():
        world.at += 1.2 * PERIOD

    world.inner.before_ack = stand_still
    with pytest.raises(LogUnavailable) as caught:
        await world.log().append([ANNA])
    assert caught.value.stored == frozenset()
    for fault in (LogUnavailable("", frozenset({0})), RecordTooLarge(frozenset({1}), frozenset({0}))):
        world.inner.fault = fault
        with pytest.raises(LogUnavailable) as caught:
            await world.log().append([ANNA, ANNA])
        assert caught.value.stored == frozenset()
    world.inner.before_ack = lambda: None
    world.inner.fault = RecordTooLarge(frozenset({1}), frozenset({0}))
    with pytest.raises(RecordTooLarge):
        await world.log().append([ANNA, ANNA])


async def test_a_record_whose_key_was_thrown_away_was_decided_on(world):
    await world.log().append([ANNA])
    world.keys.keys = [key._replace(secret=None) if n == 0 else key for n, key in enumerate(world.keys.keys)]
    found = await world.read(world.new_ring())
    assert found == [SPENT]
    incoming = decode(Record("signals", 0, 0, b"key", SPENT))
    assert (incoming.signal, incoming.fault, incoming.is_spent) == (None, None, True)


async def test_a_record_of_a_key_that_the_store_does_not_have_is_said_so_and_kept_whole(world):
    await world.log().append([ANNA])
    sealed = world.inner.records[0].value
    kept, world.keys.keys = world.keys.keys, [LogKey(START - PERIOD, START, b"o" * 32)]
    assert await world.read(world.new_ring()) == [sealed]
    incoming = decode(Record("signals", 0, 0, b"key", sealed))
    assert (incoming.signal, incoming.fault, incoming.is_spent) == (None, NO_KEY, False)
    world.keys.keys, world.inner.at = kept, 0
    assert await world.read(world.new_ring()) == [ANNA.value], "with the key back it opens"


async def test_while_the_store_is_away_nothing_that_was_read_is_lost(world):
    await world.log().append([ANNA, ANNA])
    ring = world.new_ring()
    consumer = world.log(ring).consumer("signals", "router")
    world.keys.away = True
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            await consumer.poll(100, 0)
    world.keys.away = False
    assert [record.offset for record in await consumer.poll(100, 0)] == [0, 1]


async def test_what_waits_of_a_partition_that_went_away_is_not_handed_out(world):
    await world.log().append([ANNA, ANNA])
    consumer = world.log(world.new_ring()).consumer("signals", "router")
    world.keys.away = True
    with pytest.raises(StoreUnavailable):
        await consumer.poll(100, 0)
    world.keys.away = False
    await consumer.seek([Position(0, 1)])
    assert [record.offset for record in await consumer.poll(100, 0)] == [1], "from where the store says"
    for change in ({"ours": set()}, {"unplaced": {0}}):
        world.inner.at = 0
        vars(world.inner).update({"ours": {0}, "unplaced": set()} | change)
        assert await consumer.poll(100, 0) == []


@pytest.mark.parametrize("value", [MAGIC, MAGIC + b"short", MAGIC + bytes(60)])
async def test_what_only_begins_like_a_seal_stops_nobody(world, value):
    world.inner.records = [ANNA._replace(value=value)]
    assert await world.read() == [value]
    assert decode(Record("signals", 0, 0, b"key", value)).fault == NO_KEY
