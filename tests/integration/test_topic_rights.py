"""A real broker with an authorizer and exactly the rights that `stafett topics plan` prints: every role works with them."""

import argparse
import asyncio
import shlex
import subprocess

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest

from services.adapters.log.kafka import KafkaLog
from services.kafka_admin import topics
from services.kafka_admin.topic_rights import NEEDS, rights
from services.ports.errors import LogUnavailable
from services.ports.rows import Position, RecordOut
from tests.integration.test_topics import kinds, settings_for
from tests.parts.kafka_secure import GuardedKafka, token
from tests.parts.kcat import consume

PREFIX = "guarded"
OPERATIONS = {"Read": 3, "Write": 4, "Create": 5, "Describe": 8, "DescribeConfigs": 10, "AlterConfigs": 11}
TOPIC, GROUP, ALLOW = 2, 3, 3
PATTERNS = {"literal": 3, "prefixed": 4}
pytestmark = [
    pytest.mark.real,
    # After a refusal aiokafka closes its connection without waiting for the close.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def acls(line):
    """What kafka-acls makes of such a line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--add", action="store_true", required=True)
    parser.add_argument("--allow-principal", required=True)
    parser.add_argument("--operation", action="append", required=True)
    parser.add_argument("--resource-pattern-type", default="literal")
    parser.add_argument("--topic")
    parser.add_argument("--group")
    said = parser.parse_args(shlex.split(line))
    kind, name = (TOPIC, said.topic) if said.topic else (GROUP, said.group)
    pattern = PATTERNS[said.resource_pattern_type]
    for operation in said.operation:
        yield CreateAclsRequest(kind, name, pattern, said.allow_principal, "*", OPERATIONS[operation], ALLOW)


async def grant(bootstrap, lines):
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        for line in lines:
            for acl in acls(line):
                answer = await admin._send_to_controller(acl)
                assert answer.creation_responses[0][0] == 0, line
    finally:
        await admin.close()


@pytest.fixture(scope="module")
def broker():
    made = GuardedKafka().start()
    asyncio.run(grant(made.bootstrap, rights(settings_for(made.bootstrap, PREFIX))))
    yield made
    made.close()


@pytest.fixture
def as_role(broker, tmp_path):
    """Settings of a process that comes as the role's principal."""

    def settings(role):
        path = tmp_path / role
        path.write_text(token(f"{PREFIX}-{role}"))
        return settings_for(
            f"127.0.0.1:{broker.sasl}", PREFIX, KAFKA_SECURITY_PROTOCOL="SASL_SSL", KAFKA_SASL_MECHANISM="OAUTHBEARER",
            KAFKA_OAUTH_TOKEN_PATH=str(path), KAFKA_CA_FILE=str(broker.folder / "ca.pem"),
        )  # fmt: skip

    return settings


@pytest.fixture
async def made(as_role):
    """The topics, made by the principal that may."""
    await topics.apply(as_role("topics"))


async def read_one(log, topic, group):
    consumer = log.consumer(topic, group)
    try:
        async with asyncio.timeout(40):
            while True:
                await consumer.seek([Position(partition, 0) for partition in consumer.partitions_to_seek()])
                if records := await consumer.poll(10, 0.2):
                    await consumer._client.commit({TopicPartition(topic, r.partition): r.offset + 1 for r in records})
                    return records
    finally:
        await consumer.stop()


async def test_who_makes_the_topics_finds_them_as_they_have_to_be(as_role, made):
    assert kinds(await topics.plan(as_role("topics"))) == {"ok"}
    assert kinds(await topics.check(as_role("topics"))) == {"ok"}


@pytest.mark.parametrize("role", NEEDS)
async def test_a_role_works_with_its_rights_and_the_check_says_so(as_role, made, role):
    settings, needs = as_role(role), NEEDS[role]
    assert kinds(await topics.check(settings, role)) == {"ok"}
    log = KafkaLog(settings)
    await log.start()
    try:
        await log.check()
        for name in needs.measured:
            assert len(await log.end_offsets(settings.topic(name))) == 6
        await log.append([RecordOut(settings.topic(name), b"k", b"{}") for name in needs.writes])
        await log.publish([RecordOut(settings.topic(name), b"k", b"{}") for name in needs.writes])
        for name in needs.reads:
            writer = KafkaLog(as_role("relay"))
            await writer.start()
            await writer.append([RecordOut(settings.topic(name), b"k", b"{}")])
            await writer.close()
            assert await read_one(log, settings.topic(name), role)
    finally:
        await log.close()


@pytest.mark.parametrize(
    ("role", "asked"), [("ingest", "router"), ("delivery", "ingest"), ("router", "sla"), ("sla", "relay")]
)
async def test_the_check_says_what_a_principal_may_not_do(as_role, made, role, asked):
    assert "error" in kinds(await topics.check(as_role(role), asked))


async def test_a_role_that_may_not_write_is_refused_when_it_does(as_role, made):
    log = KafkaLog(as_role("delivery"))
    await log.start()
    try:
        with pytest.raises(LogUnavailable):
            await log.append([RecordOut(f"{PREFIX}.signals.v1", b"k", b"{}")])
    finally:
        await log.close()


async def test_kcat_reads_as_the_data_teams_principal_what_that_may_read_and_no_more(broker, as_role, made):
    events, theirs = f"{PREFIX}.sla.v1", f"{PREFIX}.data.kcat"
    relay = KafkaLog(as_role("relay"))
    await relay.start()
    await relay.append([RecordOut(events, b"k", b'{"of":"kcat"}')])
    await relay.close()
    login = {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "OAUTHBEARER",
        "ssl.ca.location": str(broker.folder / "ca.pem"),
        "enable.sasl.oauthbearer.unsecure.jwt": "true",
        "sasl.oauthbearer.config": f"principal={PREFIX}-data",
    }
    settings = [word for name, value in login.items() for word in ("-X", f"{name}={value}")]
    address = f"127.0.0.1:{broker.sasl}"
    assert '{"of":"kcat"}' in [record["payload"] for record in consume(address, theirs, [events], *settings)]
    for group, topic in ((theirs, f"{PREFIX}.signals.v1"), (f"{PREFIX}.router", events)):
        with pytest.raises(subprocess.CalledProcessError, match="non-zero"):
            consume(address, group, [topic], *settings)
