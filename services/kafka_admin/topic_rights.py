"""Who may do what on Kafka: the rights of each role's principal, printed for an administrator, and tried by the role."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError
from aiokafka.protocol.produce import ProduceRequest

from schemas.events import TOPICS
from services.adapters.log.kafka_client import client_options
from services.ports.errors import LogUnavailable
from services.settings import Settings

FAILURES = (KafkaError, OSError, TimeoutError)
ADMIN = "topics"
"""Who plans, makes and checks the topics themselves."""
MEASURED = ("signals", "thin")
"""Every process says on /metrics how far these are read, so each may ask where they end."""


class Needs(NamedTuple):
    """Topics by their short names; the group that reads is named after the role. `measured` are seen, and no more."""

    writes: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    measured: tuple[str, ...] = MEASURED
    many_groups: bool = False
    """Whether groups of its own may follow the name: `stafett.data.lake`."""

    @property
    def topics(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.writes, *self.reads, *self.measured)))

    def operations(self, topic: str) -> tuple[str, ...]:
        """What the role does with a topic of `topics`, as Kafka names it."""
        use = ("Write",) if topic in self.writes else ("Read",) if topic in self.reads else ()
        return (*use, "Describe")


NEEDS: Mapping[str, Needs] = {
    "ingest": Needs(writes=("signals", "thin")),
    "console": Needs(writes=("signals", "thin")),
    "enrich": Needs(writes=("signals",), reads=("thin",)),
    "router": Needs(reads=("signals",)),
    "relay": Needs(writes=("signals", "thin", *TOPICS)),
    "sla": Needs(writes=("signals",)),
    "delivery": Needs(),
    "alerts": Needs(),
    # Commands that ask the router for something: dlq redrive, command, import, sla recheck, agreement publish.
    "operator": Needs(writes=("signals", "thin")),
    # None of ours: programs of a data team. All four topics of events hold personal data, so no other principal reads them.
    "data": Needs(reads=tuple(TOPICS), measured=(), many_groups=True),
}


class Tried(NamedTuple):
    """What a role's client found on a topic: `refused` says what it may not do, or what is missing."""

    topic: str
    refused: bool
    text: str


def rights(settings: Settings) -> list[str]:
    """What each role may do, as arguments of kafka-acls; the principals' names are ours to propose."""
    prefix = settings.kafka.topic_prefix
    lines = [line for role, needs in NEEDS.items() for line in _rights(settings, role, needs)]
    operations = " ".join(f"--operation {name}" for name in ("Create", "Describe", "DescribeConfigs", "AlterConfigs"))
    admin = f"--add --allow-principal User:{prefix}-{ADMIN}"
    return [*lines, f"{admin} {operations} --resource-pattern-type prefixed --topic {prefix}."]


def _rights(settings: Settings, role: str, needs: Needs) -> list[str]:
    add = f"--add --allow-principal User:{settings.kafka.topic_prefix}-{role}"
    lines = []
    for name in needs.topics:
        operations = " ".join(f"--operation {operation}" for operation in needs.operations(name))
        lines.append(f"{add} {operations} --topic {settings.topic(name)}")
    pattern = "--resource-pattern-type prefixed " if needs.many_groups else ""
    return lines + ([f"{add} --operation Read {pattern}--group {group_of(settings, role)}"] if needs.reads else [])


def group_of(settings: Settings, role: str) -> str:
    """The consumer group that a role reads in."""
    return f"{settings.kafka.topic_prefix}.{role}"


async def check_rights(settings: Settings, role: str) -> list[Tried]:
    """Whether the client of these settings may do what `role` does; nothing is written. Raises LogUnavailable."""
    needs = NEEDS[role]
    client = AIOKafkaClient(**client_options(settings))
    try:
        await client.bootstrap()
        client.set_topics([settings.topic(name) for name in needs.topics])
        await client.force_metadata_update()
        found = [await _check_topic(client, settings, name, needs) for name in needs.topics]
    except FAILURES as error:
        raise LogUnavailable(f"Kafka cannot be reached: {type(error).__name__}") from error
    finally:
        await client.close()
    refused = {one.topic for one in found if one.refused}
    for topic in map(settings.topic, needs.reads):
        if topic not in refused:
            found.append(await _read(settings, topic, group_of(settings, role)))
    return found


async def _check_topic(client: AIOKafkaClient, settings: Settings, name: str, needs: Needs) -> Tried:
    topic = settings.topic(name)
    partitions = client.cluster.partitions_for_topic(topic)
    if not partitions:
        return Tried(topic, True, "cannot be seen: it is missing, or the right to Describe it is")
    if len(partitions) != settings.kafka.partitions:
        said = f"has {len(partitions)} partitions, STAFETT_KAFKA_PARTITIONS says {settings.kafka.partitions}"
        return Tried(topic, True, said)
    if name not in needs.writes:
        return Tried(topic, False, "can be seen")
    refused = await _write_refused(client, topic)
    return Tried(topic, refused, "may not be written" if refused else "may be written")


async def _write_refused(client: AIOKafkaClient, topic: str) -> bool:
    """Brokers look at the right before they look at what is sent, so a request with no record in it shows the right and
    writes nothing."""
    node = client.cluster.leader_for_partition(TopicPartition(topic, 0))
    answer = await client.send(node, ProduceRequest(None, -1, 3000, [(topic, [(0, b"")])]))
    ((_, ((_, code, *_),)),) = answer.topics
    return bool(code == TopicAuthorizationFailedError.errno)


async def _read(settings: Settings, topic: str, group: str) -> Tried:
    """Reads as the role does, from the end on, and moves no offset."""
    consumer = AIOKafkaConsumer(**client_options(settings), group_id=group, enable_auto_commit=False)
    place = TopicPartition(topic, 0)
    try:
        await consumer.start()
        consumer.assign([place])
        consumer.seek(place, (await consumer.end_offsets([place]))[place])
        await consumer.getmany(timeout_ms=500)
        await consumer.committed(place)
    except FAILURES as error:
        return Tried(topic, True, f"cannot be read by group {group}: {type(error).__name__}")
    finally:
        await consumer.stop()
    return Tried(topic, False, f"can be read by group {group}")
