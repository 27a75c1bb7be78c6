"""The topics that Kafka must have, compared with those that it has."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal, NamedTuple, Self

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError, for_code

from schemas.events import TOPICS
from services.adapters.log.kafka import REQUEST_BYTES
from services.adapters.log.kafka_client import client_options
from services.kafka_admin.topic_rights import ADMIN, check_rights
from services.ports.errors import LogUnavailable
from services.settings import Settings

SEGMENT = timedelta(days=1)
"""How long a topic's newest segment is written to at most; small installations never fill one."""
NAMES = ("signals", "thin", *TOPICS)
FAILURES = (KafkaError, OSError, TimeoutError)
UNKNOWN_TOPIC, TOPIC_EXISTS = 3, 36
VISIBLE_SECONDS = 30.0
TOPIC_CONFIG = 1
"""`config_source` of a value that was set on the topic itself."""


class Desired(NamedTuple):
    """A topic as it has to be."""

    name: str
    partitions: int
    replicas: int
    configs: Mapping[str, str]


class Found(NamedTuple):
    """A topic as it is. `configs` has all values in force, `own` those that were set on the topic itself."""

    partitions: int
    replicas: int
    configs: Mapping[str, str]
    own: Mapping[str, str]


class Finding(NamedTuple):
    """`create` and `alter` are what `apply` does; an `error` is for a person to solve."""

    topic: str
    kind: Literal["ok", "create", "alter", "error"]
    text: str


def desired_topics(settings: Settings) -> list[Desired]:
    """The topics of these settings. Never compacted: a compacted topic keeps what an erasure has to end."""
    kafka = settings.kafka
    configs = {
        "cleanup.policy": "delete",
        "retention.ms": str(kafka.retention // timedelta(milliseconds=1)),
        # A record stays until its whole segment is that old: of Kafka's own seven days it would be twice the retention.
        "segment.ms": str(min(kafka.retention, SEGMENT) // timedelta(milliseconds=1)),
        "min.insync.replicas": str(kafka.min_insync_replicas),
        "max.message.bytes": str(REQUEST_BYTES),
    }
    return [Desired(settings.topic(name), kafka.partitions, kafka.replication_factor, configs) for name in NAMES]


def compare(wanted: Desired, found: Found | None) -> Iterator[Finding]:
    """What is between a topic as it is and as it has to be."""
    if found is None:
        said = ", ".join(f"{name}={value}" for name, value in wanted.configs.items())
        yield Finding(wanted.name, "create", f"{wanted.partitions} partitions, {wanted.replicas} replicas, {said}")
        return
    if found.partitions != wanted.partitions:
        yield Finding(
            wanted.name,
            "error",
            f"has {found.partitions} partitions, STAFETT_KAFKA_PARTITIONS says {wanted.partitions}; changing them would move"
            f" keys and break their order, so set STAFETT_KAFKA_PARTITIONS={found.partitions} or begin with a new prefix",
        )
    if found.replicas != wanted.replicas:
        yield Finding(
            wanted.name,
            "error",
            f"has {found.replicas} replicas, STAFETT_KAFKA_REPLICATION_FACTOR says {wanted.replicas}; move it with"
            " kafka-reassign-partitions, or correct the setting",
        )
    differences = {n: v for n, v in wanted.configs.items() if found.configs.get(n) != v}
    for name, value in differences.items():
        yield Finding(wanted.name, "alter", f"{name}: {found.configs.get(name)} -> {value}")
    if not differences and (found.partitions, found.replicas) == (wanted.partitions, wanted.replicas):
        yield Finding(wanted.name, "ok", "as it has to be")


async def plan(settings: Settings) -> list[Finding]:
    """What `apply` would do, and what it cannot. Raises LogUnavailable."""
    wanted = desired_topics(settings)
    async with _Admin(settings) as admin:
        found = await admin.find_topics([topic.name for topic in wanted])
    return [finding for topic in wanted for finding in compare(topic, found[topic.name])]


async def apply(settings: Settings) -> list[Finding]:
    """Creates topics and sets their configuration; never changes partitions or replicas. Raises LogUnavailable."""
    findings = await plan(settings)
    kinds = {finding.topic: finding.kind for finding in findings if finding.kind in {"create", "alter"}}
    async with _Admin(settings) as admin:
        found = await admin.find_topics(list(kinds)) if kinds else {}
        for topic in desired_topics(settings):
            if kinds.get(topic.name) == "create":
                await admin.create(topic)
            elif kinds.get(topic.name) == "alter":
                now = found[topic.name]
                await admin.alter(topic.name, {**(now.own if now else {}), **topic.configs})
    if kinds:
        try:
            await _visible(settings)
        except TimeoutError as error:
            raise LogUnavailable("Kafka took the changes but does not show them yet") from error
    return findings


async def _visible(settings: Settings) -> None:
    """Brokers hear of a change a moment after it was taken; who reads next should see it."""
    async with asyncio.timeout(VISIBLE_SECONDS):
        while any(f.kind in {"create", "alter"} for f in await plan(settings)):  # noqa: ASYNC110 - Kafka tells nobody
            await asyncio.sleep(0.2)


async def check(settings: Settings, role: str | None = None) -> list[Finding]:
    """Whether the topics are as they have to be, for the principal that made them; with `role`, whether this client may do
    there what that role does. Raises LogUnavailable."""
    if role is None or role == ADMIN:
        findings = await plan(settings)
        return [f._replace(kind="error", text="is missing") if f.kind == "create" else f for f in findings]
    return [
        Finding(one.topic, "error" if one.refused else "ok", one.text) for one in await check_rights(settings, role)
    ]


class _Admin:
    """aiokafka's admin client with its answers' error codes looked at."""

    def __init__(self, settings: Settings) -> None:
        self._client = AIOKafkaAdminClient(**client_options(settings))

    async def __aenter__(self) -> Self:
        try:
            await self._client.start()
        except FAILURES as error:
            await self._client.close()
            raise LogUnavailable(f"Kafka cannot be reached: {type(error).__name__}") from error
        return self

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        await self._client.close()
        if isinstance(error, FAILURES):
            raise LogUnavailable(f"Kafka refused: {type(error).__name__}") from error

    async def find_topics(self, names: Sequence[str]) -> dict[str, Found | None]:
        topics: dict[str, Found | None] = dict.fromkeys(names)
        for topic in await self._client.describe_topics(list(names)):
            if topic["error_code"] == UNKNOWN_TOPIC:
                continue
            _raise(topic["error_code"])
            parts = topic["partitions"]
            try:
                configs, own = await self._configs(topic["topic"])
            except UnknownTopicOrPartitionError:
                continue  # made a moment ago, and this broker has not heard of it: of several each is asked in turn
            topics[topic["topic"]] = Found(len(parts), min(len(p["replicas"]) for p in parts), configs, own)
        return topics

    async def _configs(self, name: str) -> tuple[dict[str, str], dict[str, str]]:
        answers = await self._client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
        error_code, _, _, _, entries = answers[0].resources[0]
        _raise(error_code)
        configs = {entry[0]: entry[1] for entry in entries}
        return configs, {entry[0]: entry[1] for entry in entries if entry[3] == TOPIC_CONFIG}

    async def create(self, topic: Desired) -> None:
        new = NewTopic(topic.name, topic.partitions, topic.replicas, topic_configs=dict(topic.configs))
        answer = await self._client.create_topics([new])
        for error in answer.topic_errors:
            if error[1] != TOPIC_EXISTS:  # somebody applies at the same time
                _raise(error[1])

    async def alter(self, name: str, configs: Mapping[str, str]) -> None:
        """This request replaces all that was set on the topic, so what others set there has to be among `configs`."""
        answers = await self._client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, dict(configs))])
        for error in answers[0].resources:
            _raise(error[0])


def _raise(code: int) -> None:
    error: type[Any] = for_code(code)
    if code:
        raise error
