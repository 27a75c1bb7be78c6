"""The spool's way to the log: what is there leaves the spool, and what the log never takes holds up nobody."""

import pytest

from schemas.signals import Kind
from services.ports.errors import LogUnavailable
from services.ports.log import RECORD_BYTES
from services.ports.rows import RecordOut
from services.ports.signal_records import once_more, record_of
from services.relay.role import Relay
from tests.doubles import FakeLog, FakeStore
from tests.setups import START, signal

TOPIC = "stafett.signals.v1"


class World:
    def __init__(self):
        self.log, self.store, self.told = FakeLog(), FakeStore(), []
        self.relay = Relay(self.store, self.log, str, lambda: START, "me", batch_max=10, on_set_aside=self.told.append)

    async def spool(self, *numbers):
        signals = [signal(n, Kind.FORM_SUBMITTED, lead=f"p{n}", fields={"text": "secret words"}) for n in numbers]
        await self.store.spool([record_of(s, TOPIC) for s in signals], 100)

    def in_log(self):
        return [record.key.decode() for record in self.log.records]

    def waiting(self):
        return [row.record.key.decode() for row in self.store.spool_rows]


async def test_what_waited_comes_to_the_log_in_its_order():
    world = World()
    await world.spool(1, 2, 3)
    assert await world.relay.unspool() == 3
    assert world.in_log() == ["key-p1", "key-p2", "key-p3"]
    assert world.waiting() == []
    assert await world.relay.unspool() == 0


async def test_everything_waits_on_while_the_log_is_down():
    world = World()
    world.log.down = True
    await world.spool(1, 2)
    with pytest.raises(LogUnavailable):
        await world.relay.unspool()
    assert world.waiting() == ["key-p1", "key-p2"]


async def test_what_the_log_took_is_not_sent_again_when_it_failed_for_the_others():
    world = World()
    world.log.lost = {b"key-p2"}
    await world.spool(1, 2, 3)
    with pytest.raises(LogUnavailable):
        await world.relay.unspool()
    assert world.waiting() == ["key-p2"]
    world.log.lost = set()
    await world.relay.unspool()
    assert world.in_log() == ["key-p1", "key-p3", "key-p2"]


async def test_what_the_log_never_takes_becomes_a_dead_letter_and_the_others_pass():
    world = World()
    world.log.refused = {b"key-p2"}
    await world.spool(1, 2, 3)
    assert await world.relay.unspool() == 3
    assert world.waiting() == []
    assert world.in_log() == ["key-p1", "key-p3"]
    (letter,) = world.store.letters
    assert (letter.state, letter.lead_id, letter.signal_id) == ("dead", None, "sig_2")
    assert (letter.error_class, letter.origin) == ("RecordTooLarge", f"{TOPIC}/spool/2")
    assert "secret words" in letter.personal
    assert "secret" not in letter.facts + letter.reason
    assert world.told == [1]


async def test_such_a_letter_can_be_given_another_try():
    world = World()
    world.log.refused = {b"key-p1"}
    await world.spool(1)
    await world.relay.unspool()
    again = once_more(world.store.letters[0], TOPIC)
    assert (again.topic, again.key) == (TOPIC, b"key-p1")
    assert b'"attempt":1' in again.value


async def test_bytes_that_are_no_signal_are_kept_as_they_are():
    world = World()
    world.log.refused = {b"k"}
    await world.store.spool([RecordOut(TOPIC, b"k", b"{")], 10)
    await world.relay.unspool()
    assert world.store.letters[0].raw == b"{"


async def test_large_signals_come_to_the_log_in_several_steps_and_in_their_order():
    world = World()
    records = [RecordOut(TOPIC, b"k%d" % n, b"x" * (RECORD_BYTES - 10)) for n in range(10)]
    await world.store.spool(records, 100)
    assert await world.relay.unspool() == 9, "as many as begin within a step"
    assert await world.relay.unspool() == 1
    assert [record.key for record in world.log.records] == [record.key for record in records]
    assert world.waiting() == []
