"""Restore from a backup, tried out: what the backup does not know is decided again from the log, once."""

import asyncio
import re
import subprocess
import time
from collections import Counter

import httpx
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete

from tests.parts.fleet import ROLES, RUNTIME, Fleet
from tests.parts.postgres import path_with_programs


@pytest.fixture
def fleet(kafka_bootstrap):
    made = Fleet(bootstrap=kafka_bootstrap).start()
    yield made
    made.close()


def post(fleet, *numbers):
    """A form of each; the signal ids that were answered."""
    given = []
    for number in numbers:
        body, headers = fleet.signed(
            {"id": f"n{number}", "fact": "form.submitted", "form_id": "demo", "email": f"r{number}@restore.example"}
        )
        answer = httpx.post(f"{fleet.url}/v1/hooks/crm", content=body, headers=headers, timeout=10)
        assert answer.status_code == 202, answer.text
        given += answer.json()["signals"]
    return given


def get(fleet, path, **params):
    headers = {"Authorization": f"Bearer {fleet.key}"}
    answer = httpx.get(f"{fleet.url}{path}", params=params, headers=headers, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()


def histories(fleet):
    found = Counter()
    for lead in get(fleet, "/v1/leads", limit=500)["leads"]:
        found.update(row["signal_id"] for row in get(fleet, f"/v1/leads/{lead['id']}/history")["history"])
    return found


def until_all(fleet, given, seconds=90):
    until = time.monotonic() + seconds
    while set(given) - set(histories(fleet)):
        assert time.monotonic() < until, fleet.said()
        time.sleep(0.5)
    while get(fleet, "/v1/status")["outbox"]:
        assert time.monotonic() < until, fleet.said()
        time.sleep(0.2)


def forget_what_was_read(fleet):
    """As Kafka's retention does while the service lives: of what the router has read nothing is left."""

    group = f"{fleet.env['STAFETT_KAFKA_TOPIC_PREFIX']}.router"

    async def forget():
        admin = AIOKafkaAdminClient(bootstrap_servers=fleet.bootstrap)
        await admin.start()
        try:
            read = {}
            while sum(meta.offset for meta in read.values()) < 15:
                read = await admin.list_consumer_group_offsets(group)
            await admin.delete_records({place: RecordsToDelete(before_offset=m.offset) for place, m in read.items()})
        finally:
            await admin.close()

    asyncio.run(forget())


def run(fleet, url, *words):
    """A command with PostgreSQL's own programs on its path."""
    environ = fleet.env | {"STAFETT_DATABASE_URL": url, "PATH": path_with_programs()}
    return subprocess.run(fleet.command(*words), env=environ, capture_output=True, text=True, timeout=100, check=False)


def as_owner(fleet, *words):
    done = run(fleet, fleet.postgres.url(), *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.timeout(400)
def test_a_restored_database_catches_up_from_kafka_without_loss_or_repetition(fleet):
    before = post(fleet, *range(15))
    until_all(fleet, before)
    backup = str(fleet.folder / "backup")
    saved = as_owner(fleet, "backup", backup)
    assert re.fullmatch(r"saved \d+ rows of \d+ tables in .*/backup\n", saved)
    forget_what_was_read(fleet)
    after = post(fleet, *range(15, 30))
    until_all(fleet, before + after)
    for name in ROLES:
        fleet.kill(name)
    refused = run(fleet, fleet.postgres.url(), "restore", backup)
    assert (refused.returncode, "has tables already" in refused.stderr) == (2, True)
    for statement in ("DROP DATABASE postgres WITH (FORCE)", "CREATE DATABASE postgres"):
        fleet.postgres.tool("psql", "-h", fleet.postgres.folder, "-U", "postgres", "-d", "template1", "-c", statement)
    assert "compared with what was saved" in as_owner(fleet, "restore", backup)
    as_owner(fleet, "db", "upgrade", "--grants-to", RUNTIME)
    for name in ROLES:
        fleet.begin(name)
    fleet.wait_ready()
    until_all(fleet, before + after)
    found = histories(fleet)
    assert found == Counter(before + after)
    events = [entry["event"] for entry in get(fleet, "/v1/events", limit=500)["events"]]
    offered = Counter(event["subject"] for event in events if event["type"] == "stafett.handover.offered.v1")
    assert set(offered.values()) == {1}
    assert len(offered) == 30
    assert len({event["id"] for event in events}) == len(events)
