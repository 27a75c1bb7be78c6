"""`python -m tests.bench.outpost`: deliveries a second, ours and Outpost's (github.com/hookdeck/outpost), in one run.

Both find N events waiting, send them signed to one receiver that takes each at once, and keep what came of each try in
PostgreSQL: ours from the feed, Outpost from RabbitMQ, with Redis and its log service. Measured is from the first to the last
receipt. Outpost's two programs, a RabbitMQ and a Redis are given: docs/performance.md says how to have them.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

import httpx
import uvloop
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from schemas.envelope import whole
from services.adapters.sql.deliveries import SqlDeliveries
from services.adapters.sql.store import SqlStore
from services.ports.rows import OutboxRow, Writes
from tests.bench.table import Row, table
from tests.parts.fleet import ROOT
from tests.parts.postgres import PostgresServer, migrated_database
from tests.parts.process import end, free_port, spawn
from tests.setups import EXAMPLES

GOLDEN = ROOT / "tests" / "golden" / "v1" / "stafett.handover.offered.v1.json"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
IDS = ("webhook-id", "x-outpost-event-id")
ANSWER = b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n"


class Receiver(asyncio.Protocol):
    """Takes each at once; `seen` is the instant of the first receipt of each id."""

    seen: dict[str, float]

    def connection_made(self, transport):
        self.transport, self.buffer = transport, b""

    def data_received(self, data):
        self.buffer += data
        while (end_of_head := self.buffer.find(b"\r\n\r\n")) >= 0:
            lines = self.buffer[:end_of_head].decode().split("\r\n")[1:]
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            size = end_of_head + 4 + int(headers.get("content-length", 0))
            if len(self.buffer) < size:
                return
            self.buffer = self.buffer[size:]
            ident = next(headers[name] for name in IDS if name in headers)
            self.seen.setdefault(ident, time.perf_counter())
            self.transport.write(ANSWER)


async def rate(seen, count):
    """Deliveries a second once all came; each counts once."""
    async with asyncio.timeout(600):
        while len(seen) < count:
            await asyncio.sleep(0.05)
    return (count - 1) / (max(seen.values()) - min(seen.values()))


async def ours(given, servers, url, seen, log):
    """Events wait in the feed for a subscription that began before them."""
    async with migrated_database(servers.url) as database:
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
                return await rate(seen, given.events)
            finally:
                end(process)


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


async def theirs(given, servers, url, seen, log):
    """Events wait in RabbitMQ, published by Outpost's own API, before its delivery and log services begin."""
    name = f"bench{uuid.uuid4().hex[:8]}"
    await execute(servers.url("postgres"), f"CREATE DATABASE {name}")
    environ = outpost_environ(given, name, servers)
    migrated = await asyncio.create_subprocess_exec(
        str(given.outpost / "outpost"),
        "migrate",
        "apply",
        "--yes",
        env=environ,
        stdout=log.open("ab"),
        stderr=log.open("ab"),
    )
    assert await migrated.wait() == 0, log.read_text()[-2000:]
    server = str(given.outpost / "outpost-server")
    processes = [spawn([server], log, env=environ | {"SERVICE": "api"})]
    try:
        await publish(given, f"http://127.0.0.1:{environ['API_PORT']}", url)
        end(processes.pop())
        for service in ("delivery", "log"):
            # Each serves its health on the port of the API.
            more = {"SERVICE": service, "API_PORT": str(free_port())}
            processes.append(spawn([server], log, env=environ | more))
        return await rate(seen, given.events)
    finally:
        for process in processes:
            end(process)


def outpost_environ(given, name, servers):
    host, _, port = given.redis.partition(":")
    return os.environ | {
        "API_PORT": str(free_port()),
        "API_KEY": "bench",
        "API_JWT_SECRET": "bench",
        "AES_ENCRYPTION_SECRET": "k" * 32,
        "TOPICS": "handovers",
        "DEPLOYMENT_ID": name,
        "DISABLE_TELEMETRY": "true",
        "LOG_LEVEL": "error",
        "REDIS_HOST": host,
        "REDIS_PORT": port or "6379",
        "POSTGRES_URL": f"postgres://postgres@/{name}?host={servers.folder}&sslmode=disable",
        "RABBITMQ_SERVER_URL": given.amqp,
        "RABBITMQ_EXCHANGE": name,
        "RABBITMQ_DELIVERY_QUEUE": f"{name}-delivery",
        "RABBITMQ_LOG_QUEUE": f"{name}-log",
        "DELIVERY_MAX_CONCURRENCY": str(given.concurrency),
        "LOG_MAX_CONCURRENCY": "100",
        "LOG_BATCH_THRESHOLD_SECONDS": "1",
    }


async def publish(given, base, url):
    data = json.loads(GOLDEN.read_text())
    headers = {"Authorization": "Bearer bench"}
    async with httpx.AsyncClient(base_url=f"{base}/api/v1", headers=headers, timeout=30) as client:
        await answering(client)
        (await client.put("/tenants/bench")).raise_for_status()
        destination = {"type": "webhook", "topics": ["*"], "config": {"url": url}}
        (await client.post("/tenants/bench/destinations", json=destination)).raise_for_status()
        numbers = iter(range(given.events))

        async def one_after_the_other():
            for number in numbers:
                event = {"id": f"evt_{number}", "tenant_id": "bench", "topic": "handovers", "data": data}
                (await client.post("/publish", json=event)).raise_for_status()

        await asyncio.gather(*(one_after_the_other() for _ in range(32)))


async def answering(client):
    async with asyncio.timeout(60):
        while True:
            try:
                await client.get("/tenants")
            except httpx.HTTPError:
                await asyncio.sleep(0.1)
            else:
                return


async def execute(url, statement):
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as conn:
        await conn.execute(text(statement))
    await engine.dispose()


async def run(given):
    Receiver.seen = {}
    listening = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/hook"
    servers = PostgresServer().start()
    log = Path(tempfile.mkdtemp(prefix="stafett-outpost-")) / "log"
    found = {ours: [], theirs: []}
    try:
        for number in range(given.rounds):
            for measure, rates in found.items():
                if measure is theirs and given.outpost is None:
                    continue
                seen = Receiver.seen = {}
                rates.append(await measure(given, servers, url, seen, log))
                print(f"round {number + 1}, {measure.__name__}: {rates[-1]:,.0f}/s", flush=True)
    except BaseException:
        print(log.read_text()[-4000:] if log.exists() else "", file=sys.stderr)
        raise
    finally:
        servers.close()
        listening.close()
    name = f"events drained, concurrency {given.concurrency} (the other: Outpost)"
    print(table([Row(name, "1/s", found[ours], found[theirs])]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--outpost", type=Path, metavar="DIR", help="has `outpost` and `outpost-server`; ours alone without it"
    )
    parser.add_argument("--amqp", default="amqp://guest:guest@127.0.0.1:5672")
    parser.add_argument("--redis", default="127.0.0.1:6379")
    parser.add_argument("--events", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--concurrency", type=int, default=20)
    uvloop.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
