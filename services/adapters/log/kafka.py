"""Apache Kafka by aiokafka: the ports `Log` and `LogConsumer`.

Choices that were measured: acks=all with idempotence off (an idempotent producer of aiokafka 0.14 may never recover from
a broker's restart), large batches, a bound on what is in flight, getmany never cancelled, positions only from the store.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from services.adapters.log.kafka_client import client_options, cluster_id
from services.ports import LogUnavailable, Position, Record, RecordOut
from services.settings import Settings

log = logging.getLogger("stafett.kafka")
BATCH_BYTES = 512 * 1024


class KafkaLog:
    """One producer for the process; consumers are made on demand."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._options = client_options(settings)
        self._producer: AIOKafkaProducer | None = None
        self._watcher: AIOKafkaConsumer | None = None
        self._in_flight = asyncio.Semaphore(settings.kafka.in_flight)
        self.cluster = ""

    async def start(self) -> None:
        try:
            self.cluster = await cluster_id(self._options)
            self._producer = AIOKafkaProducer(
                **self._options,
                acks="all",
                enable_idempotence=False,
                compression_type="lz4",
                max_batch_size=BATCH_BYTES,
                linger_ms=0,
                request_timeout_ms=self._timeout_ms,
            )
            await self._producer.start()
            self._watcher = AIOKafkaConsumer(**self._options, enable_auto_commit=False)
            await self._watcher.start()
        except (KafkaError, OSError, TimeoutError) as error:
            await self.close()
            raise LogUnavailable(f"Kafka cannot be reached: {type(error).__name__}") from error

    @property
    def _timeout_ms(self) -> int:
        return int(self._settings.kafka.request_timeout.total_seconds() * 1000)

    async def close(self) -> None:
        for client in (self._producer, self._watcher):
            if client is not None:
                await client.stop()
        self._producer = self._watcher = None

    async def append(self, records: Sequence[RecordOut]) -> None:
        """Order per key holds: aiokafka keeps one request per broker in flight, and the sends are queued in order."""
        if self._producer is None:
            raise LogUnavailable("the log is not started")
        async with self._in_flight:
            try:
                waits = [await self._producer.send(r.topic, r.value, r.key) for r in records]
                await asyncio.gather(*waits)
            except (KafkaError, OSError, TimeoutError) as error:
                raise LogUnavailable(f"Kafka did not take the records: {type(error).__name__}") from error

    async def publish(self, records: Sequence[RecordOut]) -> None:
        await self.append(records)

    def consumer(self, topic: str, group: str) -> KafkaConsumer:
        return KafkaConsumer(self._options, topic, group, self._settings)

    async def end_offsets(self, topic: str) -> dict[int, int]:
        if self._watcher is None:
            raise LogUnavailable("the log is not started")
        try:
            await self._watcher._client.force_metadata_update()  # noqa: SLF001 - aiokafka has no public way
            partitions = self._watcher.partitions_for_topic(topic) or set()
            ends = await self._watcher.end_offsets([TopicPartition(topic, p) for p in partitions])
        except (KafkaError, OSError, TimeoutError) as error:
            raise LogUnavailable(f"Kafka does not say its end: {type(error).__name__}") from error
        return {place.partition: offset for place, offset in ends.items()}

    async def check(self) -> None:
        try:
            await asyncio.wait_for(cluster_id(self._options), 5)
        except (KafkaError, OSError, TimeoutError) as error:
            raise LogUnavailable(f"Kafka does not answer: {type(error).__name__}") from error


class _Assigned(ConsumerRebalanceListener):
    """Only notes what came and went: aiokafka swallows what a listener raises, so nothing that can fail is here."""

    def __init__(self) -> None:
        self.positioned: set[int] = set()

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self.positioned -= {place.partition for place in revoked}

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self.positioned -= {place.partition for place in assigned}


class KafkaConsumer:
    """A member of the group. Started on the first poll; a partition gives records only after `seek`."""

    def __init__(self, options: dict[str, object], topic: str, group: str, settings: Settings) -> None:
        self.topic = topic
        self._listener = _Assigned()
        self._started = False
        self._consumer = AIOKafkaConsumer(
            **options,
            group_id=f"{settings.kafka.topic_prefix}.{group}",
            enable_auto_commit=False,
            auto_offset_reset="none",
            session_timeout_ms=int(settings.kafka.session_timeout.total_seconds() * 1000),
            max_poll_interval_ms=600_000,
        )

    def assignment(self) -> set[int]:
        return {place.partition for place in self._consumer.assignment()} if self._started else set()

    def unpositioned(self) -> set[int]:
        return self.assignment() - self._listener.positioned

    async def seek(self, positions: Sequence[Position]) -> None:
        for position in positions:
            place = TopicPartition(self.topic, position.partition)
            try:
                self._consumer.seek(place, position.offset)
            except IllegalStateError:
                continue  # it went to another member meanwhile
            self._listener.positioned.add(position.partition)

    async def poll(self, max_records: int, timeout: float) -> list[Record]:
        try:
            if not self._started:
                self._consumer.subscribe([self.topic], listener=self._listener)
                await self._consumer.start()
                self._started = True
            if fresh := self.unpositioned():
                self._consumer.pause(*[TopicPartition(self.topic, p) for p in fresh])
                return []
            paused = self._consumer.paused()
            if paused:
                self._consumer.resume(*paused)
            found = await self._consumer.getmany(timeout_ms=int(timeout * 1000), max_records=max_records)
        except (KafkaError, OSError, TimeoutError, IllegalStateError) as error:
            raise LogUnavailable(f"Kafka gives no records: {type(error).__name__}") from error
        ours = self._listener.positioned
        return [
            Record(self.topic, r.partition, r.offset, r.key or b"", r.value or b"")
            for place, records in found.items()
            if place.partition in ours
            for r in records
        ]

    async def committed(self, positions: Sequence[Position]) -> None:
        """For dashboards. Only of partitions that are still ours: one that is not would spoil the whole commit."""
        ours = {
            TopicPartition(self.topic, p.partition): p.offset for p in positions if p.partition in self.assignment()
        }
        if not ours:
            return
        try:
            await self._consumer.commit(ours)
        except (KafkaError, IllegalStateError) as error:
            log.debug("Kafka did not take the commit", extra={"error": type(error).__name__})

    async def stop(self) -> None:
        await self._consumer.stop()
