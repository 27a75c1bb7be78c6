"""kill -9 between the key that is committed and the record that it seals, on a real Kafka: nothing is lost, and no key is left that an
erasure does not reach."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
import pytest_asyncio

from schemas.events import TOPICS
from services.adapters.sql.person_keys import SqlPersonKeys
from services.adapters.sql.persons import SqlPersons
from services.bootstrap.persons import eraser_of
from services.bootstrap.roles import relay_of
from services.ports.errors import Fenced
from services.sealing.events import open_event, take_apart
from tests.api import installed
from tests.e2e.test_person_erasure import WANTS, post
from tests.erasing import Planted, records_of
from tests.parts.databases import migrated_database
from tests.parts.kafka import create_topics

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.real]
ROOT = Path(__file__).parents[2]
DIES = """
import asyncio, os, signal, sys
from argparse import Namespace
from pathlib import Path
import httpx
from services.bootstrap.http import app_of
from services.bootstrap.parts import parts_of
from services.bootstrap.roles import relay_of
from services.cli.support.environment import settings_of

async def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

async def relay_dies(parts):
    relay = relay_of(parts)
    parts.log.publish = die  # the keys are committed, nothing is sent
    await relay.drain()

async def ingest_dies(parts):
    await parts.ring.refresh()
    parts.log._inner.append = die  # it is sealed, and nothing is sent
    transport = httpx.ASGITransport(app=app_of(parts, asyncio.Event()))
    async with httpx.AsyncClient(transport=transport, base_url="http://stafett") as client:
        print((await client.post("/v1/hooks/load", data={"email": sys.argv[3]})).status_code)

async def run():
    async with parts_of(settings_of(Namespace(config=Path(sys.argv[2])))) as parts:
        await {"relay": relay_dies, "ingest": ingest_dies}[sys.argv[1]](parts)

asyncio.run(run())
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def made(tmp_path_factory, kafka_bootstrap, postgres):
    """(API, folder, its topics by their short names): a router, and no relay of its own."""
    prefix, folder = f"kill{uuid.uuid4().hex[:8]}", tmp_path_factory.mktemp("killed")
    topics = {name: f"{prefix}.{name}.v1" for name in ("signals", "thin", *TOPICS)}
    await create_topics(kafka_bootstrap, list(topics.values()), 4)
    async with migrated_database(postgres) as url:
        settings = {
            "STAFETT_DATABASE_URL": url.replace("+asyncpg", ""),
            "STAFETT_LOG_URL": f"kafka://{kafka_bootstrap}",
            "STAFETT_KAFKA_TOPIC_PREFIX": prefix,
            "STAFETT_KAFKA_SEAL_PERIOD": "3s",
            "STAFETT_KAFKA_RETENTION": "20m",
            "STAFETT_RELAY_LEASE_TTL": "1s",
        }
        async with installed(folder, secrets=settings, roles=("router",)) as api:
            yield api, folder, topics


async def run_until_killed(role, folder, *words):
    command = [sys.executable, "-c", DIES, role, str(folder / "config"), *words]
    env = {name: value for name, value in os.environ.items() if not name.startswith("STAFETT_")}
    done = await asyncio.to_thread(
        subprocess.run, command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=240, check=False
    )
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, ""), done.stderr


async def wait_for_lead(api, person):
    """The lead, once the router has decided on the form."""
    async with asyncio.timeout(60):
        while True:
            found = (await api.get("/v1/leads", email=person.email))["leads"]
            if found:
                return found[0]["id"]
            await asyncio.sleep(0.05)


async def wait_for_router(api):
    """Until the router is past all that is on the log."""
    async with asyncio.timeout(60):
        while not await api.is_all_decided():
            await asyncio.sleep(0.05)


async def publish(api):
    """By a relay that begins; the dead one's lease runs out first."""
    relay = relay_of(api.parts)
    async with asyncio.timeout(60):
        while True:
            try:
                await relay.drain()
            except Fenced:
                await asyncio.sleep(0.1)
            else:
                break
    await relay.release()


async def events_of(lead, topics, bootstrap):
    records = await records_of(bootstrap, [topics[name] for name in TOPICS])
    found = [json.loads(value) for pairs in records.values() for _, value in pairs]
    return [event for event in found if event["subject"] == lead]


async def secret_of(api, lead):
    key = (await SqlPersonKeys(api.parts.store.engines).keys_of([lead])).get(lead)
    return None if key is None else key.secret


async def erase(api, person):
    """Until nothing of it is open that a round of the eraser can do."""
    taken = await post(api, "/v1/persons/erase", **WANTS, email=person.email)
    await wait_for_router(api)
    eraser = eraser_of(api.parts)
    async with asyncio.timeout(60):
        while True:
            await eraser.step()
            requests = SqlPersons(api.parts.store.engines)
            states = [(await requests.request(one)).state for one in taken["erasures"]]
            if "open" not in states:
                return
            await publish(api)
            await asyncio.sleep(0.05)


async def test_keys_without_records_seal_them_later_and_end_with_their_persons(made, kafka_bootstrap):
    api, folder, topics = made
    stays, erased = Planted(1), Planted(2)
    for person in (stays, erased):
        await api.form(**person.form())
    lead, gone = [await wait_for_lead(api, person) for person in (stays, erased)]
    entries = await api.parts.store.outbox(1000)
    assert {lead, gone} <= {entry.row.lead_id for entry in entries}
    await run_until_killed("relay", folder)
    secret = await secret_of(api, lead)
    assert secret is not None and await secret_of(api, gone) is not None
    assert await events_of(lead, topics, kafka_bootstrap) == []
    await erase(api, erased)
    assert await secret_of(api, gone) is None
    events = await events_of(lead, topics, kafka_bootstrap)
    assert "stafett.lead.created.v1" in {event["type"] for event in events}
    assert len({event["id"] for event in events}) == len(events) >= 2
    opened = [open_event(take_apart(json.dumps(event)), secret) for event in events if "sealed" in event["data"]]
    assert opened and stays.words[3].title() in "".join(map(str, opened)), "with the key of before"
    # A relay that read the events before, stood still, and goes on where all is over: it has what is personal in its hands.
    records = await relay_of(api.parts)._records(entries)
    assert not any(word.encode() in record.value for record in records for word in erased.words)
    assert all("sealed" not in json.loads(record.value)["data"] for record in records if gone in str(record.value))
    assert await secret_of(api, gone) is None
    await erase(api, stays)
    assert await secret_of(api, lead) is None


async def test_a_relay_that_stood_still_through_a_whole_erasure_makes_no_key(made):
    """Nothing was sealed for the person before: what was personal of the events was emptied before another one published them."""
    api, _, _ = made
    person = Planted(3)
    await api.form(**person.form())
    lead = await wait_for_lead(api, person)
    entries = await api.parts.store.outbox(1000)
    await erase(api, person)
    await relay_of(api.parts)._records(entries)
    assert await secret_of(api, lead) is None


async def test_a_signal_that_was_sealed_and_not_sent_was_not_answered_and_comes_once_more(made, kafka_bootstrap):
    api, folder, topics = made
    person = Planted(4)
    before = {topic: len(found) for topic, found in (await records_of(kafka_bootstrap, [topics["signals"]])).items()}
    await run_until_killed("ingest", folder, person.email)
    after = {topic: len(found) for topic, found in (await records_of(kafka_bootstrap, [topics["signals"]])).items()}
    assert after == before, "nothing was sent, and nothing was answered 202"
    await api.form(email=person.email)
    lead = await wait_for_lead(api, person)
    (only,) = (await api.get("/v1/leads", email=person.email))["leads"]
    assert only["id"] == lead
