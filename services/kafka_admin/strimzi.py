"""The topics and the rights of each role as resources of Strimzi, for clusters that its operators look after.

Source of the shapes: Strimzi's custom resources KafkaTopic and KafkaUser, kafka.strimzi.io/v1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from schemas.json_values import JsonObject
from services.kafka_admin.topic_rights import NEEDS, Needs, group_of
from services.kafka_admin.topics import Desired, desired_topics
from services.settings import Settings

Pattern = Literal["literal", "prefix"]
"""Strimzi's words for a name as it is, and for all that begin with it."""
VERSION = "kafka.strimzi.io/v1"


def strimzi_resources(settings: Settings, cluster: str) -> list[JsonObject]:
    """A KafkaTopic for each topic and a KafkaUser for each role, with TLS certificates that Strimzi makes; `cluster` is the name of the
    Kafka resource. What an operator makes has no administrator of ours, so none of the users may make topics."""
    topics = [_topic(topic, cluster) for topic in desired_topics(settings)]
    return topics + [_user(settings, role, cluster) for role in NEEDS]


def _topic(topic: Desired, cluster: str) -> JsonObject:
    """Numbers stay numbers: the operator compares what it finds with what stands there."""
    config = {name: int(value) if value.isdigit() else value for name, value in topic.configs.items()}
    return {
        "apiVersion": VERSION,
        "kind": "KafkaTopic",
        "metadata": {"name": topic.name, "labels": {"strimzi.io/cluster": cluster}},
        "spec": {"partitions": topic.partitions, "replicas": topic.replicas, "config": config},
    }


def _user(settings: Settings, role: str, cluster: str) -> JsonObject:
    return {
        "apiVersion": VERSION,
        "kind": "KafkaUser",
        "metadata": {
            "name": f"{settings.kafka.topic_prefix}-{role}",
            "labels": {"strimzi.io/cluster": cluster},
        },
        "spec": {
            "authentication": {"type": "tls"},
            "authorization": {"type": "simple", "acls": list(_acls(settings, role, NEEDS[role]))},
        },
    }


def _acls(settings: Settings, role: str, needs: Needs) -> Iterator[JsonObject]:
    for name in needs.topics:
        yield _acl("topic", settings.topic(name), needs.operations(name))
    if needs.reads:
        pattern: Pattern = "prefix" if needs.many_groups else "literal"
        yield _acl("group", group_of(settings, role), ("Read",), pattern)


def _acl(kind: str, name: str, operations: Sequence[str], pattern: Pattern = "literal") -> JsonObject:
    return {"resource": {"type": kind, "name": name, "patternType": pattern}, "operations": list(operations)}
