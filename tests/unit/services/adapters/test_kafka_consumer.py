"""What a consumer of Kafka keeps in memory of where it reads, when whoever asks is ended in the middle, and what it takes for an answer."""

import asyncio
from types import SimpleNamespace

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import NotCoordinatorForGroupError, UnknownTopicOrPartitionError

from services.adapters.log import kafka_client
from services.adapters.log.kafka_consumer import PART, KafkaConsumer
from services.ports.errors import LogUnavailable
from services.ports.rows import Record, Reported
from services.settings.tree import KafkaSettings


class Consumer(KafkaConsumer):
    """Gives a whole part at once, and never the next one."""

    def __init__(self):
        super().__init__({}, "t", "g", KafkaSettings())
        self._assigned, self._next, self.parts = {0, 1}, {0: 0, 1: 0}, 0

    async def _within(self, max_records, timeout):
        self.parts += 1
        if self.parts > 1:
            await asyncio.Event().wait()
        self._next[0] = PART
        return [Record("t", 0, offset, b"k", b"v") for offset in range(PART)]


async def test_records_that_nobody_got_are_sought_again():
    consumer = Consumer()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await consumer.poll(4 * PART, 0.2)
    assert consumer.parts == 2 and consumer.partitions_to_seek() == {0}


def broker(monkeypatch, error, *places):
    """Says this when it is asked what the group was told."""

    class Admin(AIOKafkaAdminClient):
        def __init__(self, **options):
            """It is connected to nothing."""

        async def start(self):
            """Nothing to connect to."""

        async def close(self):
            """Nothing to hang up."""

        async def find_coordinator(self, group_id, coordinator_type=0):
            return 1

        async def _send_request(self, request, node_id=None):
            return SimpleNamespace(error_code=error, topics=[("t", places)] if places else [])

    monkeypatch.setattr(kafka_client, "AIOKafkaAdminClient", Admin)


@pytest.mark.parametrize(
    ("error", "places", "cause"),
    [(16, (), NotCoordinatorForGroupError), (0, ((0, -1, "", 3),), UnknownTopicOrPartitionError)],
    ids=["the whole", "one partition"],
)
async def test_an_error_is_not_taken_for_a_group_that_was_told_nothing(monkeypatch, error, places, cause):
    broker(monkeypatch, error, *places)
    with pytest.raises(LogUnavailable, match=cause.__name__) as caught:
        await Consumer().reported_positions()
    assert isinstance(caught.value.__cause__, cause)


async def test_of_what_the_group_was_told_counts_what_names_our_store(monkeypatch):
    ours, other = '{"epoch": 2, "store": ""}', '{"epoch": 2, "store": "another"}'
    broker(monkeypatch, 0, (0, 7, ours, 0), (1, 8, other, 0), (2, 9, "", 0))
    assert await Consumer().reported_positions() == {0: Reported(7, 2)}
