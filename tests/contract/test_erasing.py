"""What is personal in which column, and the port `PersonErasing`, on both engines."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from services.adapters.sql.column_classes import COLUMN_CLASSES, EMPTIED, LOOKED_THROUGH, OF_LEAD
from services.adapters.sql.erasing import SqlErasing
from services.adapters.sql.persons import SqlPersons
from services.adapters.sql.schema import NEEDED, columns_of
from services.persons.erasing import Eraser
from services.ports.persons import LoggedKey
from services.ports.rows import DeadLetter, OutboxRow, PersonRequest, RecordOut, SpoolEntry, Writes
from tests.contract.test_reading import judged_signal, lead

NOW = datetime(2026, 6, 8, tzinfo=UTC)
REQUEST = PersonRequest("preq_1", "erasure", "open", "desk", "lead_a", NOW, None, "{}", "{}")


@pytest.fixture
async def erasing(store):
    await SqlPersons(store.engines).note_request(REQUEST)
    return SqlErasing(store.engines)


async def test_every_column_of_the_real_schema_has_a_class(store):
    there = {name: columns for name, columns in (await columns_of(store.engines)).items() if name != "alembic_version"}
    assert {name: frozenset(columns) for name, columns in COLUMN_CLASSES.items()} == there == NEEDED


def test_whatever_is_personal_is_emptied_by_the_leads_id_or_looked_through():
    by_lead = {f"{rule.table}.{column}" for rule in OF_LEAD for column in rule.columns}
    assert {column for column in EMPTIED if column not in by_lead} == {
        f"{table}.{column}"
        for table in LOOKED_THROUGH
        for column, name in COLUMN_CLASSES[table].items()
        if name == "personal" and f"{table}.{column}" not in by_lead
    }
    assert by_lead - EMPTIED == {"leads.email_digest"}


async def emptied(store):
    found = await SqlPersons(store.engines).request("preq_1")
    return json.loads(found.body).get("emptied", {})


async def test_rows_of_a_lead_are_emptied_in_small_steps_and_counted_once(store, erasing):
    of_lead = [judged_signal(n, None)._replace(lead_id="lead_a", personal="{}", salt="s", digest="d") for n in range(5)]
    others = [judged_signal(n, None)._replace(lead_id="lead_b", personal="{}", salt="s") for n in range(5, 8)]
    letters = [DeadLetter(f"dl_{n}", "lead_a", "sig", 0, "dead", "r", "e", "t/0/1", "{}", "{}", b"raw", NOW) for n in range(2)]  # fmt: skip
    outbox = [OutboxRow(f"evt_{n}", "leads", "lead_a", n, "t", "k", "{", "{}") for n in range(3)]
    async with store.batch() as batch:
        await batch.write(
            Writes(leads=[lead("lead_a", personal="{}")], history=of_lead + others, dead_letters=letters, outbox=outbox)
        )
    assert not await erasing.is_published("lead_a")
    steps = []
    while count := await erasing.empty_of_lead(REQUEST, 2):
        steps.append(count)
    assert max(steps) == 2 and sum(steps) == 11
    assert await emptied(store) == {"leads": 1, "history": 5, "outbox": 3, "dead_letters": 2}
    async with store.engines.read() as conn:
        left = (await conn.execute(text("SELECT count(*) FROM history WHERE personal IS NOT NULL"))).scalar()
        salts = (await conn.execute(text("SELECT count(*) FROM history WHERE salt IS NOT NULL"))).scalar()
        digests = (await conn.execute(text("SELECT count(*) FROM history WHERE digest IS NOT NULL"))).scalar()
    assert (left, salts, digests) == (3, 3, 5)
    epoch = await store.acquire_lease("relay", "me", 60)
    await store.move_to_events(await store.outbox(10), "relay", epoch, NOW)
    assert await erasing.is_published("lead_a")


async def test_what_bears_no_leads_id_is_looked_through_page_by_page(store, erasing):
    rows = [judged_signal(n, "no_lead")._replace(personal="{}", salt="s") for n in range(7)]
    letters = [
        DeadLetter(f"dl_{n}", None, None, 0, "dead", "r", "e", "t/0/1", None, None, b"raw", NOW) for n in range(3)
    ]
    async with store.batch() as batch:
        await batch.write(Writes(history=rows, dead_letters=letters))
    first = await erasing.history_of_nobody(0, 3)
    rest = await erasing.history_of_nobody(first[-1][0], 10)
    assert len(first) == 3 and len(rest) == 4
    await erasing.empty_history(REQUEST, [first[0][0], rest[0][0]])
    assert len(await erasing.history_of_nobody(0, 10)) == 5
    (one, *_) = await erasing.letters_of_nobody(0, 10)
    await erasing.empty_letters(REQUEST, [one.id])
    assert [letter.id for letter in await erasing.letters_of_nobody(0, 10)] == ["dl_1", "dl_2"]
    assert await emptied(store) == {"history": 2, "dead_letters": 1}


async def test_records_that_wait_and_those_of_the_embedded_log_are_changed_in_their_place(store, erasing):
    async with store.batch() as batch:
        await batch.spool([RecordOut("signals", b"k", b"body")])
    (entry,) = await erasing.spool_page(0, 10)
    await erasing.put_spooled(REQUEST, [SpoolEntry(entry.id, entry.record._replace(value=b"less"))])
    assert (await erasing.spool_page(0, 10))[0].record.value == b"less"
    async with store.engines.write() as conn:
        for offset in range(3):
            statement = "INSERT INTO log_records VALUES ('signals', 0, :offset, :key, :body, 0)"
            await conn.execute(text(statement), {"offset": offset, "key": b"k%d" % offset, "body": b"body"})
    places = await erasing.log_keys(None, 2)
    assert [place.key for place in places] == [b"k0", b"k1"]
    assert await erasing.log_keys(places[-1], 2) == [LoggedKey("signals", 0, 2, b"k2")]
    await erasing.put_logged(REQUEST, [(places[1], b"less")])
    assert await erasing.log_bodies([*places, LoggedKey("signals", 0, 9, b"")]) == [b"body", b"less", None]


async def test_an_erasure_that_is_done_forgets_what_it_looked_for(store, erasing):
    assert [one.id for one in await erasing.open_erasures(10)] == ["preq_1"]
    await erasing.finish(REQUEST._replace(body='{"emptied": {}}'), NOW)
    assert await erasing.open_erasures(10) == []
    done = await SqlPersons(store.engines).request("preq_1")
    assert (done.state, done.personal, done.finished_at, done.body) == ("done", None, NOW, '{"emptied": {}}')
    await erasing.compact()


async def test_what_people_wrote_for_the_forum_is_changed_in_its_place(store, erasing):
    async with store.engines.write() as conn:
        for name in ("a", "b"):
            row = {"id": name, "body": f'{{"what": "{name}"}}'}
            await conn.execute(
                text("INSERT INTO forum_entries (id, body, made_by, recorded_at) VALUES (:id, :body, 'sara', 0)"), row
            )
    first, second = await erasing.forum_page(0, 10)
    assert await erasing.forum_page(first[0], 10) == [second]
    await erasing.put_forum(REQUEST, [(second[0], "{}")])
    assert await erasing.forum_page(0, 10) == [first, (second[0], "{}")] and (await emptied(store)) == {
        "forum_entries": 1
    }


async def test_an_erasure_that_waits_for_topics_is_in_nobodys_way_until_its_last_round(store, erasing):
    """What can be opened on topics, from the oldest key on, is moved by the test."""
    topics = Topics(NOW - timedelta(minutes=5))
    eraser = eraser_with(erasing, topics)
    assert await eraser.step() == 0
    assert await erasing.open_erasures(10) == [] and await state(store) == "waiting"
    await SqlPersons(store.engines).note_request(REQUEST._replace(id="preq_2", asked_at=NOW + timedelta(hours=1)))
    topics.since = NOW
    assert await eraser.step() == 0 and await state(store) == "waiting", "a key that began in that instant is there"
    topics.since = NOW + timedelta(seconds=1)
    assert await eraser.step() == 1 and await state(store) == "done"
    assert json.loads((await SqlPersons(store.engines).request("preq_1")).body)["topics"] == "sealed"
    assert await state(store, "preq_2") == "waiting"
    assert await eraser_with(erasing, Topics(None)).step() == 1, "after a start what waits is looked at"


class Topics:
    def __init__(self, since):
        self.since = since

    async def readable_since(self):
        return self.since

    def words(self, now):
        return "sealed"


def eraser_with(erasing, topics):
    async def lease():
        return True

    return Eraser(erasing, partition_key=lambda *_: "k", lease=lease, seal=str, now=lambda: NOW, topics=topics)


async def state(store, ident="preq_1"):
    return (await SqlPersons(store.engines).request(ident)).state
