"""What of persons is on a real Kafka: sealed, opened by who has the keys, and by nobody once they are erased."""

import asyncio
import json
from contextlib import AsyncExitStack

import pytest

from schemas.envelope import whole
from schemas.events import TOPICS
from services.bootstrap.persons import eraser_of
from services.cli.main import main
from tests.api import bearer, installed
from tests.e2e.test_person_erasure import LAWFUL, SECRETS, erase, tell
from tests.erasing import Planted, hits_in_tables, hits_in_topics, records_of
from tests.parts.kafka import create_topics
from tests.parts.postgres import migrated_database

GONE, STAYS = Planted(1), Planted(2)


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
        }
        made = installed(tmp_path, extra=LAWFUL, secrets=SECRETS | settings | more, roles=("router", "relay"))
        yield await stack.enter_async_context(made), topics


async def keys(api, names, key="persons:keys", status=200):
    answer = await api.client.get("/v1/persons/keys", params={"key": names}, headers=bearer(key))
    assert answer.status_code == status, answer.text
    return answer.json().get("keys")


async def told(api, *people):
    for person in people:
        await api.form(**person.form())
        await tell(api, fact="contact.updated", **person.contact())
    await api.settled()


async def test_an_erasure_reaches_events_that_lie_on_topics(fleet, kafka_bootstrap, tmp_path, capsys):
    api, topics = fleet
    events = [topics[name] for name in TOPICS]
    await told(api, GONE, STAYS)
    before = await records_of(kafka_bootstrap, events)
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
    await told(api, GONE, STAYS)
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


@pytest.mark.parametrize("fleet", [{"STAFETT_KAFKA_SEAL": "false"}], indirect=True)
async def test_whoever_has_consumers_that_cannot_open_leaves_it_off(fleet, kafka_bootstrap):
    api, topics = fleet
    await told(api, STAYS)
    records = await records_of(kafka_bootstrap, [topics[name] for name in TOPICS])
    assert hits_in_topics(records, [STAYS])
    feed = {whole(entry.row.head, entry.row.personal) for entry in await api.parts.reading.events(limit=1000)}
    assert {value.decode() for pairs in records.values() for _, value in pairs} == feed
    await eraser_of(api.parts).step()
