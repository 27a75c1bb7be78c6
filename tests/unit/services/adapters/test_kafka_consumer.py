"""What a consumer of Kafka keeps in memory of where it reads, when whoever asks is ended in the middle."""

import asyncio

import pytest

from services.adapters.log.kafka_consumer import PART, KafkaConsumer
from services.ports.rows import Record
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
