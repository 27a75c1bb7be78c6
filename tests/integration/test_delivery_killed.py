"""kill -9 of the role `delivery` while it sends as fast as it can: nothing is lost, little is doubled, and no lead's order is broken."""

import asyncio
import random
import sys
from collections import Counter
from datetime import UTC, datetime

import pytest

from services.adapters.sql.deliveries import SqlDeliveries
from services.adapters.sql.store import SqlStore
from services.ports.rows import OutboxRow, Writes
from tests.bench.deliveries import halves
from tests.bench.waiting import Receiver
from tests.parts.databases import migrated_database
from tests.parts.fleet import ROOT
from tests.parts.process import end, spawn
from tests.parts.sqlite import migrated_file

LEADS, EACH = 150, 4
KILLS = 2
UNDER_WAY, NOTED_TOGETHER = 20, 250
"""Tries at a time, and what may be answered while the answers of before are committed on a busy machine."""


@pytest.fixture(params=["sqlite", "postgres"])
async def database(request, tmp_path):
    if request.param == "sqlite":
        yield await migrated_file(tmp_path / "stafett.db")
        return
    async with migrated_database(request.getfixturevalue("postgres")) as url:
        yield url


class Receipts(Receiver):
    """Takes each at once; `came` has every receipt in its order."""

    came: list[str]

    def note(self, ident):
        self.came.append(ident)


async def fill(database):
    """Events of many leads in turns, and a subscription that began before them."""
    store = SqlStore(database)
    await store.start()
    await SqlDeliveries(store.engines).fan_out("bench", lambda *_: True, datetime.now(UTC))
    head, personal = halves()
    for number in range(EACH):
        rows = [
            OutboxRow(
                f"evt_{lead}_{number}",
                "handovers",
                f"lead_{lead}",
                number + 1,
                "stafett.handover.offered.v1",
                "key",
                head.replace("evt_" + "a" * 26, f"evt_{lead}_{number}"),
                personal,
            )
            for lead in range(LEADS)
        ]
        async with store.batch() as batch:
            await batch.write(Writes(outbox=rows))
        epoch = await store.acquire_lease("relay", "test", 60)
        await store.move_to_events(await store.outbox(LEADS), "relay", epoch, datetime.now(UTC))
    await store.close()


async def pending(database):
    store = SqlStore(database)
    await store.start()
    (state,) = await SqlDeliveries(store.engines).states()
    await store.close()
    return state.pending, state.failed


def begin(database, url, log, kills):
    """A process of the role; each begins when the claims of the one before have run out."""
    ahead = str(kills * 60)
    return spawn([sys.executable, "-m", "tests.parts.delivering", database, url, ahead], log, cwd=ROOT)


async def test_killed_while_it_sends_it_loses_nothing_doubles_little_and_keeps_each_leads_order(database, tmp_path):
    Receipts.came, log = [], tmp_path / "log"
    await fill(database)
    listening = await asyncio.get_running_loop().create_server(Receipts, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/hook"
    process = begin(database, url, log, 0)
    total, chance = LEADS * EACH, random.Random(20261130)
    try:
        async with asyncio.timeout(90):
            for kill in range(1, KILLS + 1):
                until = len(Receipts.came) + chance.randint(20, total // 4)
                while len(Receipts.came) < until:
                    await asyncio.sleep(0.001)
                end(process, kill=True)
                process = begin(database, url, log, kill)
            while len(set(Receipts.came)) < total:
                await asyncio.sleep(0.05)
    finally:
        end(process)
        listening.close()
    assert set(Counter(Receipts.came)) == {f"evt_{lead}_{n}" for lead in range(LEADS) for n in range(EACH)}
    assert len(Receipts.came) - total <= KILLS * (UNDER_WAY + NOTED_TOGETHER), (
        "once more go those of the last moment alone"
    )
    for lead in range(LEADS):
        mine = [ident for ident in Receipts.came if ident.startswith(f"evt_{lead}_")]
        assert mine == sorted(mine), "no repeat comes behind its successor"
    assert await pending(database) == (0, 0)
