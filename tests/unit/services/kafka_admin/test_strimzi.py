"""Strimzi's resources say what `topics plan` says: the same topics, the same rights."""

import re

from services.kafka_admin.strimzi import strimzi_resources
from services.kafka_admin.topic_rights import rights
from services.kafka_admin.topics import desired_topics
from services.settings import load

SETTINGS = load(
    {
        "STAFETT_DATABASE_URL": "postgresql://h/db",
        "STAFETT_LOG_URL": "kafka://broker:9092",
        "STAFETT_KAFKA_TOPIC_PREFIX": "nordlys",
        "STAFETT_KAFKA_PARTITIONS": "12",
    }
)


def of_kind(kind):
    return [one for one in strimzi_resources(SETTINGS, "events") if one["kind"] == kind]


def test_each_topic_is_as_it_has_to_be():
    written = [
        (one["metadata"]["name"], one["spec"]["partitions"], one["spec"]["replicas"], one["spec"]["config"])
        for one in of_kind("KafkaTopic")
    ]
    assert [(name, partitions, replicas) for name, partitions, replicas, _ in written] == [
        (topic.name, 12, 3) for topic in desired_topics(SETTINGS)
    ]
    for topic, (_, _, _, config) in zip(desired_topics(SETTINGS), written, strict=True):
        assert {name: str(value) for name, value in config.items()} == topic.configs


def test_each_user_may_do_what_kafka_acls_would_let_them_do():
    lines = set(rights(SETTINGS)[:-1])
    for user in of_kind("KafkaUser"):
        for acl in user["spec"]["authorization"]["acls"]:
            of = acl["resource"]
            pattern = {"prefix": "--resource-pattern-type prefixed ", "literal": ""}[of["patternType"]]
            operations = " ".join(f"--operation {operation}" for operation in acl["operations"])
            line = f"--add --allow-principal User:{user['metadata']['name']} {operations} {pattern}--{of['type']} {of['name']}"
            lines.remove(line)
    assert lines == set()


def test_everything_belongs_to_the_cluster_that_was_named():
    resources = strimzi_resources(SETTINGS, "events")
    assert {one["metadata"]["labels"]["strimzi.io/cluster"] for one in resources} == {"events"}
    # What Kubernetes takes as a name.
    assert all(re.fullmatch(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?", one["metadata"]["name"]) for one in resources)
