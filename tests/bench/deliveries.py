"""`python -m tests.bench.deliveries`: deliveries a second, ours and Outpost's, in one run.

Each finds N events waiting, sends them signed to one receiver that takes each at once, and keeps what came of each try in
PostgreSQL: ours from the feed, Outpost from RabbitMQ, with Redis and its log service. Measured is from the first to the last
receipt. Outpost's programs are given, docs/performance.md says how to have them; without them it is ours alone.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from schemas.envelope import whole
from services.adapters.sql.deliveries import SqlDeliveries
from services.adapters.sql.store import SqlStore
from services.ports.rows import OutboxRow, Writes
from tests.bench.outpost import drain_outpost
from tests.bench.table import Row, table
from tests.bench.waiting import GOLDEN, Receiver, postmaster_of, rate
from tests.parts.brokers import Brokers
from tests.parts.databases import migrated_database
from tests.parts.fleet import ROOT
from tests.parts.postgres import PostgresServer
from tests.parts.process import end, spawn
from tests.parts.sqlite import migrated_file
from tests.setups import EXAMPLES

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


async def drain_ours(given, servers, url, seen, *, log):
    """Events wait in the feed for a subscription that began before them."""
    async with migrated_database(servers.url) if not given.sqlite else file_database() as database:
        store = SqlStore(database)
        await store.start()
        deliveries = SqlDeliveries(store.engines)
        await deliveries.fan_out("bench", lambda *_: True, datetime.now(UTC))
        head, personal = halves()
        for begin in range(0, given.events, 1000):
            await record(store, range(begin, min(begin + 1000, given.events)), head, personal)
        await store.close()
        with tempfile.TemporaryDirectory() as folder:
            environ = configure(Path(folder), database, url, given.concurrency)
            process = spawn([sys.executable, "-m", "services.cli.main", "delivery"], log, cwd=ROOT, env=environ)
            try:
                return await rate(seen, given.events, {"delivery": process.pid, "postgres": postmaster_of(servers)})
            finally:
                end(process)


@asynccontextmanager
async def file_database():
    """A SQLite file with the schema in it."""
    with tempfile.TemporaryDirectory() as folder:
        yield await migrated_file(Path(folder) / "stafett.db")


def halves():
    """A hand-over's event as it is kept; ids are put in."""
    written = GOLDEN.read_text().strip()
    head, _, personal = written.partition('"personal":')
    return f'{head}"personal":', personal.removesuffix("}}")


async def record(store, numbers, head, personal):
    rows = [
        OutboxRow(
            f"evt_{n}",
            "handovers",
            f"lead_{n}",
            1,
            "stafett.handover.offered.v1",
            "key",
            head.replace("evt_" + "a" * 26, f"evt_{n}"),
            personal,
        )
        for n in numbers
    ]
    json.loads(whole(rows[0].head, rows[0].personal))
    async with store.batch() as batch:
        await batch.write(Writes(outbox=rows))
    epoch = await store.acquire_lease("relay", "bench", 60)
    await store.move_to_events(await store.outbox(1000), "relay", epoch, datetime.now(UTC))


def configure(folder, database, url, concurrency):
    for example in EXAMPLES.glob("*.yaml"):
        shutil.copy(example, folder)
    entry = {
        "name": "bench",
        "url": url,
        "events": ["handovers"],
        "secrets": ["STAFETT_SECRET_X"],
        "allow_private": True,
    }
    (folder / "subscriptions.yaml").write_text(json.dumps({"version": 1, "subscriptions": [entry]}))
    return os.environ | {
        "STAFETT_CONFIG_FOLDER": str(folder),
        "STAFETT_DATABASE_URL": database.replace("postgresql+asyncpg", "postgresql"),
        "STAFETT_DEPLOYMENT_KEY": "k" * 64,
        "STAFETT_SECRET_X": SECRET,
        "STAFETT_SECRET_CRM": SECRET,
        "STAFETT_DELIVERY_CONCURRENCY": str(concurrency),
        "STAFETT_LOG_LEVEL": "WARNING",
    }


async def run(given):
    Receiver.seen = {}
    listening = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/hook"
    with tempfile.TemporaryDirectory(prefix="stafett-deliveries-", ignore_cleanup_errors=True) as folder:
        log, others = Path(folder) / "log", others_of(given)
        with ExitStack() as ended:
            servers = PostgresServer().start()
            ended.callback(servers.close)
            ended.callback(listening.close)
            if others:
                given.brokers = Brokers(Path(folder) / "brokers").start()
                ended.callback(given.brokers.close)
            try:
                found = await rounds(given, {"Stafett": drain_ours, **others}, servers, url=url, log=log)
            except BaseException:
                print(log.read_text(errors="replace")[-4000:] if log.exists() else "", file=sys.stderr)
                raise
    name = f"{given.events} events drained, {given.concurrency} at a time"
    beside = [Row(f"{name}, beside {other}", "1/s", found["Stafett"], found[other]) for other in others]
    print(table(beside or [Row(name, "1/s", found["Stafett"])]))


def others_of(given):
    """Who is measured beside us, by name."""
    return {"Outpost": drain_outpost} if given.outpost is not None else {}


async def rounds(given, contenders, servers, *, url, log):
    """Events a second of each, in turns."""
    found = {name: [] for name in contenders}
    for number in range(given.rounds):
        for name, drain in contenders.items():
            seen = Receiver.seen = {}
            found[name].append(await drain(given, servers, url, seen, log=log))
            print(f"round {number + 1}, {name}: {found[name][-1]:,.0f}/s", flush=True)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--outpost", type=Path, metavar="DIR", help="has `outpost` and `outpost-server`")
    parser.add_argument("--events", type=int, default=5000)
    parser.add_argument("--sqlite", action="store_true", help="ours on a SQLite file instead of PostgreSQL")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--concurrency", type=int, default=20)
    uvloop.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
