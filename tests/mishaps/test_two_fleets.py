"""Two Stafetts with stores of their own on one topic, by mistake: the one that comes second says so and ends; the first goes on."""

import contextlib
import uuid

import pytest

from services.adapters.log.kafka import KafkaLog
from services.ports.errors import LogUnavailable, TopicShared
from services.ports.rows import Position, RecordOut
from services.settings import load
from tests.parts.kafka import create_topics

pytestmark = [
    pytest.mark.real,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


async def poll(consumer):
    """The bodies of the next records, as a role asks for them: a broker that has just begun knows no groups yet."""
    if fresh := consumer.partitions_to_seek():
        await consumer.seek([Position(partition, 0) for partition in fresh])
    with contextlib.suppress(LogUnavailable):
        return [record.value for record in await consumer.poll(10, 0.2)]
    return []


async def poll_for_ever(consumer):
    while True:
        assert await poll(consumer) == []


async def test_the_second_is_told_and_the_first_reads_on(kafka_bootstrap):
    prefix = f"t{uuid.uuid4().hex[:8]}"
    given = {
        "DATABASE_URL": "postgresql://u@h/d",
        "LOG_URL": f"kafka://{kafka_bootstrap}",
        "KAFKA_TOPIC_PREFIX": prefix,
    }
    settings = load({f"STAFETT_{name}": value for name, value in given.items()})
    topic = settings.topic("signals")
    await create_topics(kafka_bootstrap, [topic], 2)

    def fleet(store):
        async def name():
            return store

        return KafkaLog(settings, name)

    first, sister, second = fleet("one"), fleet("one"), fleet("two")
    for log in (first, sister, second):
        await log.start()
    mine, hers, theirs = (log.consumer(topic, "router") for log in (first, sister, second))
    try:
        await first.append([RecordOut(topic, str(n).encode(), b"x") for n in range(4)])
        found = []
        while len(found) < 4:
            found += await poll(mine)
        with pytest.raises(TopicShared, match="STAFETT_KAFKA_TOPIC_PREFIX"):
            await poll_for_ever(theirs)
        # Another process of the same installation is welcome.
        while not (hers.assignment() and mine.assignment() and not hers.assignment() & mine.assignment()):
            await poll(hers)
            await poll(mine)
    finally:
        for one in (mine, hers, theirs, first, sister, second):
            await (one.stop() if one in (mine, hers, theirs) else one.close())
