"""Topics on a real broker: planned, applied, checked, and never silently repartitioned."""

import asyncio
import uuid

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from services.cli.main import main
from services.kafka_admin import topics
from services.kafka_admin.topic_rights import rights
from services.ports.errors import LogUnavailable
from services.settings import load


def settings_for(bootstrap, prefix, **more):
    given = {"DATABASE_URL": "postgresql://u@h/d", "LOG_URL": f"kafka://{bootstrap}", "KAFKA_TOPIC_PREFIX": prefix}
    given |= {"KAFKA_REPLICATION_FACTOR": "1", "KAFKA_MIN_INSYNC_REPLICAS": "1", "KAFKA_PARTITIONS": "6", **more}
    return load({f"STAFETT_{name}": value for name, value in given.items()})


@pytest.fixture
def prefix():
    return f"t{uuid.uuid4().hex[:8]}"


def kinds(findings):
    return {finding.kind for finding in findings}


async def test_planned_then_applied_then_as_it_has_to_be(kafka_bootstrap, prefix):
    settings = settings_for(kafka_bootstrap, prefix)
    assert [(f.topic, f.kind) for f in await topics.plan(settings)] == [
        (f"{prefix}.{name}.v1", "create") for name in ("signals", "thin", "leads", "handovers", "sla", "marketing")
    ]
    assert kinds(await topics.check(settings)) == {"error"}
    await topics.apply(settings)
    assert kinds(await topics.plan(settings)) == {"ok"}
    assert kinds(await topics.check(settings)) == {"ok"}
    assert kinds(await topics.apply(settings)) == {"ok"}


async def test_a_configuration_is_altered_and_what_others_set_is_kept(kafka_bootstrap, prefix):
    await topics.apply(settings_for(kafka_bootstrap, prefix))
    name = f"{prefix}.signals.v1"
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    await admin.start()
    theirs = {"segment.bytes": "20000000", "retention.ms": "1000"}
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, theirs)])
    await admin.close()
    longer = settings_for(kafka_bootstrap, prefix, KAFKA_RETENTION="10d")
    async with asyncio.timeout(20):
        while "retention.ms: 1000 -> 864000000" not in [f.text for f in await topics.plan(longer) if f.topic == name]:
            await asyncio.sleep(0.1)
    assert kinds(await topics.check(longer)) == {"alter"}
    await topics.apply(longer)
    assert kinds(await topics.check(longer)) == {"ok"}
    async with topics._Admin(longer) as ours:
        found = (await ours.find_topics([name]))[name]
    assert found.own["segment.bytes"] == "20000000"


async def test_partitions_are_never_changed(kafka_bootstrap, prefix):
    await topics.apply(settings_for(kafka_bootstrap, prefix))
    more = settings_for(kafka_bootstrap, prefix, KAFKA_PARTITIONS="12")
    findings = await topics.apply(more)
    assert kinds(findings) == {"error"}
    assert "STAFETT_KAFKA_PARTITIONS=6" in findings[0].text
    async with topics._Admin(more) as admin:
        assert (await admin.find_topics([f"{prefix}.signals.v1"]))[f"{prefix}.signals.v1"].partitions == 6


async def test_no_broker_is_said(prefix):
    with pytest.raises(LogUnavailable):
        await topics.plan(settings_for("127.0.0.1:1", prefix))


def test_each_role_gets_the_rights_it_needs_and_no_more():
    said = rights(settings_for("h:1", "stafett"))
    assert "--add --allow-principal User:stafett-router --operation Read --group stafett.router" in said
    assert not [line for line in said if "stafett-ingest" in line and ("Read" in line or ".leads." in line)]
    assert len([line for line in said if "stafett-relay" in line]) == 6


def test_the_command_needs_no_broker_for_the_embedded_log(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("STAFETT_LOG_URL", raising=False)
    assert main(["topics", "plan", "--config", str(tmp_path)]) == 0
    assert "embedded" in capsys.readouterr().out
