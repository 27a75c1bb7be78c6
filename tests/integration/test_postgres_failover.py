"""PostgreSQL and a standby: writes go on at the promoted one, a server that says nothing is passed over, and one that takes no writes
refuses no data."""

import asyncio
import time

import pytest
from sqlalchemy import text

from services.adapters.sql.engine import Engines
from services.ports.errors import StoreUnavailable
from services.settings.urls import database_url
from tests.parts.postgres_pair import PostgresPair

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def pair():
    own = PostgresPair().start()
    own.primary.say("CREATE TABLE kept (n int)")
    yield own
    own.close()


async def insert(engines, number):
    async with engines.write() as conn:
        await conn.execute(text("INSERT INTO kept VALUES (:n)"), {"n": number})


async def insert_soon(engines, number):
    """Seconds until it went."""
    begun = time.monotonic()
    async with asyncio.timeout(30):
        while True:
            try:
                await insert(engines, number)
                return time.monotonic() - begun
            except StoreUnavailable:
                await asyncio.sleep(0.1)


async def test_writes_go_to_whichever_server_takes_them(pair):
    first, second = pair.primary, pair.standby
    named = f"postgresql://postgres@{first.address},{second.address}/postgres"
    alone, engines = Engines(f"postgresql+asyncpg://postgres@{second.address}/postgres"), Engines(database_url(named))
    try:
        await insert(engines, 1)
        with pytest.raises(StoreUnavailable, match="takes no writes"):
            await insert(alone, 2)
        await asyncio.to_thread(pair.fail_over)
        assert await insert_soon(engines, 3) < 15
        # The same address takes writes now, and nothing that was opened before is used again.
        assert await insert_soon(alone, 4) < 15
        assert second.say("SELECT array_agg(n ORDER BY n) FROM kept") == "{1,3,4}"
        await asyncio.to_thread(pair.follow)
        first.pause(True)
        fresh = Engines(database_url(named))
        try:
            # The first one takes the connection and says nothing; as a commit waits for it, this only reads.
            begun = time.monotonic()
            async with asyncio.timeout(20), fresh.read() as conn:
                assert (await conn.execute(text("SELECT count(*) FROM kept"))).scalar() == 3
            assert time.monotonic() - begun < 10
        finally:
            first.pause(False)
            await fresh.close()
    finally:
        await engines.close()
        await alone.close()
