"""PostgreSQL that has fewer connections than we want, and one whose disk is full: what is said, and that it goes on by itself."""

import asyncio
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import text

from services.adapters.sql.engine import Engines, one_shot
from services.adapters.sql.store import SqlStore
from services.bootstrap.readiness import answers
from services.ports.errors import NoConnectionFree, StoreFull
from tests.parts.postgres import PostgresServer

pytestmark = pytest.mark.real
MOUNT, UMOUNT = "/usr/bin/mount", "/usr/bin/umount"


@pytest.fixture(scope="module")
def server():
    own = PostgresServer().start()
    yield own
    own.close()


async def command(server, *statements, database="postgres"):
    engine = one_shot(server.url(database))
    async with engine.connect() as conn:
        conn = await conn.execution_options(isolation_level="AUTOCOMMIT")
        for statement in statements:
            await conn.execute(text(statement))
    await engine.dispose()


async def test_too_few_connections_are_said_by_name_and_those_that_there_are_serve_all(server):
    await command(server, "CREATE ROLE few LOGIN CONNECTION LIMIT 2")
    engines = Engines(server.url(user="few"))

    async def ask(seconds):
        async with engines.read() as conn:
            await conn.execute(text("SELECT pg_sleep(:s)"), {"s": seconds})

    try:
        fates = await asyncio.gather(*(ask(1.0) for _ in range(6)), return_exceptions=True)
        refused = [fate for fate in fates if fate is not None]
        assert len(refused) == 4 and all(isinstance(fate, NoConnectionFree) for fate in refused)
        assert "max_connections" in str(refused[0])
        for _ in range(6):
            await ask(0.0)

        async def check():
            raise refused[0]

        assert await answers({"store": check}) == {"store": "NoConnectionFree"}
    finally:
        await engines.close()


@pytest.fixture
def small_disk(server):
    """A folder of 24 MB that PostgreSQL may write to."""
    folder = Path(f"{server.folder}-small")
    folder.mkdir()
    owner = server.folder.stat()
    options = f"size=24m,uid={owner.st_uid},gid={owner.st_gid},mode=700"
    done = subprocess.run([MOUNT, "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, text=True)
    if done.returncode:
        folder.rmdir()
        pytest.skip(f"a file system cannot be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run([UMOUNT, folder], check=True)
    folder.rmdir()


async def test_a_full_disk_stops_writes_and_nothing_else_until_there_is_room(server, small_disk, caplog):
    await command(server, f"CREATE TABLESPACE small LOCATION '{small_disk}'", "CREATE DATABASE tight TABLESPACE small")
    await command(
        server,
        "CREATE TABLE meta (key text PRIMARY KEY, value text)",
        "CREATE TABLE kept (body text)",
        database="tight",
    )
    store = SqlStore(server.url("tight"))

    async def fill():
        while True:
            async with store.engines.write() as conn:
                await conn.execute(text("INSERT INTO kept SELECT md5(n::text) FROM generate_series(1, 50000) AS g (n)"))

    try:
        with pytest.raises(StoreFull):
            await fill()
        assert "disk under the store is full" in caplog.text
        async with store.engines.read() as conn:
            assert (await conn.execute(text("SELECT count(*) FROM kept"))).scalar() > 0
        assert store.engines.full
        with pytest.raises(StoreFull):
            await store.check()
        subprocess.run([MOUNT, "-o", "remount,size=64m", small_disk], check=True)
        await store.check()
        assert not store.engines.full
    finally:
        await store.close()
        await command(server, "DROP DATABASE tight WITH (FORCE)", "DROP TABLESPACE small")
