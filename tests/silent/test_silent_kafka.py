"""Kafka whose connections die without a word: questions are answered again on a new one, and a consumer joins its group again."""

import asyncio
import time
import uuid

import pytest

from services.adapters.log import kafka_consumer
from services.adapters.log.kafka import KafkaLog
from services.ports.errors import LogUnavailable
from services.ports.rows import Position, RecordOut
from services.settings import load
from tests.parts.kafka import KafkaBroker, create_topics
from tests.parts.process import free_port
from tests.parts.silent_proxy import SilentProxy

pytestmark = [
    pytest.mark.real,
    # aiokafka closes its connections without waiting for the close.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
SWIFT = {"KAFKA_REQUEST_TIMEOUT": "1s", "KAFKA_STALL": "1s", "KAFKA_SESSION_TIMEOUT": "6s"}


async def until_it_goes(work):
    """(what it gives, seconds); LogUnavailable is tried again."""
    begun = time.monotonic()
    async with asyncio.timeout(20):
        while True:
            try:
                return await work(), time.monotonic() - begun
            except LogUnavailable:
                await asyncio.sleep(0.1)


async def poll_some(consumer):
    """The next records' bodies. A consumer that has joined reads on where we say."""
    while True:
        if fresh := consumer.partitions_to_seek():
            await consumer.seek([Position(partition, 1) for partition in fresh])
        if records := await consumer.poll(10, 0.2):
            return [record.value for record in records]


async def test_all_that_a_role_asks_of_kafka_is_answered_again_and_the_end_comes_in_time(monkeypatch):
    monkeypatch.setattr(kafka_consumer, "STOP_SECONDS", 1.0)
    port = free_port()
    with SilentProxy(0, port) as silent:
        broker = KafkaBroker(advertised=port)
        silent.to = broker.port
        broker.start()
        prefix = f"t{uuid.uuid4().hex[:8]}"
        settings = load(
            {"STAFETT_DATABASE_URL": "postgresql://u@h/d", "STAFETT_LOG_URL": f"kafka://{broker.bootstrap}"}
            | {f"STAFETT_{name}": value for name, value in {**SWIFT, "KAFKA_TOPIC_PREFIX": prefix}.items()}
        )
        topic, log = settings.topic("signals"), KafkaLog(settings)
        try:
            await create_topics(broker.bootstrap, [topic], 1)
            await log.start()
            consumer = log.consumer(topic, "router")
            await log.append([RecordOut(topic, b"k", b"first")])
            await log.append([RecordOut(topic, b"k", b"before")])
            assert await log.end_offsets(topic) == {0: 2}
            assert await poll_some(consumer) == [b"before"]
            assert silent.cut() >= 4
            (ends, asked), (_, sent) = await asyncio.gather(
                until_it_goes(lambda: log.end_offsets(topic)),
                until_it_goes(lambda: log.append([RecordOut(topic, b"k", b"after")])),
            )
            assert ends in ({0: 2}, {0: 3})
            assert asked < 6 and sent < 4
            values, took = await until_it_goes(lambda: poll_some(consumer))
            assert values[-1] == b"after" and took < 12
            silent.cut(new=True)
            begun = time.monotonic()
            await consumer.stop()
            await log.close()
            assert time.monotonic() - begun < 10
        finally:
            await log.close()
            broker.close()
