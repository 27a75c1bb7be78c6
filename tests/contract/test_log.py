"""What the code relies on of a log, on every adapter: durable tables on SQLite and on PostgreSQL, Apache Kafka."""

import asyncio
import contextlib
import random
import uuid

import pytest

from services.adapters.log.kafka import KafkaLog
from services.adapters.log.local import LocalLog
from services.adapters.log.partitioner import partition_of
from services.adapters.sql.store import SqlStore
from services.ports.errors import OffsetLost, RecordTooLarge
from services.ports.log import RECORD_BYTES
from services.ports.rows import Position, RecordOut
from services.ports.store import STEP_BYTES
from services.settings import load
from tests.parts.databases import migrated_database
from tests.parts.kafka import create_topics
from tests.parts.sqlite import migrated_file
from tests.setups import forget

PARTITIONS = 6
TOPIC = f"c{uuid.uuid4().hex[:8]}.signals.v1"


@contextlib.asynccontextmanager
async def embedded(url, *, exclusive=True):
    store = SqlStore(url, exclusive=exclusive)
    await store.start()
    log = LocalLog(store, PARTITIONS)
    await log.start()
    yield log, TOPIC
    await log.close()
    await store.close()


@contextlib.asynccontextmanager
async def on_kafka(bootstrap):
    prefix = f"c{uuid.uuid4().hex[:8]}"
    await create_topics(bootstrap, [f"{prefix}.signals.v1"], PARTITIONS)
    given = {"DATABASE_URL": "postgresql://u@h/d", "LOG_URL": f"kafka://{bootstrap}", "KAFKA_TOPIC_PREFIX": prefix}
    settings = load({f"STAFETT_{name}": value for name, value in given.items()})
    log = KafkaLog(settings)
    await log.start()
    yield log, settings.topic("signals")
    await log.close()


@pytest.fixture(params=["sqlite", "real-postgres", "real-kafka"])
async def log_and_topic(request, tmp_path):
    if request.param == "sqlite":
        async with embedded(await migrated_file(tmp_path / "log.db")) as made:
            yield made
    elif request.param == "real-postgres":
        async with migrated_database(request.getfixturevalue("postgres")) as url, embedded(url) as made:
            yield made
    else:
        async with on_kafka(request.getfixturevalue("kafka_bootstrap")) as made:
            yield made


def out(topic, *numbers, key=None):
    return [RecordOut(topic, (key or f"k{n}").encode(), str(n).encode()) for n in numbers]


async def read(consumer, count, places=None, seconds=40):
    """Until so many came; `places` are stored positions, 0 where there is none."""
    found = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while len(found) < count:
                await consumer.seek([Position(p, (places or {}).get(p, 0)) for p in consumer.partitions_to_seek()])
                found += await consumer.poll(500, 0.2)
    return found


async def test_records_of_a_key_come_in_order_from_the_partition_that_murmur2_says(log_and_topic):
    log, topic = log_and_topic
    for start in range(0, 300, 100):
        await log.append([RecordOut(topic, f"k{n % 7}".encode(), str(n).encode()) for n in range(start, start + 100)])
    consumer = log.consumer(topic, "router")
    found = await read(consumer, 300)
    await consumer.stop()
    for key in {record.key for record in found}:
        mine = [record for record in found if record.key == key]
        assert {record.partition for record in mine} == {partition_of(key, PARTITIONS)}
        assert [int(record.value) for record in mine] == sorted(int(record.value) for record in mine)
    assert sorted(int(record.value) for record in found) == list(range(300))


async def test_nothing_is_delivered_before_a_position_is_given(log_and_topic):
    log, topic = log_and_topic
    await log.append(out(topic, *range(30)))
    consumer = log.consumer(topic, "router")
    async with asyncio.timeout(40):
        while len(consumer.partitions_to_seek()) < PARTITIONS:
            assert await consumer.poll(100, 0.1) == []
    assert await consumer.poll(100, 0.2) == []
    await consumer.stop()


async def test_what_no_stored_position_passed_is_delivered_again(log_and_topic):
    log, topic = log_and_topic
    await log.append(out(topic, *range(40), key="one"))
    partition = partition_of(b"one", PARTITIONS)
    first = log.consumer(topic, "router")
    assert len(await read(first, 40)) == 40
    await first.stop()
    second = log.consumer(topic, "router")
    again = await read(second, 25, {partition: 15})
    await second.stop()
    assert [int(record.value) for record in again] == list(range(15, 40))
    assert [record.offset for record in again] == list(range(15, 40))


async def test_a_poll_gives_at_most_what_was_asked_for_and_ends_in_time(log_and_topic):
    log, topic = log_and_topic
    await log.append(out(topic, *range(20), key="one"))
    consumer = log.consumer(topic, "router")
    assert len(await read(consumer, 1)) >= 1
    await consumer.seek([Position(partition_of(b"one", PARTITIONS), 0)])
    async with asyncio.timeout(20):
        found = []
        while len(found) < 20:
            part = await consumer.poll(7, 0.5)
            assert len(part) <= 7
            found += part
        assert await consumer.poll(7, 0.1) == []
    assert [int(record.value) for record in found] == list(range(20))
    await consumer.stop()


async def test_a_poll_gives_no_more_bytes_than_a_process_can_bear_and_loses_none(log_and_topic):
    """Kafka's come by five hundred, and pack well on the way."""
    log, topic = log_and_topic
    large, count = b"x" * 20_000, 2000
    for at in range(0, count, 100):
        await log.append([RecordOut(topic, b"one", b"%04d" % n + large) for n in range(at, at + 100)])
    consumer = log.consumer(topic, "router")
    found = []
    async with asyncio.timeout(40):
        while len(found) < count:
            await consumer.seek([Position(p, 0) for p in consumer.partitions_to_seek()])
            part = await consumer.poll(4000, 0.2)
            assert sum(len(record.value) for record in part) <= STEP_BYTES + 500 * len(large)
            found += part
    assert [int(record.value[:4]) for record in found] == list(range(count))
    await consumer.stop()


async def test_appends_at_once_are_all_durable_and_the_end_counts_them(log_and_topic):
    log, topic = log_and_topic
    await asyncio.gather(*(log.append(out(topic, n)) for n in range(200)))
    await log.append([])
    ends = await log.end_offsets(topic)
    assert set(ends) == set(range(PARTITIONS))
    assert sum(ends.values()) == 200


async def test_a_log_that_was_quiet_gives_what_another_process_appended(tmp_path):
    url = await migrated_file(tmp_path / "log.db")
    async with embedded(url) as (log, topic), embedded(url, exclusive=False) as (other, _):
        consumer = log.consumer(topic, "router")
        assert await read(consumer, 1, seconds=0.5) == [], "it is quiet"
        await other.append(out(topic, 1))
        assert [record.value for record in await read(consumer, 1, seconds=5)] == [b"1"]
        await consumer.stop()


async def test_two_of_a_group_share_the_partitions_and_one_takes_over_when_the_other_leaves(log_and_topic):
    log, topic = log_and_topic
    pair = [log.consumer(topic, "router"), log.consumer(topic, "router")]

    async def polled(consumer, ready):
        async with asyncio.timeout(60):
            while not ready():
                await consumer.seek([Position(p, 0) for p in consumer.partitions_to_seek()])
                await consumer.poll(10, 0.1)

    def shared():
        first, second = (consumer.assignment() for consumer in pair)
        return first and second and not first & second and first | second == set(range(PARTITIONS))

    await asyncio.gather(*(polled(consumer, shared) for consumer in pair))
    await pair[0].stop()
    await polled(pair[1], lambda: pair[1].assignment() == set(range(PARTITIONS)))
    await log.append(out(topic, *range(30)))
    assert len(await read(pair[1], 30)) == 30
    await pair[1].stop()


async def test_groups_read_for_themselves(log_and_topic):
    log, topic = log_and_topic
    await log.append(out(topic, *range(10)))
    for group in ("router", "another"):
        consumer = log.consumer(topic, group)
        assert len(await read(consumer, 10)) == 10
        await consumer.stop()


def of_size(topic, size, key=b"k"):
    """Of bytes that no codec makes smaller."""
    return RecordOut(topic, key, random.Random(7).randbytes(size - len(key)))


async def test_the_largest_record_passes_and_a_larger_one_is_an_error_of_its_own(log_and_topic):
    log, topic = log_and_topic
    await log.append([of_size(topic, RECORD_BYTES)])
    with pytest.raises(RecordTooLarge) as caught:
        await log.append([of_size(topic, RECORD_BYTES + 1)])
    assert caught.value.at == {0}
    await log.append(out(topic, 1))
    consumer = log.consumer(topic, "router")
    found = await read(consumer, 2)
    await consumer.stop()
    assert sorted(len(record.key) + len(record.value) for record in found) == [3, RECORD_BYTES]


async def test_of_several_records_it_is_said_which_are_too_large_and_which_are_stored(log_and_topic):
    log, topic = log_and_topic
    with pytest.raises(RecordTooLarge) as caught:
        await log.append([*out(topic, 0), of_size(topic, RECORD_BYTES + 1), *out(topic, 2)])
    assert caught.value.at == {1}
    stored = caught.value.stored
    consumer = log.consumer(topic, "router")
    found = await read(consumer, len(stored)) if stored else await consumer.poll(10, 0.2)
    await consumer.stop()
    assert {int(record.value) for record in found} == stored


async def test_the_beginning_is_what_retention_has_left_and_the_end_where_that_is_nothing(log_and_topic):
    log, topic = log_and_topic
    assert await log.begin_offsets(topic) == dict.fromkeys(range(PARTITIONS), 0)
    await log.append([*out(topic, *range(20), key="one"), *out(topic, *range(5), key="two")])
    one, two = (partition_of(key, PARTITIONS) for key in (b"one", b"two"))
    assert one != two
    await forget(log, topic, {one: 8, two: 5})
    assert await log.begin_offsets(topic) == dict.fromkeys(range(PARTITIONS), 0) | {one: 8, two: 5}
    consumer = log.consumer(topic, "router")
    found = await read(consumer, 12, await log.begin_offsets(topic))
    await log.append(out(topic, 5, key="two"))
    found += await read(consumer, 1)
    await consumer.stop()
    assert [(r.partition, r.offset) for r in found] == [*((one, offset) for offset in range(8, 20)), (two, 5)]


@pytest.mark.parametrize("left", [8, 20])
async def test_a_position_that_retention_has_passed_is_lost_until_another_is_given(log_and_topic, left):
    log, topic = log_and_topic
    await log.append(out(topic, *range(20), key="one"))
    partition = partition_of(b"one", PARTITIONS)
    await forget(log, topic, {partition: left})
    consumer = log.consumer(topic, "router")
    with pytest.raises(OffsetLost) as caught:
        await read(consumer, 1, {partition: 3})
    assert (caught.value.partition, caught.value.wanted, caught.value.available) == (partition, 3, left)
    assert consumer.partitions_to_seek() == {partition}
    assert await consumer.poll(10, 0.2) == []
    await consumer.seek([Position(partition, left)])
    await log.append(out(topic, 20, key="one"))
    found = await read(consumer, 21 - left)
    await consumer.stop()
    assert [record.offset for record in found] == list(range(left, 21))
