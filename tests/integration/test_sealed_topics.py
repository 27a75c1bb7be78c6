"""What of persons is on a real Kafka: sealed, opened by who has the keys, and by nobody once they are erased."""

import asyncio
import json
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import text

from schemas.envelope import whole
from schemas.events import TOPICS
from services.adapters.sql.log_keys import SqlLogKeys
from services.bootstrap.parts import ring_of
from services.bootstrap.persons import eraser_of
from services.bootstrap.redriving import redrive
from services.bootstrap.roles import router_of
from services.bootstrap.sealing import log_key_keeper_of
from services.cli.main import main
from services.ports.signal_records import NO_KEY
from services.sealing.records import name_in, open_record
from tests.api import bearer, installed
from tests.e2e.test_person_erasure import LAWFUL, SECRETS, WANTS, post, tell
from tests.erasing import Planted, hits_in_tables, hits_in_topics, records_of
from tests.parts.kafka import create_topics
from tests.parts.postgres import migrated_database

GONE, STAYS = Planted(1), Planted(2)
PERIOD = "3s"
"""Of a key of signals: what takes twelve minutes in production takes four seconds here."""


@pytest.fixture
async def fleet(request, tmp_path, kafka_bootstrap, postgres):
    """(API, its topics by their short names) with every role that is needed, on Kafka and PostgreSQL."""
    more = getattr(request, "param", {})
    prefix = f"seal{id(request) % 10**9}"
    topics = {name: f"{prefix}.{name}.v1" for name in ("signals", "thin", *TOPICS)}
    await create_topics(kafka_bootstrap, list(topics.values()), 4)
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(migrated_database(postgres))
        settings = {
            "STAFETT_DATABASE_URL": url.replace("+asyncpg", ""),
            "STAFETT_LOG_URL": f"kafka://{kafka_bootstrap}",
            "STAFETT_KAFKA_TOPIC_PREFIX": prefix,
            "STAFETT_KAFKA_SEAL_PERIOD": PERIOD,
        }
        made = installed(tmp_path, extra=LAWFUL, secrets=SECRETS | settings | more, roles=("router", "relay"))
        api, stop = await stack.enter_async_context(made), asyncio.Event()
        keeper = asyncio.create_task(log_key_keeper_of(api.parts).run(stop))
        yield api, topics
        stop.set()
        await keeper


async def keys(api, names, key="persons:keys", status=200):
    answer = await api.client.get("/v1/persons/keys", params={"key": names}, headers=bearer(key))
    assert answer.status_code == status, answer.text
    return answer.json().get("keys")


async def erase(api, **asked):
    """Until it is done; the receipts."""
    taken = await post(api, "/v1/persons/erase", **WANTS, **asked)
    await api.settled()
    eraser, found = eraser_of(api.parts), []
    async with asyncio.timeout(60):
        while [one for one in found if one["state"] == "done"] != found or not found:
            await eraser.step()
            found = [await api.get(f"/v1/persons/erasures/{ident}") for ident in taken["erasures"]]
            await asyncio.sleep(0.2)
    return found


async def make_known(api, *people):
    for person in people:
        await api.form(**person.form())
        await tell(api, fact="contact.updated", **person.contact())
    await api.settled()


async def test_an_erasure_reaches_events_that_lie_on_topics(fleet, kafka_bootstrap, tmp_path, capsys):
    api, topics = fleet
    events = [topics[name] for name in TOPICS]
    await make_known(api, GONE, STAYS)
    before = await records_of(kafka_bootstrap, list(topics.values()))
    assert hits_in_topics(before, [GONE, STAYS]) == {}, "sealed from the first event on"
    assert await hits_in_tables(api.parts.store.engines, [STAYS]), "the store has it as it is"
    await erase(api, email=GONE.email)
    after = await records_of(kafka_bootstrap, events)

    lines = [value.decode() for pairs in after.values() for _, value in pairs]
    file = tmp_path / "events.ndjson"
    file.write_text("\n".join(lines))
    status = await asyncio.to_thread(main, ["unseal", str(file), "--config", str(tmp_path / "config")])
    said = capsys.readouterr()
    opened = said.out.splitlines()
    assert status == 0 and "of somebody who was erased" in said.err
    assert len(opened) == len(lines)
    feed = {
        entry.row.event_id: whole(entry.row.head, entry.row.personal)
        for entry in await api.parts.reading.events(limit=1000)
    }
    assert {json.loads(line)["id"]: line for line in opened} == feed, "byte for byte what the feed has"
    assert not [word for word in GONE.words if word in said.out.casefold()]
    assert [word for word in STAYS.words if word in said.out.casefold()]


async def test_consumers_ask_for_keys_and_are_refused_those_of_the_erased(fleet, kafka_bootstrap):
    api, topics = fleet
    await make_known(api, GONE, STAYS)
    records = await records_of(kafka_bootstrap, [topics["leads"], topics["handovers"]])
    events = [json.loads(value) for pairs in records.values() for _, value in pairs]
    names = sorted({event["data"]["sealed"]["key"] for event in events if "sealed" in event["data"]})
    assert len(names) == 2
    found = await keys(api, names)
    assert [one["key"] for one in found] == names and all(len(one["secret"]) == 44 for one in found)
    await erase(api, email=GONE.email)
    again = await keys(api, names)
    assert sorted(one["reason"] or "" for one in again) == ["", "erased"]
    await keys(api, ["lead_a.1"] * 101, status=422)
    for key in ("persons:export", "personal:read", "none"):
        await keys(api, names, key, status=403)
    audit = (await api.client.get("/v1/audit", headers=bearer("audit:read"))).json()["uses"]
    assert [use["actor"] for use in audit if use["action"] == "listTopicKeys" and use["status"] == 200] == [
        "persons:keys"
    ]


async def open_records(api, bootstrap, topic):
    """(how many records are there, those that the store's keys of now open)."""
    ring = ring_of(api.parts.settings, api.parts.store, api.parts.key, api.parts.time)
    await ring.refresh()
    records = (await records_of(bootstrap, [topic]))[topic]
    held = [(value, ring.find(name_in(value))) for _, value in records]
    return len(records), {topic: [(b"", open_record(value, one.box)) for value, one in held if one is not None]}


async def test_an_erasure_is_over_once_nobody_opens_their_signals_any_more(fleet, kafka_bootstrap):
    api, topics = fleet
    await make_known(api, GONE, STAYS)
    before, readable = await open_records(api, kafka_bootstrap, topics["signals"])
    assert before >= 4 and hits_in_topics(readable, [GONE]), "the keys of now open them"
    (receipt,) = await erase(api, email=GONE.email)
    sealed, _, unsealed = receipt["receipt"]["topics"].partition("; ")
    assert sealed == "sealed with keys that were thrown away" and unsealed.startswith("what came before ")
    after, readable = await open_records(api, kafka_bootstrap, topics["signals"])
    assert after >= before and hits_in_topics(readable, [GONE]) == {}, "the records are there, and open no more"


async def test_after_db_restored_what_was_read_before_is_passed_over(fleet, kafka_bootstrap):
    """The log is read from its beginning, where it has records that nobody opens any more: they were decided on."""
    api, topics = fleet
    await make_known(api, STAYS)
    lead = (await api.get("/v1/leads", email=STAYS.email))["leads"][0]["id"]
    history = await api.get(f"/v1/leads/{lead}/history")
    async with asyncio.timeout(60):
        while (await open_records(api, kafka_bootstrap, topics["signals"]))[1][topics["signals"]]:
            await asyncio.sleep(0.5)
    await api.parts.store.raise_epoch()
    await api.parts.ring.refresh()
    consumer = api.parts.log.consumer(topics["signals"], "router")
    router = router_of(api.parts)
    await until_read(api, topics["signals"], router, consumer)
    assert await api.get(f"/v1/leads/{lead}/history") == history
    assert (await api.get("/v1/dead-letters"))["dead_letters"] == []


async def until_read(api, topic, router, consumer):
    """By one more router of the group."""
    try:
        async with asyncio.timeout(90):
            while True:
                await router.step(consumer)
                ends = await api.parts.log.end_offsets(topic)
                at = await api.parts.store.all_positions("router", topic, api.parts.log.cluster)
                if all(at.get(partition, 0) >= end for partition, end in ends.items()):
                    return
    finally:
        await consumer.stop()


async def test_signals_whose_keys_the_store_lost_wait_as_dead_letters_and_come_back_with_the_keys(fleet):
    """As after a restore of a copy from before the keys, with another copy that has them."""
    api, _ = fleet
    keys = SqlLogKeys(api.parts.store.engines)
    kept = await keys.all()
    async with api.parts.store.engines.write() as conn:
        await conn.execute(text("DELETE FROM log_keys"))
    api.parts.ring.find, api.parts.ring.refresh = lambda name: None, not_now
    await api.form(**STAYS.form())
    await api.settled()
    (letter,) = (await api.get("/v1/dead-letters"))["dead_letters"]
    assert (letter["reason"], letter["lead_id"]) == (NO_KEY, None)
    assert (await api.get("/v1/leads", email=STAYS.email))["leads"] == []
    del api.parts.ring.find, api.parts.ring.refresh
    await keys.add(kept)
    await api.parts.ring.refresh()
    await asyncio.sleep(5)
    assert await keys.oldest() == kept[0].begins_at, "its period is long over, and it is wanted"
    assert await redrive(api.parts, letter["id"]) == "once_more"
    await api.settled()
    assert len((await api.get("/v1/leads", email=STAYS.email))["leads"]) == 1


async def not_now():
    """The store has no other keys."""


@pytest.mark.parametrize("fleet", [{"STAFETT_KAFKA_SEAL": "false"}], indirect=True)
async def test_whoever_has_consumers_that_cannot_open_leaves_it_off(fleet, kafka_bootstrap):
    api, topics = fleet
    await make_known(api, STAYS)
    assert hits_in_topics(await records_of(kafka_bootstrap, [topics["signals"]]), [STAYS])
    records = await records_of(kafka_bootstrap, [topics[name] for name in TOPICS])
    assert hits_in_topics(records, [STAYS])
    feed = {whole(entry.row.head, entry.row.personal) for entry in await api.parts.reading.events(limit=1000)}
    assert {value.decode() for pairs in records.values() for _, value in pairs} == feed
    (receipt,) = await erase(api, email=STAYS.email)
    assert receipt["receipt"]["topics"].startswith("not sealed: until 20"), "an honest one"
