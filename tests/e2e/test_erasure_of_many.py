"""Some of many are erased while others go on: nothing names them afterwards, their CRM brings nobody back, and history is decided as before.

`make erasures` does it with 100 of 5,000."""

import asyncio
import logging
import os
from contextlib import AsyncExitStack
from functools import partial

import pytest
from sqlalchemy import text

from services.bootstrap.persons import eraser_of
from services.observability.logging import JsonFormatter
from tests.api import bearer, installed
from tests.e2e.test_person_erasure import LAWFUL, SECRETS, WANTS, leads_of, tell
from tests.erasing import Planted, hits_in_files, hits_in_tables, hits_in_topics, planted_in, records_of
from tests.parts.databases import migrated_database
from tests.parts.kafka import create_topics
from tests.replaying import as_decided, decide_again, decided

PEOPLE, ERASED = int(os.environ.get("ERASURE_PEOPLE", "24")), int(os.environ.get("ERASURES", "4"))
AT_A_TIME = 20
TOPICS = [f"erase.{name}.v1" for name in ("signals", "thin", "leads", "handovers", "sla", "marketing")]


@pytest.fixture(params=["sqlite-embedded", "real-postgres-kafka"])
async def api(request, tmp_path):
    settings = dict(SECRETS)
    async with AsyncExitStack() as stack:
        if "kafka" in request.param:
            bootstrap = request.getfixturevalue("kafka_bootstrap")
            url = await stack.enter_async_context(migrated_database(request.getfixturevalue("postgres")))
            await create_topics(bootstrap, TOPICS, 4)
            settings |= {
                "STAFETT_DATABASE_URL": url.replace("+asyncpg", ""),
                "STAFETT_LOG_URL": f"kafka://{bootstrap}",
                "STAFETT_KAFKA_TOPIC_PREFIX": "erase",
                "STAFETT_KAFKA_SEAL_PERIOD": "5s",
            }
        made = installed(tmp_path, extra=LAWFUL, secrets=settings, roles=("router", "relay", "sla", "housekeeping"))
        yield await stack.enter_async_context(made)


async def until_taken(call):
    """A sender tries again where neither log nor store answers, which both do not now and then on a machine that has other work."""
    for _ in range(9):
        try:
            return await call()
        except AssertionError as refusal:
            if '"status":503' not in str(refusal):
                raise
            await asyncio.sleep(2)
    return await call()


async def tell_of(api, person):
    await until_taken(lambda: api.form(**person.form()))
    await until_taken(lambda: tell(api, fact="contact.updated", **person.contact()))


async def tell_again(api, person):
    """As their CRM's next sync does."""
    contact = person.contact(id=f"sync{person.number}")
    await until_taken(lambda: tell(api, fact="contact.updated", **contact))


async def in_parts(calls):
    for at in range(0, len(calls), AT_A_TIME):
        await asyncio.gather(*calls[at : at + AT_A_TIME])


async def load(api, people, stop):
    """Others go on meanwhile."""
    number = 0
    while not stop.is_set():
        number += 1
        fields = {"email": people[number % len(people)].email, "message": f"and another question {number}"}
        await until_taken(partial(api.form, **fields))


async def erase(api, person):
    answer = await api.client.post("/v1/persons/erase", json={**WANTS, "email": person.email}, headers=bearer("all"))
    assert answer.status_code == 202, answer.text


async def until_done(api):
    async with asyncio.timeout(90 + ERASED):
        while await erasures(api, "done") < ERASED:
            await asyncio.sleep(0.2)


async def erasures(api, state):
    statement = text("SELECT count(*) FROM person_requests WHERE kind = 'erasure' AND state = :state")
    async with api.parts.store.engines.read() as conn:
        return (await conn.execute(statement, {"state": state})).scalar()


@pytest.mark.timeout(7200 if PEOPLE > 100 else 240)
async def test_some_of_many_are_erased_while_others_go_on(api, tmp_path, caplog):
    caplog.set_level(logging.INFO, "stafett")
    people = [Planted(number) for number in range(PEOPLE)]
    gone, stay = people[:ERASED], people[ERASED:]
    await in_parts([tell_of(api, person) for person in people])
    await api.settled()
    engines, stop = api.parts.store.engines, asyncio.Event()
    assert await hits_in_tables(engines, gone)
    loading = asyncio.create_task(load(api, stay, stop))
    await in_parts([erase(api, person) for person in gone])
    await until_done(api)
    await in_parts([tell_again(api, person) for person in gone])
    stop.set()
    await loading
    await api.settled()
    assert [await leads_of(api, person) for person in gone] == [[]] * ERASED
    eraser = eraser_of(api.parts)
    await eraser.sweep()
    assert await hits_in_tables(engines, gone) == {}
    async with asyncio.timeout(60):
        while not await eraser.compact():
            await asyncio.sleep(0.1)
    assert hits_in_files([path for path in tmp_path.rglob("*") if path.is_file()], gone) == {}
    if (brokers := api.parts.settings.log.brokers) and not api.parts.store.engines.sqlite:
        records = await records_of(brokers[0], TOPICS)
        assert sum(map(len, records.values())) > PEOPLE
        assert hits_in_topics(records, people) == {}, "what is on topics is sealed, of everybody"
    assert caplog.records and planted_in("\n".join(map(JsonFormatter().format, caplog.records)).casefold()) == set()
    assert planted_in((await api.client.get("/metrics", headers=bearer("all"))).text.casefold()) == set()
    before = await decided(engines)
    again = await decide_again(engines, api.parts.ruling, tmp_path)
    assert as_decided(again[0]) == as_decided(before[0])
    assert again[1] == before[1]
