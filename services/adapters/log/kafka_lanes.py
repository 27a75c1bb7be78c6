"""Records on their way to Kafka: what comes together shares a batch, whoever appends it.

A partition has one batch on its way at a time; what comes meanwhile waits for it and goes in the next. So a batch that fails fails
what waits behind it in its lane too, which was never sent: nobody waits for two timeouts, and of one key no record overtakes
another.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, RecordListTooLargeError

from services.adapters.log.partitioner import partition_of
from services.ports.rows import RecordOut

FAILURES = (KafkaError, OSError, TimeoutError)
TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)
Fate = asyncio.Future[None]


class _Waiting(NamedTuple):
    record: RecordOut
    fate: Fate


class Lanes:
    """The lanes of one producer. Safe to share within one event loop."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer
        self._lanes: dict[tuple[str, int], _Lane] = {}

    async def send(self, record: RecordOut) -> Fate:
        """Done once the record is acknowledged by all replicas in sync, or failed. Raises KafkaError where the topic is not known."""
        count = len(await self._producer.partitions_for(record.topic))
        place = (record.topic, partition_of(record.key, count))
        lane = self._lanes.get(place)
        if lane is None:
            lane = self._lanes[place] = _Lane(self._producer, *place)
        return lane.add(record)


class _Lane:
    def __init__(self, producer: AIOKafkaProducer, topic: str, partition: int) -> None:
        self._producer, self._topic, self._partition = producer, topic, partition
        self._waiting: deque[_Waiting] = deque()
        self._task: asyncio.Task[None] | None = None

    def add(self, record: RecordOut) -> Fate:
        """What else is added in this turn of the event loop goes with it."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting(record, loop.create_future())
        self._waiting.append(waiting)
        if self._task is None:
            self._task = loop.create_task(self._run())
        return waiting.fate

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._send_next()
        finally:
            self._task = None
            # Some are left only where the task is ended amid a batch: nobody may wait for ever.
            _fail(self._waiting, KafkaError("the batch before it was given up"))
            self._waiting.clear()

    async def _send_next(self) -> None:
        """The next batch, and what becomes of those that were in it."""
        batch, inside = self._producer.create_batch(), []
        while self._waiting:
            record = self._waiting[0].record
            if batch.append(timestamp=None, key=record.key, value=record.value) is None:
                break
            inside.append(self._waiting.popleft())
        batch.close()
        try:
            await (await self._producer.send_batch(batch, self._topic, partition=self._partition))
        except TOO_LARGE as error:
            _fail(inside, error)  # it says nothing of what waits behind it
        except FAILURES as error:
            _fail([*inside, *self._waiting], error)
            self._waiting.clear()
        except BaseException:
            _fail(inside, KafkaError("the batch was given up"))
            raise
        else:
            for waiting in inside:
                if not waiting.fate.done():
                    waiting.fate.set_result(None)


def _fail(those: Iterable[_Waiting], error: BaseException) -> None:
    for waiting in those:
        if not waiting.fate.done():
            waiting.fate.set_exception(error)
