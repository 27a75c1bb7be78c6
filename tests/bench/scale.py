"""A backlog drained by one router process and by two, each with the partitions that it was given."""

import asyncio
import time

import asyncpg

from tests.bench.mix import Mix
from tests.bench.table import Row

REACHED = "SELECT coalesce(sum(next_offset), 0) FROM positions WHERE consumer_group = 'router'"


async def scale(machine, rounds, count):
    """One router first, then a second beside it; they share the cores with PostgreSQL and Kafka."""
    mix = Mix()
    conn = await asyncpg.connect(**machine.dsn("postgres"))
    async with machine.parts() as parts:
        machine.begin("router-1")
        one = await _rates(parts, conn, mix, rounds, count)
        machine.begin("router-2")
        two = await _rates(parts, conn, mix, rounds, count)
    await conn.close()
    return [Row("router drain by two processes (bare: by one)", "signals/s", two, one)]


async def _rates(parts, conn, mix, rounds, count):
    found = [await _drain(parts, conn, mix, count) for _ in range(rounds + 1)]
    return found[1:]  # the first one waits for the group as well


async def _drain(parts, conn, mix, count):
    topic = parts.settings.topic("signals")
    records = mix.records(count, topic)
    start = await conn.fetchval(REACHED)
    begun = time.perf_counter()
    for at in range(0, count, 500):
        await parts.log.append(records[at : at + 500])
    async with asyncio.timeout(600):
        while await conn.fetchval(REACHED) - start < count:
            await asyncio.sleep(0.02)
    return count / (time.perf_counter() - begun)
