"""What of persons is on a real Kafka: sealed, opened by who has the keys, and by nobody once they are erased."""

import asyncio
import json
import uuid
from contextlib import asynccontextmanager
from typing import NamedTuple

import pytest
import pytest_asyncio
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
from tests.parts.databases import migrated_database
from tests.parts.kafka import create_topics

pytestmark = pytest.mark.asyncio(loop_scope="module")
GONE, STAYS, COMES_BACK, ANOTHER = map(Planted, (1, 2, 3, 4))
PERIOD, RETENTION = "9s", "20m"
"""Of a key of signals: what takes twelve minutes in production takes ten seconds here. Keys are made for the retention ahead."""


@asynccontextmanager
async def installation(folder, bootstrap, postgres, **more):
    """(API, its topics by their short names) with every role that is needed, on Kafka and PostgreSQL."""
    prefix = f"seal{uuid.uuid4().hex[:8]}"
    topics = {name: f"{prefix}.{name}.v1" for name in ("signals", "thin", *TOPICS)}
    await create_topics(bootstrap, list(topics.values()), 4)
    async with migrated_database(postgres) as url:
        settings = {
            "STAFETT_DATABASE_URL": url.replace("+asyncpg", ""),
            "STAFETT_LOG_URL": f"kafka://{bootstrap}",
            "STAFETT_KAFKA_TOPIC_PREFIX": prefix,
            "STAFETT_KAFKA_SEAL_PERIOD": PERIOD,
            "STAFETT_KAFKA_RETENTION": RETENTION,
        }
        roles = ("router", "relay")
        async with installed(folder, extra=LAWFUL, secrets=SECRETS | settings | more, roles=roles) as api:
            stop = asyncio.Event()
            keeper = asyncio.create_task(log_key_keeper_of(api.parts).run(stop))
            yield api, topics
            stop.set()
            await keeper


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("sealed")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fleet(folder, kafka_bootstrap, postgres):
    async with installation(folder, kafka_bootstrap, postgres) as made:
        yield made


class Erased(NamedTuple):
    """What was there before one of two persons was erased, and what came of it."""

    records: dict[str, list[tuple[bytes, bytes]]]
    open_records: dict[str, list[tuple[bytes, bytes]]]
    names: list[str]
    keys: list[dict]
    receipt: dict


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def erasure(fleet, kafka_bootstrap):
    """GONE, of whom the same was known as of STAYS."""
    api, topics = fleet
    await make_known(api, GONE, STAYS)
    records = await records_of(kafka_bootstrap, list(topics.values()))
    readable = await open_records(api, records, topics["signals"])
    events = [json.loads(value) for name in ("leads", "handovers") for _, value in records[topics[name]]]
    names = sorted({event["data"]["sealed"]["key"] for event in events if "sealed" in event["data"]})
    keys_before = await keys(api, names)
    (receipt,) = await erase(api, email=GONE.email)
    return Erased(records, readable, names, keys_before, receipt["receipt"])


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


async def test_an_erasure_reaches_events_that_lie_on_topics(
    fleet, erasure, folder, kafka_bootstrap, tmp_path, capsys, monkeypatch
):
    api, topics = fleet
    assert hits_in_topics(erasure.records, [GONE, STAYS]) == {}, "sealed from the first event on"
    assert await hits_in_tables(api.parts.store.engines, [STAYS]), "the store has it as it is"
    after = await records_of(kafka_bootstrap, [topics[name] for name in TOPICS])

    lines = [value.decode() for pairs in after.values() for _, value in pairs]
    file = tmp_path / "events.ndjson"
    file.write_text("\n".join(lines))
    monkeypatch.delenv("STAFETT_TEST_KAFKA", raising=False)  # no setting of ours
    status = await asyncio.to_thread(main, ["unseal", str(file), "--config", str(folder / "config")])
    printed = capsys.readouterr()
    opened = printed.out.splitlines()
    assert status == 0 and "of somebody who was erased" in printed.err
    assert len(opened) == len(lines)
    feed = {
        entry.row.event_id: whole(entry.row.head, entry.row.personal)
        for entry in await api.parts.reading.events(limit=1000)
    }
    assert {json.loads(line)["id"]: line for line in opened} == feed, "byte for byte what the feed has"
    assert not [word for word in GONE.words if word in printed.out.casefold()]
    assert [word for word in STAYS.words if word in printed.out.casefold()]


async def test_consumers_ask_for_keys_and_are_refused_those_of_the_erased(fleet, erasure):
    api, _ = fleet
    names = erasure.names
    assert len(names) == 2
    assert [one["key"] for one in erasure.keys] == names and all(len(one["secret"]) == 44 for one in erasure.keys)
    again = await keys(api, names)
    assert sorted(one["reason"] or "" for one in again) == ["", "erased"]
    await keys(api, ["lead_a.1"] * 101, status=422)
    for key in ("persons:export", "personal:read", "none"):
        await keys(api, names, key, status=403)
    audit = (await api.client.get("/v1/audit", headers=bearer("audit:read"))).json()["uses"]
    assert [use["actor"] for use in audit if use["action"] == "listTopicKeys" and use["status"] == 200] == [
        "persons:keys"
    ]


async def open_records(api, records, topic):
    """{topic: those of its records that the store's keys of now open}."""
    ring = ring_of(api.parts.settings, api.parts.store, api.parts.key, api.parts.time)
    await ring.refresh()
    held = [(value, ring.find(name_in(value))) for _, value in records[topic]]
    return {topic: [(b"", open_record(value, one.box)) for value, one in held if one is not None]}


async def test_an_erasure_is_over_once_nobody_opens_their_signals_any_more(fleet, erasure, kafka_bootstrap):
    api, topics = fleet
    signals = topics["signals"]
    before = erasure.records[signals]
    assert len(before) >= 4 and hits_in_topics(erasure.open_records, [GONE]), "the keys of then open them"
    sealed, _, unsealed = erasure.receipt["topics"].partition("; ")
    assert sealed == "sealed with keys that were thrown away" and unsealed.startswith("what came before ")
    after = await records_of(kafka_bootstrap, [signals])
    assert set(before) <= set(after[signals]), "the records are there"
    assert hits_in_topics(await open_records(api, after, signals), [GONE]) == {}, "and open no more"


@asynccontextmanager
async def keys_lost(api):
    """The store as after a restore of a copy from before its keys; the keys, which another copy has. Who uses it puts them back."""
    log_keys = SqlLogKeys(api.parts.store.engines)
    lost = list(await log_keys.all())
    await forget_keys(api)
    api.parts.ring.find, api.parts.ring.refresh = lambda name: None, not_now
    try:
        yield lost
    finally:
        del api.parts.ring.find, api.parts.ring.refresh


async def forget_keys(api):
    async with api.parts.store.engines.write() as conn:
        await conn.execute(text("DELETE FROM log_keys"))


async def ask(api, person, message):
    """Ids of the signals."""
    answer = await api.form(**person.form(message=message))
    await api.settled()
    return answer["signals"]


async def history_of(api, person):
    """Ids of the signals of their one lead, in the order in which they were decided on; none where there is no lead."""
    leads = (await api.get("/v1/leads", email=person.email))["leads"]
    pages = [await api.get(f"/v1/leads/{lead['id']}/history") for lead in leads]
    return [entry["signal_id"] for page in pages for entry in page["history"]]


async def test_signals_whose_keys_the_store_lost_wait_as_dead_letters_and_come_back_in_order_with_the_keys(fleet):
    api, _ = fleet
    async with keys_lost(api) as lost:
        first, second = await ask(api, COMES_BACK, "first"), await ask(api, COMES_BACK, "second")
        of_another = await ask(api, ANOTHER, "of somebody else")
    letters = [letter for letter in await api.parts.reading.dead_letters("dead") if letter.reason == NO_KEY]
    assert [letter.lead_id for letter in letters] == [None] * 3
    assert await history_of(api, COMES_BACK) == []
    assert await redrive(api.parts, letters[1].id) == "no_key"
    await forget_keys(api)
    await SqlLogKeys(api.parts.store.engines).add(lost)
    await api.parts.ring.refresh()
    await asyncio.sleep(5)
    oldest = next(key.begins_at for key in lost if key.secret is not None)
    assert await SqlLogKeys(api.parts.store.engines).oldest() == oldest, "it is long over, and wanted"
    assert await redrive(api.parts, letters[1].id) == "once_more"
    await api.settled()
    assert await history_of(api, COMES_BACK) == [*first, *second], "the first one first, though nobody named it"
    assert await redrive(api.parts, letters[0].id) == "settled"
    assert await history_of(api, ANOTHER) == [], "nobody asked for theirs"
    assert await redrive(api.parts, letters[2].id) == "once_more"
    await api.settled()
    assert await history_of(api, ANOTHER) == of_another


async def not_now():
    """The store has no other keys."""


async def test_after_db_restored_what_was_read_before_is_passed_over(fleet, erasure, kafka_bootstrap):
    """The log is read from its beginning, where it has records that nobody opens any more: they were decided on."""
    api, topics = fleet
    lead = (await api.get("/v1/leads", email=STAYS.email))["leads"][0]["id"]
    history = await api.get(f"/v1/leads/{lead}/history")
    letters = await api.get("/v1/dead-letters")
    signals = topics["signals"]
    async with asyncio.timeout(60):
        while (await open_records(api, await records_of(kafka_bootstrap, [signals]), signals))[signals]:
            await asyncio.sleep(0.5)
    await api.parts.store.raise_epoch()
    await api.parts.ring.refresh()
    consumer = api.parts.log.consumer(signals, "router")
    router = router_of(api.parts)
    await until_read(api, signals, router, consumer)
    assert await api.get(f"/v1/leads/{lead}/history") == history
    assert await api.get("/v1/dead-letters") == letters


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


async def test_whoever_has_consumers_that_cannot_open_leaves_it_off(tmp_path, kafka_bootstrap, postgres):
    async with installation(tmp_path, kafka_bootstrap, postgres, STAFETT_KAFKA_SEAL="false") as (api, topics):
        await make_known(api, STAYS)
        records = await records_of(kafka_bootstrap, list(topics.values()))
        assert hits_in_topics({"signals": records[topics["signals"]]}, [STAYS])
        events = {topics[name]: records[topics[name]] for name in TOPICS}
        assert hits_in_topics(events, [STAYS])
        feed = {whole(entry.row.head, entry.row.personal) for entry in await api.parts.reading.events(limit=1000)}
        assert {value.decode() for pairs in events.values() for _, value in pairs} == feed
        (receipt,) = await erase(api, email=STAYS.email)
        assert receipt["receipt"]["topics"].startswith("not sealed: until 20"), "an honest one"
