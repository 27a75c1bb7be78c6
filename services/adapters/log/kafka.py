"""Apache Kafka by aiokafka: the port `Log`.

Choices that were measured: acks=all with idempotence off (an idempotent producer of aiokafka 0.14 may never recover from
a broker's restart, and its batches never expire), large batches, and a bound on what is in flight (waking many tasks that
wait for one full batch costs quadratic time).
"""

from __future__ import annotations

import asyncio
import importlib.util
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import MessageSizeTooLargeError

from schemas.certain import certain
from services.adapters.log.kafka_client import client_options, cluster_id
from services.adapters.log.kafka_consumer import KafkaConsumer, hang_up, stop_client
from services.adapters.log.kafka_lanes import FAILURES, TOO_LARGE, Lanes
from services.adapters.log.partitioner import partition_of
from services.ports.errors import LogUnavailable, RecordTooLarge
from services.ports.log import RECORD_BYTES, is_oversized
from services.ports.rows import RecordOut
from services.settings import Settings

BATCH_BYTES = 512 * 1024
REQUEST_BYTES = RECORD_BYTES + 1024
"""Largest batch of one record that is sent: Kafka's own words about a record take less than the difference."""
START_SECONDS = 20.0
CHECK_SECONDS = 5.0
_Queues = dict[tuple[str, int], deque[RecordOut]]
Ask = Callable[[AIOKafkaConsumer, list[TopicPartition]], Awaitable[dict[TopicPartition, int]]]


class KafkaLog:
    """One producer for the process; consumers are made on demand."""

    def __init__(self, settings: Settings, installation: Callable[[], Awaitable[str]] | None = None) -> None:
        """`installation` names the store that consumers read for; where it is left out, nobody looks who else reads."""
        self._settings, self._installation = settings, installation
        self._options = client_options(settings)
        self._timeout = settings.kafka.request_timeout.total_seconds()
        self._producer: AIOKafkaProducer | None = None
        self._lanes: Lanes | None = None
        self._watcher: AIOKafkaConsumer | None = None
        self._renewing = asyncio.Lock()
        self._in_flight = asyncio.Semaphore(settings.kafka.in_flight)
        self.cluster = ""

    async def start(self) -> None:
        """All or nothing, so that it can be tried again. Raises LogUnavailable."""
        clients: list[AIOKafkaProducer | AIOKafkaConsumer] = []
        try:
            async with asyncio.timeout(START_SECONDS):
                cluster = await cluster_id(self._options)
                for client in (producer := self._new_producer(), watcher := self._new_watcher()):
                    clients.append(client)
                    await client.start()
        except BaseException as error:
            for client in clients:
                await client.stop()
            if isinstance(error, FAILURES):
                raise LogUnavailable(f"Kafka cannot be reached: {type(error).__name__}") from error
            raise
        self.cluster, self._producer, self._watcher = cluster, producer, watcher
        self._lanes = Lanes(producer)

    def _new_producer(self) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            **self._options,
            acks="all",
            enable_idempotence=False,
            compression_type="lz4" if importlib.util.find_spec("cramjam") else None,
            max_batch_size=BATCH_BYTES,
            max_request_size=REQUEST_BYTES,
            linger_ms=0,
            request_timeout_ms=int(self._timeout * 1000),
        )

    def _new_watcher(self) -> AIOKafkaConsumer:
        """Belongs to no group and reads nothing: it only knows where partitions end."""
        timeout_ms = int(self._timeout * 1000)
        return AIOKafkaConsumer(**self._options, enable_auto_commit=False, request_timeout_ms=timeout_ms)

    async def close(self) -> None:
        """Waits for what is in flight, which is acknowledged or expired within the request timeout."""
        clients = (self._producer, self._watcher)
        self._producer = self._watcher = None
        for client in clients:
            if client is not None:
                await stop_client(client)

    def _require_producer(self) -> AIOKafkaProducer:
        if self._producer is None:
            raise LogUnavailable("the log is not started")
        return self._producer

    async def append(self, records: Sequence[RecordOut]) -> None:
        """Returns when all are acknowledged by all replicas in sync. Raises LogUnavailable, RecordTooLarge."""
        self._require_producer()
        fates = await self._fates(certain(self._lanes, "it starts with the producer"), records)
        failed = {at: fate for at, fate in enumerate(fates) if fate is not None}
        if not failed:
            return
        stored = frozenset(range(len(fates))) - failed.keys()
        if large := frozenset(at for at, error in failed.items() if isinstance(error, TOO_LARGE)):
            raise RecordTooLarge(large, stored)
        error = next(iter(failed.values()))
        raise LogUnavailable(f"Kafka did not take the records: {type(error).__name__}", stored) from error

    async def _fates(self, lanes: Lanes, records: Sequence[RecordOut]) -> list[BaseException | None]:
        """What became of each: None for those acknowledged. Those behind one that could not even be sent are not in it."""
        sent: list[asyncio.Future[None]] = []
        for record in records:
            try:
                sent.append(await self._send(lanes, record))
            except FAILURES as error:
                sent.append(_failed_future(error))
                if not isinstance(error, TOO_LARGE):
                    break
        await _wait_until_done(sent)
        return [wait.exception() for wait in sent]

    async def _send(self, lanes: Lanes, record: RecordOut) -> asyncio.Future[None]:
        if is_oversized(record):
            raise MessageSizeTooLargeError
        if self._in_flight.locked():
            async with asyncio.timeout(self._timeout):
                await self._in_flight.acquire()
        else:
            await self._in_flight.acquire()  # at once
        try:
            sent = await lanes.send(record)
        except BaseException:
            self._in_flight.release()
            raise
        sent.add_done_callback(self._free_place)
        return sent

    def _free_place(self, sent: asyncio.Future[None]) -> None:
        self._in_flight.release()
        if not sent.cancelled():
            sent.exception()  # seen, even where the caller gave up waiting

    async def publish(self, records: Sequence[RecordOut]) -> None:
        """In order per key even where the broker fails in between: a partition has one batch on its way at a time, which
        it takes or leaves as a whole, so that no event is ever seen before an earlier one of its key."""
        producer = self._require_producer()
        try:
            lanes = await _lanes(producer, records)
            while lanes:
                waits = []
                for (topic, partition), lane in lanes.items():
                    waits.append(await producer.send_batch(_fill_batch(producer, lane), topic, partition=partition))
                await _wait_for_all(waits)
                lanes = {place: lane for place, lane in lanes.items() if lane}
        except TOO_LARGE as error:
            raise RecordTooLarge(frozenset(range(len(records)))) from error
        except FAILURES as error:
            raise LogUnavailable(f"Kafka did not take the events: {type(error).__name__}") from error

    def consumer(self, topic: str, group: str) -> KafkaConsumer:
        """A new member of the group; it joins at its first poll."""
        full = f"{self._settings.kafka.topic_prefix}.{group}"
        return KafkaConsumer(self._options, topic, full, self._settings.kafka, installation=self._installation)

    async def begin_offsets(self, topic: str) -> dict[int, int]:
        """Raises LogUnavailable."""
        return await self._offsets(topic, lambda watcher, places: watcher.beginning_offsets(places), "beginning")

    async def end_offsets(self, topic: str) -> dict[int, int]:
        """Raises LogUnavailable."""
        return await self._offsets(topic, lambda watcher, places: watcher.end_offsets(places), "end")

    async def _offsets(self, topic: str, ask: Ask, what: str) -> dict[int, int]:
        producer, watcher = self._require_producer(), certain(self._watcher, "it starts with the producer")
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                partitions = await producer.partitions_for(topic)
                offsets = await ask(watcher, [TopicPartition(topic, p) for p in partitions])
        except FAILURES as error:
            await self._renew_watcher(watcher)
            raise LogUnavailable(f"Kafka does not say its {what}: {type(error).__name__}") from error
        return {place.partition: offset for place, offset in offsets.items()}

    async def _renew_watcher(self, failed: AIOKafkaConsumer) -> None:
        """The library ends a question after the request's own time, and then keeps the connection on which nobody answers. Where no
        new one can be had, the next question tries again."""
        if self._watcher is not failed or self._renewing.locked():
            return
        async with self._renewing:
            watcher = self._new_watcher()
            try:
                async with asyncio.timeout(CHECK_SECONDS):
                    await watcher.start()
            except FAILURES:
                await stop_client(watcher)
                return
            self._watcher = watcher
            await hang_up(failed)
            await stop_client(failed)

    async def check(self) -> None:
        """Raises LogUnavailable."""
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                found = await cluster_id(self._options)
        except FAILURES as error:
            raise LogUnavailable(f"Kafka does not answer: {type(error).__name__}") from error
        if self.cluster and found != self.cluster:
            raise LogUnavailable(f"the brokers are now those of cluster {found}, we started on {self.cluster}")


def _failed_future(error: BaseException) -> asyncio.Future[None]:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.set_exception(error)
    future.exception()  # seen, even where the caller gave up waiting
    return future


async def _wait_until_done(waits: Sequence[asyncio.Future[Any]]) -> None:
    """Until all of them are over, however. Cancelling the wait cancels none of them."""
    if waits:
        await asyncio.wait(waits)


async def _wait_for_all(waits: Sequence[asyncio.Future[object]]) -> None:
    """Waits for all of them, then raises the first failure."""
    await _wait_until_done(waits)
    failures = [error for error in (wait.exception() for wait in waits) if error is not None]
    if failures:
        raise failures[0]


async def _lanes(producer: AIOKafkaProducer, records: Sequence[RecordOut]) -> _Queues:
    lanes: _Queues = {}
    for record in records:
        count = len(await producer.partitions_for(record.topic))
        lanes.setdefault((record.topic, partition_of(record.key, count)), deque()).append(record)
    return lanes


def _fill_batch(producer: AIOKafkaProducer, lane: deque[RecordOut]) -> object:
    """A batch with as much of the lane as fits, at least one record; what is in it leaves the lane."""
    batch = producer.create_batch()
    while lane and batch.append(timestamp=None, key=lane[0].key, value=lane[0].value) is not None:
        lane.popleft()
    batch.close()
    return batch
