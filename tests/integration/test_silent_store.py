"""PostgreSQL whose connections die without a word: the answer is an error within seconds, and the next one goes through."""

import asyncio
import socket
import time
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import make_url, text

from services.adapters.sql import bounds, postgres_engine, silence
from services.adapters.sql.engine import Engines
from services.adapters.sql.tables import outbox
from services.ports.errors import StoreTooSlow, StoreUnavailable
from tests.parts.silent_proxy import SilentProxy

pytestmark = pytest.mark.real
SHOWN = {"statement_timeout": "8s", "lock_timeout": "5s", "idle_in_transaction_session_timeout": "10s"}
SWIFT = bounds.Bounds(statement=1.0, lock=0.7, abandoned=2.0)


def through(proxy, url):
    """The same database by way of the proxy."""
    parsed = make_url(url)
    return parsed.set(host="127.0.0.1", port=proxy.port, query={}).render_as_string(hide_password=False)


def way_to(url):
    parsed = make_url(url)
    folder = parsed.query.get("host")
    return f"{folder}/.s.PGSQL.{parsed.port or 5432}" if folder else parsed.port or 5432


@pytest.fixture
def silent(postgres_url):
    with SilentProxy(way_to(postgres_url)) as proxy:
        yield proxy


@pytest.fixture
def swift(monkeypatch):
    """Every bound shorter, so that the test need not wait for nine seconds."""
    monkeypatch.setitem(postgres_engine.postgres_engine.__kwdefaults__, "bounds", SWIFT)
    monkeypatch.setattr(silence, "PING_SECONDS", 1.0)
    monkeypatch.setattr(silence, "CONNECT_SECONDS", 1.0)


@asynccontextmanager
async def engines_at(url):
    engines = Engines(url)
    try:
        yield engines
    finally:
        begun = time.monotonic()
        await engines.close()
        assert time.monotonic() - begun < 3


async def ask(engines):
    async with engines.read() as conn:
        return (await conn.execute(text("SELECT 1"))).scalar()


async def seconds_until(work):
    begun = time.monotonic()
    while True:
        try:
            await work()
        except StoreUnavailable:
            assert time.monotonic() - begun < 20
            continue
        return time.monotonic() - begun


async def test_what_was_idle_in_the_pool_is_given_up_as_a_whole(silent, postgres_url, swift):
    async with engines_at(through(silent, postgres_url)) as engines:
        await asyncio.gather(*(ask(engines) for _ in range(6)))
        assert silent.cut() >= 3
        assert 0.9 < await seconds_until(lambda: ask(engines)) < 4
        assert await seconds_until(lambda: asyncio.gather(*(ask(engines) for _ in range(6)))) < 4


async def test_a_cut_amid_a_transaction_is_an_error_and_its_locks_are_free_again(silent, postgres_url, swift):
    put = text("INSERT INTO kept VALUES ('x', 1) ON CONFLICT (word) DO UPDATE SET count = kept.count + 1")
    async with engines_at(through(silent, postgres_url)) as engines, engines_at(postgres_url) as direct:

        async def count(*, is_cut=False):
            async with engines.write() as conn:
                await conn.execute(put)
                if is_cut:
                    silent.cut()
                    await conn.execute(text("SELECT 1"))

        async with direct.write() as conn:
            await conn.execute(text("CREATE TABLE kept (word text PRIMARY KEY, count int)"))
        await count()
        begun = time.monotonic()
        with pytest.raises(StoreTooSlow, match="did not answer"):
            await count(is_cut=True)
        assert time.monotonic() - begun < 4
        # The server keeps the lock until it ends the transaction of which nobody says anything any more.
        assert await seconds_until(count) < 5
        async with direct.read() as conn:
            assert (await conn.execute(text("SELECT count FROM kept"))).scalar() == 2


@pytest.mark.parametrize("does_copy", [True, False])
async def test_a_copy_or_a_commit_that_nobody_answers_is_an_error(silent, postgres_url, swift, does_copy):
    async with engines_at(through(silent, postgres_url)) as engines, engines_at(postgres_url) as direct:

        async def write():
            async with engines.write() as conn:
                await conn.execute(text("SELECT 1"))
                silent.cut()
                if does_copy:
                    await engines.dialect.append(conn, outbox, columns=["id"], rows=[(1,)])

        async with direct.write() as conn:
            await conn.execute(text("CREATE TABLE outbox (id bigint)"))
        begun = time.monotonic()
        with pytest.raises(StoreUnavailable):
            await write()
        assert time.monotonic() - begun < 4
        assert await ask(engines) == 1


async def test_a_way_that_takes_nobody_is_an_error_within_the_time_to_connect(silent, postgres_url, swift):
    async with engines_at(through(silent, postgres_url)) as engines:
        silent.cut(new=True)
        begun = time.monotonic()
        with pytest.raises(StoreUnavailable):
            await ask(engines)
        assert 0.9 < time.monotonic() - begun < 3
        silent.heal()
        assert await ask(engines) == 1


async def test_a_session_has_the_bounds_of_a_role_and_looks_whether_we_are_there(postgres_url):
    async with engines_at(postgres_url) as engines, engines.read() as conn:
        shown = [(await conn.execute(text(f"SHOW {name}"))).scalar() for name in SHOWN]
    assert dict(zip(SHOWN, shown, strict=True)) == SHOWN


async def test_our_own_socket_asks_whether_the_server_is_there(silent, postgres_url):
    async with engines_at(through(silent, postgres_url)) as engines, engines.read() as conn:
        driver = (await conn.get_raw_connection()).driver_connection
        own = driver._transport.get_extra_info("socket")
        assert own.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert own.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 10_000
        assert own.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 5
