"""The port `SessionStore`, on both engines."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from services.adapters.sql.sessions import SqlSessions
from services.ports.sessions import OneTimeLink, Session

NOW = datetime(2026, 6, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def sessions(store):
    return SqlSessions(store.engines)


def session(digest="d1", **more):
    return Session(digest, "maja", NOW, NOW + HOUR, NOW + 24 * HOUR)._replace(**more)


async def test_a_session_is_read_as_it_was_opened(sessions):
    plain, full = session(), session("d2", person="elin", roles=("sales", "sdr"), name="Elin Öst")
    for one in (plain, full):
        await sessions.open(one, 10)
    assert await sessions.session("d1") == plain
    assert await sessions.session("d2") == full
    assert await sessions.session("d3") is None


async def test_of_a_persons_sessions_those_that_expire_first_end(sessions):
    for number in range(4):
        await sessions.open(session(f"d{number}", expires_at=NOW + number * HOUR), 2)
    await sessions.open(session("other", person="elin"), 2)
    there = [digest for digest in ("d0", "d1", "d2", "d3", "other") if await sessions.session(digest)]
    assert there == ["d2", "d3", "other"]


async def test_use_prolongs_a_session_and_never_shortens_it(sessions):
    await sessions.open(session(), 10)
    await sessions.prolong("d1", NOW + 3 * HOUR)
    await sessions.prolong("d1", NOW + 2 * HOUR)
    assert (await sessions.session("d1")).expires_at == NOW + 3 * HOUR


async def test_a_session_that_was_closed_stays_closed_when_it_is_used(sessions):
    await sessions.open(session(), 10)
    await sessions.close("d1")
    await sessions.close("d1")
    await sessions.prolong("d1", NOW + 3 * HOUR)
    assert await sessions.session("d1") is None


async def test_all_sessions_of_one_person_are_closed(sessions):
    for one in (session("d1"), session("d2"), session("d3", person="elin")):
        await sessions.open(one, 10)
    assert await sessions.close_all("maja") == 2
    assert await sessions.session("d1") is None and await sessions.session("d3") is not None


async def test_a_link_is_used_once_even_by_many_at_once(sessions):
    await sessions.make_link(OneTimeLink("l1", "maja", NOW + HOUR), 10)
    people = await asyncio.gather(*(sessions.use_link("l1", NOW) for _ in range(8)))
    assert sorted(people, key=str) == [None] * 7 + ["maja"]


async def test_a_link_that_expired_or_that_nobody_made_signs_nobody_in(sessions):
    await sessions.make_link(OneTimeLink("l1", "maja", NOW + HOUR), 10)
    assert await sessions.use_link("l1", NOW + HOUR) is None
    assert await sessions.use_link("l2", NOW) is None


async def test_so_many_links_wait_at_most(sessions):
    for number in range(4):
        await sessions.make_link(OneTimeLink(f"l{number}", "maja", NOW + (number + 1) * HOUR), 2)
    assert [await sessions.use_link(f"l{number}", NOW) for number in range(4)] == [None, None, "maja", "maja"]
