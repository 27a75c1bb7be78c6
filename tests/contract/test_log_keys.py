"""Keys of signals: made ahead, read by all alike, thrown away once everything is read. On both engines, by a time that the test says."""

from datetime import UTC, datetime, timedelta

import pytest

from services.adapters.log.key_ring import BRIDGE, SETTLING, KeyRing
from services.adapters.sql.log_keys import SqlLogKeys
from services.ports.errors import StoreUnavailable
from services.ports.instants import micros
from services.ports.rows import DeadLetter, Position, Writes
from services.ports.sealing import LogKey
from services.ports.signal_records import NO_KEY
from services.relay.log_keys import LogKeyKeeper

PERIOD = timedelta(minutes=10)
START = datetime(2026, 6, 8, 12, 3, tzinfo=UTC)
FIRST = datetime(2026, 6, 8, 12, tzinfo=UTC)


class World:
    """The time, how far topics are, how far they are read."""

    def __init__(self, store):
        self.keys, self.at = SqlLogKeys(store.engines), START
        self.ends, self.begins, self.read = {"s": {0: 0, 1: 0}, "t": {0: 0}}, {}, {}
        self.cluster, self.leads = "c", True

    def ring(self, **more):
        return KeyRing(self.keys, b"d" * 32, lambda: self.at, **{"period": PERIOD, "ahead": 6 * PERIOD} | more)

    def keeper(self):
        async def read(topic):
            return self.read.get(topic, {})

        async def lease():
            return self.leads

        kept = timedelta(days=1)
        return LogKeyKeeper(self.keys, self, ["s", "t"], read, lease, lambda: self.at, kept=kept)

    async def end_offsets(self, topic):
        return self.ends[topic]

    async def begin_offsets(self, topic):
        return self.begins.get(topic, {})


@pytest.fixture
def world(store):
    return World(store)


async def test_keys_are_made_ahead_on_one_grid_and_are_the_same_for_all(world):
    first, second = world.ring(), world.ring()
    await first.refresh()
    world.at += timedelta(seconds=2)
    await second.refresh()
    keys = await world.keys.all()
    assert [key.begins_at for key in keys] == [FIRST + n * PERIOD for n in range(7)]
    assert {key.ends_at - key.begins_at for key in keys} == {PERIOD}
    assert first.current().name == second.current().name == second.find(first.current().name).name
    assert first.current().name.begins_at == micros(FIRST)
    world.at += PERIOD
    assert first.current().name.begins_at == micros(FIRST + PERIOD), "without asking the store again"


async def test_the_store_may_be_away_for_as_long_as_keys_were_made_for_and_longer(world, caplog):
    ring = world.ring()
    await ring.refresh()
    world.at = START + 6 * PERIOD
    assert ring.current().name.begins_at != BRIDGE
    world.at += 2 * PERIOD
    bridge = ring.current()
    assert bridge.name.begins_at == BRIDGE and not ring.is_late(bridge) and "no erasure throws away" in caplog.text
    await ring.refresh()
    assert ring.current().name.begins_at == micros(FIRST + 8 * PERIOD), "and it goes on with a key of the store"
    assert world.ring().find(bridge.name).name == bridge.name, "whoever reads opens what was sealed meanwhile"
    assert KeyRing(world.keys, b"e" * 32, lambda: START, period=PERIOD, ahead=PERIOD).find(bridge.name) is None


async def test_who_begins_without_the_store_seals_all_the_same(world, monkeypatch):
    ring = world.ring()

    async def away():
        raise StoreUnavailable

    monkeypatch.setattr(world.keys, "all", away)
    with pytest.raises(StoreUnavailable):
        await ring.refresh()
    assert ring.current().name.begins_at == BRIDGE


async def test_on_a_log_that_is_in_use_sealing_begins_an_hour_later(world, store):
    """An upgrade is under way: routers of the version before would set sealed signals aside."""
    await store.place("router", "s", "c", [Position(0, 0)])
    ring = world.ring(ahead=12 * PERIOD)
    await ring.refresh()
    assert ring.current() is None, "as it is"
    world.at += SETTLING
    assert ring.current().name.begins_at == micros(FIRST + SETTLING)


async def test_who_only_opens_makes_no_keys(world):
    await world.ring(makes=False).refresh()
    assert await world.keys.all() == []


async def test_an_acknowledgement_counts_for_a_tenth_of_a_period_longer(world):
    ring = world.ring()
    await ring.refresh()
    held = ring.current()
    world.at = FIRST + PERIOD * 1.1
    assert not ring.is_late(held)
    world.at += timedelta(microseconds=1)
    assert ring.is_late(held)


async def test_a_key_goes_once_its_period_is_over_and_all_of_it_is_read(world):
    ring, keeper = world.ring(), world.keeper()
    await ring.refresh()
    name = ring.current().name
    world.ends = {"s": {0: 5, 1: 0}, "t": {0: 2}}
    world.at = FIRST + PERIOD * 1.2
    assert await keeper.step() == 0 and (await world.keys.all())[0].read_to is None, "it may seal until then"
    world.at += timedelta(seconds=1)
    assert await keeper.step() == 0
    world.ends = {"s": {0: 900, 1: 900}, "t": {0: 900}}
    for read in ({}, {"s": {0: 5}}, {"s": {0: 4}, "t": {0: 2}}):
        world.read = read
        assert await keeper.step() == 0, "somebody has not read it all"
    assert await world.keys.oldest() == FIRST
    world.read = {"s": {0: 5}, "t": {0: 2}}
    assert await keeper.step() == 1, "what came after its period does not matter"
    assert await world.keys.oldest() == FIRST + PERIOD
    await ring.refresh()
    assert ring.find(name) is None and ring.was_thrown_away(name)
    assert not ring.was_thrown_away(ring.current().name)


async def test_no_key_goes_while_a_signal_waits_for_one_that_was_lost(world, store):
    ring, keeper = world.ring(), world.keeper()
    await ring.refresh()
    world.at = FIRST + PERIOD * 1.3
    letter = DeadLetter("dl_1", None, None, 0, "dead", NO_KEY, "Undecodable", "s/0/1", None, None, b"raw", START)
    async with store.batch() as batch:
        await batch.write(Writes(dead_letters=[letter]))
    assert [await keeper.step(), await keeper.step()] == [0, 0]
    await store.settle_letter("dl_1", "dropped")
    assert await keeper.step() == 1


async def test_what_retention_took_needs_no_reader(world):
    ring, keeper = world.ring(), world.keeper()
    await ring.refresh()
    world.ends, world.begins = {"s": {0: 5, 1: 0}, "t": {0: 0}}, {"s": {0: 5, 1: 0}}
    world.at = FIRST + PERIOD * 1.3
    assert [await keeper.step(), await keeper.step()] == [0, 1]


async def test_offsets_of_another_cluster_are_noted_once_more(world):
    ring, keeper = world.ring(), world.keeper()
    await ring.refresh()
    world.at, world.read = FIRST + PERIOD * 1.3, {"s": {0: 5}}
    world.ends = {"s": {0: 5, 1: 0}, "t": {0: 0}}
    await keeper.step()
    world.cluster, world.ends = "new", {"s": {0: 8, 1: 0}, "t": {0: 0}}
    assert [await keeper.step(), await keeper.step()] == [0, 0]
    world.read = {"s": {0: 8}}
    assert await keeper.step() == 1


async def test_that_there_was_a_key_is_known_for_as_long_as_its_records_may_be_there(world):
    ring, keeper = world.ring(), world.keeper()
    await ring.refresh()
    name = ring.current().name
    world.at = FIRST + PERIOD * 1.3
    await keeper.step()
    await keeper.step()
    world.at = FIRST + timedelta(days=1)
    await keeper.step()
    await ring.refresh()
    assert ring.was_thrown_away(name)
    world.at += timedelta(seconds=1)
    await keeper.step()
    await ring.refresh()
    assert not ring.was_thrown_away(name)


async def test_another_key_of_the_same_period_is_not_taken_for_it(world):
    """As after a restore of a copy that is older than the periods that it had made ahead."""
    ring = world.ring()
    await ring.refresh()
    name = ring.current().name
    other = world.ring()
    other._keys = Kept([LogKey(FIRST, FIRST + PERIOD, b"k" * 32)])
    await other.refresh()
    assert other.find(name) is None and not other.was_thrown_away(name)


class Kept:
    def __init__(self, keys):
        self.keys = keys

    async def all(self):
        return self.keys

    async def add(self, keys):
        self.keys = [*self.keys, *keys]
