"""The port `KeyStore`, on both engines."""

import asyncio
from datetime import UTC, datetime, timedelta

from schemas.api_keys import KeyEntry, digest_of
from services.adapters.sql.keys import SqlKeys
from services.adapters.sql.pruning import prune
from services.ports.keys import StoredKey

NOW = datetime(2026, 11, 30, 15, 10, tzinfo=UTC)
DAY = timedelta(days=1)


def made_key(name, **more):
    entry = KeyEntry(name=name, sha256=digest_of(f"sk_{name}"), scopes=("leads:read",), **more)
    return StoredKey(entry, "operator", NOW)


async def test_a_key_is_what_it_was_until_it_is_revoked_and_its_name_is_given_once(store):
    keys = SqlKeys(store.engines)
    lena = made_key("lena", person="lena", brands=("nord",), expires=NOW + DAY)
    assert await keys.add(lena) and await keys.add(made_key("anna", acts_as="everybody"))
    assert not await keys.add(made_key("lena"))
    assert [one.entry.name for one in await keys.keys()] == ["anna", "lena"]
    assert (await keys.keys())[1] == lena
    assert await keys.revoke("lena", NOW + DAY)
    assert not await keys.revoke("lena", NOW + 2 * DAY) and not await keys.revoke("nobody", NOW)
    assert (await keys.keys())[1] == lena._replace(revoked_at=NOW + DAY)
    assert not await keys.add(made_key("lena"))


async def test_of_two_who_make_one_name_at_once_one_does(store):
    keys = SqlKeys(store.engines)
    added = await asyncio.gather(*(keys.add(made_key("lena", person=f"p{number}")) for number in range(8)))
    assert sorted(added) == [False] * 7 + [True]


async def test_those_that_open_nothing_any_more_go_with_the_audit(store):
    keys = SqlKeys(store.engines)
    for one in (
        made_key("revoked"),
        made_key("over", expires=NOW),
        made_key("later", expires=NOW + 9 * DAY),
        made_key("open"),
    ):
        await keys.add(one)
    await keys.revoke("revoked", NOW)
    assert await prune(store.engines, {"audit": NOW + DAY}) == {"api_keys": 2}
    assert [one.entry.name for one in await keys.keys()] == ["later", "open"]
