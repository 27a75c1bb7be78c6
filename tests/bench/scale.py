"""A backlog drained by one router process and by two, and by as many bare consumers, each with partitions of its own."""

import asyncio
import time

import asyncpg
import psutil

from tests.bench.machine import BARE, PARTITIONS, STATE
from tests.bench.mix import Mix
from tests.bench.table import Row

REACHED = "SELECT coalesce(sum(next_offset), 0) FROM positions"


async def scale(machine, rounds, count):
    """One process each first, then two; they share the cores with PostgreSQL and Kafka."""
    mix, found = Mix(), {}
    async with machine.parts() as parts:
        topic = parts.settings.topic("signals")
        databases = {"ours": await asyncpg.connect(**machine.dsn("postgres"))}
        for many in (1, 2):
            machine.begin(f"router-{many}")
            databases["bare"] = await _bare(machine, many)
            sides = {
                "ours": Side([f"router-{i + 1}" for i in range(many)], topic, databases["ours"]),
                "bare": Side([_name(i) for i in range(many)], BARE, databases["bare"]),
            }
            found[many] = await _rates(machine, parts.log, sides, mix, rounds, count)
            machine.end(*sides["bare"].names)
            await databases["bare"].close()
        await databases["ours"].close()
    one, two = found[1], found[2]
    return [
        Row("router drain, one process each", "signals/s", one["ours"], one["bare"]),
        Row("router drain, two processes each", "signals/s", two["ours"], two["bare"]),
        Row("router drain, two processes, against one bare", "signals/s", two["ours"], one["bare"]),
    ]


class Side:
    """The processes that drain a topic, and the database that says how far they came."""

    def __init__(self, names, topic, conn):
        self.names, self.topic, self.conn = names, topic, conn

    def each(self, machine):
        return [psutil.Process(machine.processes[name].pid) for name in self.names]

    async def reached(self):
        return await self.conn.fetchval(REACHED)


def _name(number):
    return f"bare consumer {number}"


async def _bare(machine, many):
    """Bare consumers that follow one another's positions; the connection is to their database."""
    for number in range(many):
        machine.begin_bare(
            "consumer",
            _name(number),
            bootstrap=machine.kafka.bootstrap,
            topic=BARE,
            partitions=PARTITIONS,
            host=machine.postgres.folder,
            database=STATE,
            nth=number,
            of=many,
        )
    conn = await asyncpg.connect(**machine.dsn(STATE))
    async with asyncio.timeout(30):
        while not await conn.fetchval("SELECT to_regclass('outbox') IS NOT NULL"):
            await asyncio.sleep(0.1)
    return conn


async def _rates(machine, log, sides, mix, rounds, count):
    rates = {name: [] for name in sides}
    for turn in range(rounds + 1):  # the first one waits for the group as well
        records = mix.records(count, "t")
        for name in list(sides) if turn % 2 else reversed(list(sides)):
            took = await _drain(machine, log, sides[name], records)
            if turn:
                rates[name].append(count / took)
    return rates


async def _drain(machine, log, side, records):
    """The backlog is there before the processes go on."""
    start = await side.reached()
    for process in side.each(machine):
        process.suspend()
    for at in range(0, len(records), 500):
        await log.append([r._replace(topic=side.topic) for r in records[at : at + 500]])
    begun = time.perf_counter()
    for process in side.each(machine):
        process.resume()
    async with asyncio.timeout(600):
        while await side.reached() - start < len(records):
            await asyncio.sleep(0.02)
    return time.perf_counter() - begun
