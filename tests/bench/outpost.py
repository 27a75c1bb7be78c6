"""Outpost (github.com/hookdeck/outpost, Go) with RabbitMQ, Redis and PostgreSQL: events wait in RabbitMQ until its delivery service begins."""

import asyncio
import json
import os
import uuid

import httpx

from tests.bench.waiting import GOLDEN, answering, execute, postmaster_of, rate
from tests.parts.process import end, free_port, spawn


async def drain_outpost(given, servers, url, seen, *, log):
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
        ids = {"delivery": processes[0].pid, "log": processes[1].pid, "postgres": postmaster_of(servers)}
        return await rate(seen, given.events, ids | given.brokers.ids)
    finally:
        for process in processes:
            end(process)


def outpost_environ(given, name, servers):
    host, _, port = given.brokers.redis.partition(":")
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
        "RABBITMQ_SERVER_URL": given.brokers.amqp,
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
        await answering(client, "/tenants")
        (await client.put("/tenants/bench")).raise_for_status()
        destination = {"type": "webhook", "topics": ["*"], "config": {"url": url}}
        (await client.post("/tenants/bench/destinations", json=destination)).raise_for_status()
        numbers = iter(range(given.events))

        async def one_after_the_other():
            for number in numbers:
                event = {"id": f"evt_{number}", "tenant_id": "bench", "topic": "handovers", "data": data}
                (await client.post("/publish", json=event)).raise_for_status()

        await asyncio.gather(*(one_after_the_other() for _ in range(32)))
