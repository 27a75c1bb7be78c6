"""Apache Kafka by aiokafka: the port `LogConsumer`.

Four habits of aiokafka 0.14 shape it: a cancelled `getmany` spoils its bookkeeping; `getmany` waits without a bound while
the group rebalances; what a listener raises is swallowed; and an offset that retention has passed can be reset silently.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import ConsumerStoppedError, IllegalStateError, KafkaError, OffsetOutOfRangeError
from aiokafka.structs import OffsetAndMetadata

from schemas.certain import certain
from schemas.json_values import JsonObject
from services.adapters.log.kafka_client import member_names, report_of, reported_to
from services.ports.errors import LogUnavailable, OffsetLost, StoreUnavailable, TopicShared
from services.ports.rows import Position, Record, Reported
from services.ports.store import STEP_BYTES
from services.settings import KafkaSettings

log = logging.getLogger("stafett.kafka")
HAND_SECONDS = 10.0
"""How long partitions that have to be given up wait for the batch in hand."""
REBALANCE_SECONDS = 15.0
"""How long the group waits for a member in a rebalance, above HAND_SECONDS. Whoever is killed while it joins holds the
others up for so long, twice if the group had made it its leader."""
STOP_SECONDS = 5.0
TELL_SECONDS = 1.0
"""How long the last report of positions may take where we leave; without Kafka it would take for ever."""
REPORTED_SECONDS = 20.0
"""For Kafka to say what the group was told, over a connection of its own; it is asked where partitions come to us."""
FETCH_BYTES = 4 * 1024 * 1024
PART = 500
"""Records that are unpacked at once."""
AT_HAND_SECONDS = 0.05
ERRORS_IN_A_ROW = 5
CLIENT = "stafett-"
"""What a member's client id begins with; its store's name follows."""
Fetched = Mapping[TopicPartition, Sequence[Any]]


class KafkaConsumer:
    """A member of the group. A partition is paused from its assignment until `seek`."""

    def __init__(
        self,
        options: JsonObject,
        topic: str,
        group: str,
        settings: KafkaSettings,
        installation: Callable[[], Awaitable[str]] | None = None,
    ) -> None:
        """`installation` names the store that what is read goes into; members of one group have the same."""
        self.topic, self._installation = topic, installation
        self._options, self._group, self._settings = options, group, settings
        self._stall, self._answer = settings.stall.total_seconds(), settings.request_timeout.total_seconds()
        # Sooner would be too soon: who goes while it joins is one more dead member that the next one waits for.
        self._join_patience = max(self._stall, 3 * REBALANCE_SECONDS + settings.session_timeout.total_seconds())
        self._client: AIOKafkaConsumer | None = None
        self._fetch: asyncio.Task[Fetched] | None = None
        self._commit: asyncio.Task[None] | None = None
        self._untold: dict[TopicPartition, OffsetAndMetadata] = {}
        """Reported to us, and not yet to Kafka."""
        self._store = ""
        self._assigned: set[int] = set()
        self._next: dict[int, int] = {}
        self._stale: set[int] = set()
        self._ends: dict[TopicPartition, int] = {}
        """Where the partitions ended when nothing came the last time: what is before it has to come."""
        self._free = asyncio.Event()
        self._free.set()
        self._errors = 0
        self._moved_at = asyncio.get_running_loop().time()

    def assignment(self) -> set[int]:
        return set(self._assigned)

    def partitions_to_seek(self) -> set[int]:
        return self._assigned - self._next.keys()

    async def seek(self, positions: Sequence[Position]) -> None:
        """Partitions that are not ours any more are left out."""
        for position in positions:
            if self._client is None or position.partition not in self._assigned:
                continue
            place = self._place(position.partition)
            try:
                self._client.seek(place, position.offset)
                self._client.resume(place)
            except IllegalStateError:
                continue  # being taken from us at this moment; the listener is about to say so
            if self._fetch is not None and self._fetch.done():
                self._stale.add(position.partition)  # fetched before the seek, not yet handed out
            self._next[position.partition] = position.offset
        self._moved_at = asyncio.get_running_loop().time()

    async def poll(self, max_records: int, timeout: float) -> list[Record]:
        """A fetch that does not end in time is kept for the next poll, never cancelled."""
        self._free.set()
        clock = asyncio.get_running_loop().time
        until = clock() + timeout
        while not (records := await self._within(min(PART, max_records), until - clock())) and clock() < until:
            pass  # a fetch that an earlier poll left ended with nothing
        if records:
            self._free.clear()
            self._moved_at = clock()
            try:
                await self._read_at_hand(records, max_records)
            except BaseException:
                # Whoever ends us never sees what was taken: it is sought again, from where the store says.
                for record in records:
                    self._next.pop(record.partition, None)
                raise
        elif clock() - self._moved_at > self._stall:
            await self._watch()
        return records

    async def _read_at_hand(self, records: list[Record], max_records: int) -> None:
        """What is at hand already, by parts: how large records are is only known once they are unpacked. An error is met again
        at the next poll; what was taken is not lost for it."""
        part, size = records[:], 0
        while len(part) == PART and len(records) < max_records:
            size += sum(len(record.value) for record in part)
            if size >= STEP_BYTES:
                return
            try:
                part = await self._within(min(PART, max_records - len(records)), AT_HAND_SECONDS)
            except (LogUnavailable, OffsetLost):
                return
            records += part

    async def _within(self, max_records: int, timeout: float) -> list[Record]:
        if self._fetch is None:
            self._fetch = asyncio.create_task(self._get(max_records, max(timeout, 0.0)), name="kafka-fetch")
        done, _ = await asyncio.wait({self._fetch}, timeout=max(timeout, 0.0))
        return await self._take_fetched() if done else []

    async def _get(self, max_records: int, timeout: float) -> Fetched:
        if self._client is None:
            await self._join()
        client = certain(self._client, "it has joined")
        fetched: Fetched = await client.getmany(timeout_ms=int(timeout * 1000), max_records=max_records)
        return fetched

    async def _join(self) -> None:
        options = self._options | await self._name_of_ours()
        client = AIOKafkaConsumer(
            **options,
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_uncommitted",
            session_timeout_ms=int(self._settings.session_timeout.total_seconds() * 1000),
            rebalance_timeout_ms=int(REBALANCE_SECONDS * 1000),
            max_poll_interval_ms=600_000,
            max_partition_fetch_bytes=FETCH_BYTES,
        )
        try:
            await client.start()
            if self.topic not in await client.topics():
                raise LogUnavailable(f"there is no topic {self.topic}, or we may not see it; see `stafett topics plan`")
        except BaseException:
            await stop_client(client)
            raise
        self._client = client
        client.subscribe([self.topic], listener=_Listener(self, client))

    async def _name_of_ours(self) -> JsonObject:
        """The client id that says whose member we are. Raises TopicShared where the group has members of another installation."""
        if self._installation is None:
            return {}
        try:
            ours = f"{CLIENT}{await self._installation()}"
        except StoreUnavailable as error:
            raise LogUnavailable(f"the store does not say which one it is: {error}") from error
        others = {name for name in await member_names(self._options, self._group) if name.startswith(CLIENT)} - {ours}
        if others:
            raise TopicShared
        self._store = ours
        return {"client_id": ours}

    async def _take_fetched(self) -> list[Record]:
        task, self._fetch = certain(self._fetch, "it was waited for"), None
        stale, self._stale = self._stale, set()
        try:
            fetched = task.result()
        except OffsetOutOfRangeError as error:
            await self._stop_at_lost_offset(error)
            return []
        except (KafkaError, ConsumerStoppedError, OSError, TimeoutError) as error:
            self._errors += 1
            if self._errors >= ERRORS_IN_A_ROW:
                await self._renew(f"{self._errors} errors in a row")
            raise LogUnavailable(f"Kafka gives no records: {type(error).__name__}") from error
        self._errors = 0
        return [record for place, found in fetched.items() for record in self._ours(place.partition, found, stale)]

    def _ours(self, partition: int, found: Sequence[Any], stale: set[int]) -> list[Record]:
        if partition in stale or partition not in self._next or not found:
            return []
        self._next[partition] = found[-1].offset + 1
        return [
            Record(topic=self.topic, partition=partition, offset=r.offset, key=r.key or b"", value=r.value or b"")
            for r in found
        ]

    async def _stop_at_lost_offset(self, error: OffsetOutOfRangeError) -> None:
        """Such a partition is not read until somebody seeks it. Raises OffsetLost, LogUnavailable."""
        client = certain(self._client, "it has fetched")
        place, wanted = next(iter(error.args[0].items()))
        if self._next.pop(place.partition, None) is None:
            return  # of an assignment that is over
        try:
            client.pause(place)
            async with asyncio.timeout(self._stall):
                begins = await client.beginning_offsets([place])
        except (KafkaError, OSError, TimeoutError) as failure:
            raise LogUnavailable(f"Kafka does not say its beginning: {type(failure).__name__}") from failure
        raise OffsetLost(self.topic, place.partition, wanted, begins[place])

    async def _watch(self) -> None:
        """Nothing came for long. Where there is something to read, or we never got into the group, begin again."""
        now = asyncio.get_running_loop().time()
        if self._fetch is not None and not self._fetch.done() and not self._assigned:
            if now - self._moved_at > self._join_patience:
                await self._renew("the group did not let us in")
            return
        self._moved_at = now
        if self._client is None or self.partitions_to_seek():
            return
        places = [self._place(partition) for partition in self._next]
        try:
            async with asyncio.timeout(self._answer):
                ends = await self._client.end_offsets(places) if places else {}
                behind = [p for p, end in self._ends.items() if p in ends and end > await self._client.position(p)]
        except TimeoutError as error:
            # No reset says it where packets are dropped: to ask once more on these connections would end the same way.
            await self._renew("Kafka does not answer", is_silent=True)
            raise LogUnavailable("Kafka does not say its end: TimeoutError") from error
        except (KafkaError, OSError, IllegalStateError) as error:
            raise LogUnavailable(f"Kafka does not say its end: {type(error).__name__}") from error
        self._ends = ends
        if behind:
            await self._renew("partitions grow and nothing comes")

    async def _renew(self, reason: str, *, is_silent: bool = False) -> None:
        """`is_silent`: there is nobody to say goodbye to."""
        log.warning("joining the group again: %s", reason, extra={"topic": self.topic})
        if is_silent and self._client is not None:
            await hang_up(self._client)
        await self._leave()
        self._errors = 0
        self._moved_at = asyncio.get_running_loop().time()

    async def report_positions(self, positions: Sequence[Position], epoch: int | None = None) -> None:
        """In the background and one at a time: aiokafka repeats a commit for as long as Kafka is away. What comes meanwhile goes next."""
        self._free.set()
        self._untold |= {self._place(p.partition): report_of(p.offset, epoch, self._store) for p in positions}
        if self._client is not None and (self._commit is None or self._commit.done()):
            self._commit = asyncio.create_task(self._tell(self._client), name="kafka-commit")

    async def _tell(self, client: AIOKafkaConsumer) -> None:
        while self._untold and self._is_current(client):
            # One partition that is not ours would spoil the whole commit.
            ours = {place: at for place, at in self._untold.items() if place.partition in self._assigned}
            self._untold = {}
            if ours:
                await _commit(client, ours)

    async def reported_positions(self) -> Mapping[int, Reported]:
        try:
            async with asyncio.timeout(REPORTED_SECONDS):
                return await reported_to(self._options, self._group, self.topic, self._store)
        except (KafkaError, OSError, TimeoutError) as error:
            raise LogUnavailable(f"Kafka does not say what was reported: {type(error).__name__}") from error

    async def stop(self) -> None:
        """Leaves the group, so that others take over at once, after it was told what was reported last."""
        self._free.set()
        if self._commit is not None:
            await asyncio.wait({self._commit}, timeout=TELL_SECONDS)
        await self._leave()

    async def _leave(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await stop_client(client)
        # The client is gone, or is just joining and stops itself: nothing can be spoiled by cancelling now.
        tasks = [task for task in (self._fetch, self._commit) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._fetch = self._commit = None
        self._assigned, self._next, self._stale, self._ends, self._untold = set(), {}, set(), {}, {}

    def _place(self, partition: int) -> TopicPartition:
        return TopicPartition(self.topic, partition)

    def _is_current(self, client: object) -> bool:
        return client is self._client

    async def give_up(self, client: AIOKafkaConsumer) -> None:
        """Told by the listener, before the group goes on without us."""
        if not self._is_current(client):
            return
        try:
            async with asyncio.timeout(HAND_SECONDS):
                await self._free.wait()
        except TimeoutError:
            log.warning("the batch in hand takes long; the store's positions fence it", extra={"topic": self.topic})
        self._assigned, self._next = set(), {}

    def take_up(self, client: AIOKafkaConsumer, places: Iterable[TopicPartition]) -> None:
        """Told by the listener. Paused at a position of no meaning, so that aiokafka looks up none of its own."""
        if not self._is_current(client):
            return
        places = list(places)
        self._assigned, self._next = {place.partition for place in places}, {}
        for place in places:
            client.pause(place)
            client.seek(place, 0)
        said = ",".join(map(str, sorted(self._assigned)))
        log.info("partitions assigned", extra={"topic": self.topic, "group": self._group, "partition": said})


async def stop_client(client: AIOKafkaConsumer | AIOKafkaProducer) -> None:
    """Leaves the group. Bounded: the farewell could wait for ever without a broker, and as long as a rebalance lasts
    while we join; then the connections are closed under it, which ends what it waits for. In a task of its own, for
    aiokafka then lets a cancellation of its own fetch escape, before it closed its connections."""
    farewell = asyncio.create_task(client.stop(), name="kafka-stop")
    _, late = await asyncio.wait({farewell}, timeout=STOP_SECONDS)
    if late:
        await hang_up(client)
        _, late = await asyncio.wait({farewell}, timeout=STOP_SECONDS)
    for task in late:
        task.cancel()
    outcome = (await asyncio.gather(farewell, return_exceptions=True))[0]
    if outcome is not None:
        log.debug("left the group without a farewell", extra={"error": type(outcome).__name__})
        await hang_up(client)


async def hang_up(client: AIOKafkaConsumer | AIOKafkaProducer) -> None:
    """Closes the connections, which stop() does last of all, if it gets there. The library has no public way."""
    inner = client.client if isinstance(client, AIOKafkaProducer) else client._client  # noqa: SLF001 - aiokafka gives no other way to it
    await inner.close()


async def _commit(client: AIOKafkaConsumer, offsets: Mapping[TopicPartition, OffsetAndMetadata]) -> None:
    try:
        await client.commit(offsets)
    except (KafkaError, IllegalStateError, OSError, TimeoutError) as error:
        log.debug("Kafka did not take the commit", extra={"error": type(error).__name__})


class _Listener(ConsumerRebalanceListener):
    """Only passes on what came and went; nothing that it calls may fail."""

    def __init__(self, owner: KafkaConsumer, client: AIOKafkaConsumer) -> None:
        self._owner, self._client = owner, client

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:  # noqa: ARG002 - always all
        await self._owner.give_up(self._client)

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._owner.take_up(self._client, assigned)
