"""The port `PersonKeys` on both engines, and the relay that seals with them."""

import asyncio
import json

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.adapters.sql.erasing import SqlErasing
from services.adapters.sql.person_keys import SqlPersonKeys
from services.adapters.sql.persons import SqlPersons
from services.adapters.sql.reading import SqlReading
from services.adapters.sql.store import SqlStore
from services.persons.topic_keys import find_keys
from services.ports.rows import Writes
from services.sealing.events import key_name, open_event, take_apart
from tests.contract.test_erasing import NOW, REQUEST
from tests.contract.test_reading import lead
from tests.contract.test_relay import Topics, event, relay
from tests.parts.databases import migrated_database


@pytest.fixture
def keys(store):
    return SqlPersonKeys(store.engines)


async def throw_away(store):
    await SqlPersons(store.engines).note_request(REQUEST)
    while await SqlErasing(store.engines).empty_of_lead(REQUEST, 100):
        pass


async def test_a_key_is_made_once_however_many_ask(keys):
    made = await asyncio.gather(*(keys.make_keys({"lead_a", f"lead_{n}"}, NOW) for n in range(6)))
    assert (
        len({found["lead_a"] for found in made}) == 1 and len({found[f"lead_{n}"] for n, found in enumerate(made)}) == 6
    )
    assert await keys.make_keys(["lead_a"], NOW) == {"lead_a": made[0]["lead_a"]}
    assert await keys.make_keys([], NOW) == {} == await keys.keys_of([])


async def test_a_key_that_was_thrown_away_is_not_made_again(store, keys):
    secret = (await keys.make_keys(["lead_a", "lead_b"], NOW))["lead_a"]
    await throw_away(store)
    assert (await keys.make_keys(["lead_a"], NOW))["lead_a"] is None
    found = await find_keys(keys, [key_name("lead_a", secret)])
    assert [(one.secret, one.reason) for one in found] == [(None, "erased")]
    emptied = json.loads((await SqlPersons(store.engines).request("preq_1")).body)["emptied"]
    assert emptied == {"person_keys": 1}, "the receipt counts it"


async def test_a_relay_that_stood_still_makes_no_key_for_somebody_erased_meanwhile(store, keys):
    """It has an event in its hands that another one published once nothing personal was in it, so there was no key to throw away."""
    await throw_away(store)
    assert await keys.make_keys(["lead_a"], NOW) == {"lead_a": None}
    assert json.loads((await SqlPersons(store.engines).request("preq_1")).body or "{}") == {}, "nothing was emptied"


async def test_a_relay_whose_key_comes_while_the_erasure_ends_keeps_none(postgres, monkeypatch):
    """On PostgreSQL, where two write at the same time: between the look for a key and the end of that round."""
    late, execute = [], AsyncConnection.execute

    async def execute_then_make(connection, statement, *values, **options):
        done = await execute(connection, statement, *values, **options)
        if str(statement).startswith("UPDATE person_keys") and not late:
            late.append(asyncio.create_task(keys.make_keys(["lead_a"], NOW)))
            await asyncio.wait(late, timeout=0.5)
        return done

    monkeypatch.setattr(AsyncConnection, "execute", execute_then_make)
    async with migrated_database(postgres) as url:
        store = SqlStore(url)
        await store.start()
        keys = SqlPersonKeys(store.engines)
        await throw_away(store)
        assert await late[0] == {"lead_a": None} == await keys.make_keys(["lead_a"], NOW)
        await store.close()


async def test_keys_are_found_by_name_and_brand(store, keys):
    async with store.batch() as batch:
        await batch.write(Writes(leads=[lead("lead_a"), lead("lead_b")]))
    secrets = await keys.make_keys(["lead_a", "lead_b"], NOW)
    names = [key_name("lead_b", secrets["lead_b"]), "lead_a.00000000", "lead_c.00000000", "", "lead_\0.x"]
    found = await find_keys(keys, names)
    assert [one.key for one in found] == names
    assert [one.reason for one in found] == [None, "unknown", "unknown", "unknown", "unknown"]
    brand = (await keys.keys_of(["lead_b"]))["lead_b"].brand
    assert (await find_keys(keys, names[:1], [brand]))[0].secret
    assert (await find_keys(keys, names[:1], ["another"]))[0].reason == "unknown"


async def test_the_relay_seals_what_is_personal_and_the_feed_stays_as_it_is(store, keys):
    rows = [event(n % 2, 1 + n // 2)._replace(personal='{"person":{"full_name":"Anna Ek"}}') for n in range(4)]
    async with store.batch() as batch:
        await batch.write(Writes(outbox=[*rows, event(2, 1)]))
    log = Topics()
    lines = log.lines = []
    publish = log.publish

    async def keep(records):
        lines.extend(record.value.decode() for record in records)
        await publish(records)

    log.publish = keep
    await relay(store, log, "a", keys=keys).drain()
    assert "Anna" not in "".join(lines)
    secrets = await keys.keys_of(["lead_0", "lead_1", "lead_2"])
    assert secrets.keys() == {"lead_0", "lead_1"}, "nothing of the third is personal"
    feed = await SqlReading(store.engines).events(limit=10)
    assert [entry.row.personal for entry in feed] == [row.personal for row in rows] + [None]
    opened = [open_event(take_apart(line), secrets[f"lead_{n % 2}"].secret) for n, line in enumerate(lines[:4])]
    assert all(json.loads(line)["data"]["personal"]["person"]["full_name"] == "Anna Ek" for line in opened)
    assert take_apart(lines[4]) is None


async def test_of_somebody_erased_nothing_personal_is_published(store, keys):
    await keys.make_keys(["lead_a"], NOW)
    await throw_away(store)
    late = event(0, 1)._replace(lead_id="lead_a", personal='{"person":{"full_name":"Anna Ek"}}')
    async with store.batch() as batch:
        await batch.write(Writes(outbox=[late]))
    log = Topics()
    await relay(store, log, "a", keys=keys).drain()
    (said,) = log.seen
    assert said["data"] == {"a": 1, "personal": None}


async def test_the_keys_are_where_nobody_looks_by_chance(store, keys):
    """A column of its own, and nothing of it in the row's other ones."""
    secret = (await keys.make_keys(["lead_a"], NOW))["lead_a"]
    async with store.engines.read() as conn:
        row = (await conn.execute(text("SELECT lead_id, made_at FROM person_keys"))).one()
    assert secret.hex()[:8] not in str(tuple(row))
