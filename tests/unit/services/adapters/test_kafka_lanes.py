"""Records that come together share a batch, and a partition has one on its way at a time: with a producer of the test's."""

import asyncio

import pytest
from aiokafka.errors import KafkaTimeoutError, MessageSizeTooLargeError

from services.adapters.log.kafka_lanes import Lanes
from services.adapters.log.partitioner import partition_of
from services.ports.rows import RecordOut

ROOM = 3
"""Records that fit into a batch."""


class Batch:
    def __init__(self):
        self.values = []

    def append(self, *, timestamp, key, value):
        if len(self.values) == ROOM:
            return None
        self.values.append(value)
        return object()

    def close(self):
        self.values = tuple(self.values)


class Producer:
    """Batches that were sent, in order, each with the future that tells its fate."""

    def __init__(self, partitions=1):
        self.sent, self._partitions = [], set(range(partitions))

    async def partitions_for(self, topic):
        return self._partitions

    def create_batch(self):
        return Batch()

    async def send_batch(self, batch, topic, *, partition):
        self.sent.append((partition, batch.values, asyncio.get_running_loop().create_future()))
        return self.sent[-1][2]

    def acknowledge(self, number):
        self.sent[number][2].set_result(None)


async def send(lanes, *values, key=b"k"):
    return [await lanes.send(RecordOut("t", key, value)) for value in values]


async def settle():
    """Until nothing more happens by itself."""
    for _ in range(10):
        await asyncio.sleep(0)


def values_of(producer):
    return [values for _, values, _ in producer.sent]


async def test_what_comes_in_one_turn_goes_together_and_what_comes_meanwhile_in_the_next_batch():
    producer = Producer()
    lanes = Lanes(producer)
    first, second = await send(lanes, b"1", b"2")
    await settle()
    (third,) = await send(lanes, b"3")
    await settle()
    assert values_of(producer) == [(b"1", b"2")]
    assert not first.done()
    producer.acknowledge(0)
    await settle()
    assert first.done() and second.done() and not third.done()
    assert values_of(producer) == [(b"1", b"2"), (b"3",)]
    producer.acknowledge(1)
    await settle()
    assert third.done()


async def test_what_does_not_fit_waits_for_the_next_batch():
    producer = Producer()
    await send(Lanes(producer), b"1", b"2", b"3", b"4")
    await settle()
    producer.acknowledge(0)
    await settle()
    assert values_of(producer) == [(b"1", b"2", b"3"), (b"4",)]


async def test_each_partition_has_a_lane_of_its_own():
    producer = Producer(partitions=6)
    lanes = Lanes(producer)
    keys = [b"anna", b"bo", b"cia", b"dan"]
    for key in keys:
        await send(lanes, key, key=key)
    await settle()
    assert {partition for partition, _, _ in producer.sent} == {partition_of(key, 6) for key in keys}


async def test_what_waits_behind_a_batch_that_fails_fails_with_it_and_was_never_sent():
    producer = Producer()
    lanes = Lanes(producer)
    (first,) = await send(lanes, b"1")
    await settle()
    (second,) = await send(lanes, b"2")
    producer.sent[0][2].set_exception(KafkaTimeoutError())
    await settle()
    assert isinstance(first.exception(), KafkaTimeoutError) and isinstance(second.exception(), KafkaTimeoutError)
    assert values_of(producer) == [(b"1",)]
    (third,) = await send(lanes, b"3")
    await settle()
    producer.acknowledge(1)
    await settle()
    assert third.exception() is None


async def test_a_record_that_is_too_large_fails_alone():
    producer = Producer()
    lanes = Lanes(producer)
    (large,) = await send(lanes, b"large")
    await settle()
    (small,) = await send(lanes, b"small")
    producer.sent[0][2].set_exception(MessageSizeTooLargeError())
    await settle()
    producer.acknowledge(1)
    await settle()
    assert isinstance(large.exception(), MessageSizeTooLargeError) and small.exception() is None


async def test_whoever_stops_waiting_takes_nothing_from_the_others():
    producer = Producer()
    lanes = Lanes(producer)
    first, second = await send(lanes, b"1", b"2")
    first.cancel()
    await settle()
    producer.acknowledge(0)
    await settle()
    assert second.done() and second.exception() is None


async def test_nobody_waits_for_ever_for_a_lane_that_was_ended():
    producer = Producer()
    lanes = Lanes(producer)
    (first,) = await send(lanes, b"1")
    await settle()
    (second,) = await send(lanes, b"2")
    (lane,) = lanes._lanes.values()
    lane._task.cancel()
    await settle()
    assert first.done() and second.done()
    with pytest.raises(Exception, match="given up"):
        second.result()
    first.exception()
