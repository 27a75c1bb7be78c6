"""Packets of a network are really dropped: who is idle finds out by keepalive, on both sides, and who asks by the bound of an answer."""

import asyncio
import shutil
import tempfile
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from services.adapters.sql.engine import Engines
from services.ports.errors import StoreUnavailable
from tests.parts.dropping_network import HERE, THERE, DroppingNetwork
from tests.parts.errors import PartMissing
from tests.parts.postgres_pair import Node

pytestmark = pytest.mark.real
CONFIG = "listen_addresses = '*'\n"
OURS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'stafett'"


@pytest.fixture(scope="module")
def network():
    try:
        made = DroppingNetwork().__enter__()
    except PartMissing as error:
        pytest.skip(str(error))
    yield made
    made.__exit__()


@pytest.fixture(scope="module")
def server(network):
    node = Node(Path(tempfile.mkdtemp(prefix="stafett-far-")), "a", within=network.within)
    node.make(CONFIG)
    with (node.data / "pg_hba.conf").open("a") as rules:
        rules.write(f"host all all {HERE}/32 trust\n")
    node.start()
    node.say("CREATE TABLE kept (n int)")
    yield node
    node.stop()
    shutil.rmtree(node.home)


async def until(true, seconds):
    """Seconds that it took."""
    begun = time.monotonic()
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.2)
    return time.monotonic() - begun


async def test_both_sides_end_what_is_idle_and_nothing_stays_locked(network, server):
    engines = Engines(f"postgresql+asyncpg://postgres@{THERE}:{server.port}/postgres")
    try:
        async with engines.writing.connect() as conn:
            driver = (await conn.get_raw_connection()).driver_connection
            await conn.execute(text("LOCK TABLE kept"))
            network.drop()
            here = asyncio.create_task(until(driver.is_closed, 30))
            there = asyncio.create_task(until(lambda: server.say(OURS) == "0", 30))
            took = await here, await there
            print(f"idle: noticed here after {took[0]:.1f} s, at the server after {took[1]:.1f} s")
            assert max(took) < 15
            server.say("SET lock_timeout = '1s'; LOCK TABLE kept")
            await conn.invalidate()
    finally:
        network.heal()
        await engines.close()


async def test_who_asks_gives_up_and_goes_on_once_packets_arrive_again(network, server):
    engines = Engines(f"postgresql+asyncpg://postgres@{THERE}:{server.port}/postgres")

    async def insert():
        async with engines.write() as conn:
            await conn.execute(text("INSERT INTO kept VALUES (1)"))

    try:
        await insert()
        network.drop()
        begun = time.monotonic()
        with pytest.raises(StoreUnavailable):
            async with asyncio.timeout(20):
                await insert()
        assert time.monotonic() - begun < 15
        network.heal()
        async with asyncio.timeout(20):
            while True:
                try:
                    await insert()
                    break
                except StoreUnavailable:
                    await asyncio.sleep(0.1)
        assert server.say("SELECT count(*) FROM kept") == "2"
    finally:
        await engines.close()
