"""Intake, router drain and end to end on Apache Kafka and PostgreSQL, ours and the bare ones in turns."""

import asyncio
import cProfile
import time
from contextlib import asynccontextmanager

import asyncpg

from services.bootstrap.running import spare_the_collector
from services.bootstrap.sealing import person_keys_of
from services.relay.role import Relay
from services.router.role import Router
from tests.bench.bare import SMALL, Consumer, StateStore, Store
from tests.bench.load import send
from tests.bench.machine import BARE, OUT, PARTITIONS, PIPELINE, SLIM, STATE, padding, per_signal
from tests.bench.mix import Mix
from tests.bench.table import Row


async def drain(machine, rounds, count, profile=None):
    """The router alone over a backlog, and the bare consumers over the same records; then the relay over the outbox."""
    mix, rates, moved = Mix(), {"ours": [], "state": [], "slim": [], "bare": []}, []
    async with machine.parts() as parts, Leads.of(machine) as leads:
        topic = parts.settings.topic("signals")
        relay = Relay(parts.store, parts.log, parts.settings.topic, parts.now, "bench", keys=person_keys_of(parts))
        stores = {
            "state": StateStore(machine.dsn(STATE)),
            "slim": StateStore(machine.dsn(SLIM)),
            "bare": Store(machine.dsn(BARE)),
        }
        stores["slim"].lead = SMALL
        consumers = {name: Consumer(machine.kafka.bootstrap, BARE, PARTITIONS, store) for name, store in stores.items()}
        for consumer in consumers.values():
            await consumer.start()
        consumers["ours"] = ours = Ours(parts, topic, profile)
        spare_the_collector()
        for turn in range(rounds + 1):  # the first one warms up
            await ours.join()
            records = mix.records(count, topic)
            for name in (topic, BARE):
                for i in range(0, count, 500):
                    await parts.log.append([r._replace(topic=name) for r in records[i : i + 500]])
            names, since = list(rates), int(time.time() * 1_000_000)
            for name in names[turn % 4 :] + names[: turn % 4]:
                rates[name].append(count / await consumers[name].drain(count))
            stores["state"].lead = await leads.size(since)
            begun, before = time.perf_counter(), await parts.reading.head()
            await relay.drain()
            moved.append((await parts.reading.head() - before) / (time.perf_counter() - begun))
        size = sum(len(r.value) for r in records) // count
        events = await parts.reading.head() / (count * (rounds + 1))
        print(f"drain: {mix.said()}; {size} bytes each as a record, {events:.2f} events for each", flush=True)
        print(f"drain: {stores['state'].lead} bytes a lead that was written in the last round", flush=True)
        for consumer in consumers.values():
            await consumer.stop()
    ours, state, slim, stored = (rates[name][1:] for name in ("ours", "state", "slim", "bare"))
    return [
        Row("router drain", "signals/s", ours, state),
        Row("router drain, against leads of 1.3 kB", "signals/s", ours, slim),
        Row("router drain, against records that are only stored", "signals/s", ours, stored),
        Row("relay drain", "events/s", moved[1:]),
    ]


SIZE = """
    SELECT (sum(times * size) / sum(times))::int FROM (
        SELECT lead_id, count(DISTINCT recorded_at) AS times FROM history WHERE recorded_at >= $1 GROUP BY lead_id) AS written
    JOIN (
        SELECT id, octet_length(state) + coalesce(octet_length(personal), 0) AS size FROM leads) AS sizes ON id = lead_id"""
"""A batch has one `recorded_at`, and writes each of its leads once."""


class Leads:
    """How large the rows of our leads have become."""

    def __init__(self, conn):
        self._conn = conn

    @classmethod
    @asynccontextmanager
    async def of(cls, machine):
        conn = await asyncpg.connect(**machine.dsn("postgres"))
        yield cls(conn)
        await conn.close()

    async def size(self, since):
        """Mean bytes of those that were written since then, in microseconds, each as often as it was."""
        return await self._conn.fetchval(SIZE, since)


class Ours:
    """The router over a backlog, in this process."""

    def __init__(self, parts, topic, profile):
        self._sizes, self._profile = [], profile
        self._router = Router(
            parts.store, parts.log, topic, parts.ruling, parts.now, on_batch=lambda o: self._sizes.append(o.size)
        )
        self._consumer = parts.log.consumer(topic, "router")

    async def join(self):
        """In the group, with positions, and with nothing left to read."""
        async with asyncio.timeout(60):
            while not self._consumer.assignment() or self._consumer.partitions_to_seek():
                await self._router.step(self._consumer)
        await self._router.step(self._consumer)

    async def drain(self, count):
        self._sizes.clear()
        probe = cProfile.Profile() if self._profile else None
        begun = time.perf_counter()
        if probe:
            probe.enable()
        while sum(self._sizes) < count:
            await self._router.step(self._consumer)
        if probe:
            probe.disable()
            probe.dump_stats(self._profile)
        return time.perf_counter() - begun

    async def stop(self):
        await self._consumer.stop()


async def intake(machine, rounds, count):
    """The front ends alone: 64 connections, each with one request under way, until all are answered 202."""
    mix, rates, waits = Mix(machine.secret), {"ours": [], "bare": []}, {"ours": [], "bare": []}
    ports = {"ours": machine.port, "bare": machine.bare_port}
    for turn in range(rounds + 1):
        for name in ("ours", "bare") if turn % 2 else ("bare", "ours"):
            before = machine.cpu()
            load = await send(mix.hooks(count), ports[name])
            if turn:
                rates[name].append(load.rate)
                waits[name].append((load.at(0.5) * 1000, load.at(0.99) * 1000))
            if turn == rounds:
                print(f"intake {name}: us of CPU for each: {per_signal(before, machine.cpu(), count)}", flush=True)
    rows = [Row("intake", "requests/s", rates["ours"], rates["bare"])]
    for i, part in enumerate(("p50", "p99")):
        rows.append(Row(f"intake, {part}", "ms", [w[i] for w in waits["ours"]], [w[i] for w in waits["bare"]]))
    return rows


async def pipeline(machine, rounds, count):
    """The front ends alone, then everything: the roles as one process each."""
    await machine.begin_web(padding())
    rows = await intake(machine, rounds, count)
    for name in ("router-1", "relay"):
        machine.begin(name)
    given = {"bootstrap": machine.kafka.bootstrap, "topic": BARE, "partitions": PARTITIONS}
    machine.begin_bare("consumer", host=machine.postgres.folder, database=PIPELINE, **given)
    outward = {"bootstrap": machine.kafka.bootstrap, "topic": OUT}
    machine.begin_bare("relay", host=machine.postgres.folder, database=PIPELINE, **outward)
    sent = (rounds + 1) * count
    for database in ("postgres", PIPELINE):
        await (await Done.at(database, machine)).wait(sent)
    return rows + await end_to_end(machine, rounds, count)


async def end_to_end(machine, rounds, count):
    """Everything runs: from the first request until the last event is on its topic."""
    mix, rates = Mix(machine.secret, seed=8), {"ours": [], "bare": []}
    ports = {"ours": machine.port, "bare": machine.bare_port}
    done = {
        "ours": await Done.at("postgres", machine),
        "bare": await Done.at(PIPELINE, machine),
    }
    for turn in range(rounds + 1):
        for name in ("ours", "bare") if turn % 2 else ("bare", "ours"):
            hooks, before = mix.hooks(count), machine.cpu()
            await done[name].mark()
            begun = time.perf_counter()
            load = await send(hooks, ports[name])
            await done[name].wait(count)
            if turn:
                rates[name].append(count / (time.perf_counter() - begun))
            if turn == rounds:
                print(f"end to end {name}: us of CPU for each: {per_signal(before, machine.cpu(), count)}")
                print(
                    f"end to end {name}: p50 {load.at(0.5) * 1000:.1f} ms, p99 {load.at(0.99) * 1000:.1f} ms",
                    flush=True,
                )
    return [Row("end to end", "signals/s", rates["ours"], rates["bare"])]


REACHED = "SELECT (SELECT coalesce(sum(next_offset), 0) FROM positions), EXISTS (SELECT FROM outbox)"


class Done:
    """Asks a database how far it has come: both pipelines have positions and an outbox."""

    def __init__(self, conn):
        self._conn, self._from = conn, 0

    @classmethod
    async def at(cls, database, machine):
        return cls(await asyncpg.connect(**machine.dsn(database)))

    async def mark(self):
        self._from = (await self._conn.fetchrow(REACHED))[0]

    async def wait(self, count, seconds=600):
        """Until so many more than at the last mark are done."""
        async with asyncio.timeout(seconds):
            while not await self._reached(count):
                await asyncio.sleep(0.02)

    async def _reached(self, count):
        try:
            reached, left = await self._conn.fetchrow(REACHED)
        except asyncpg.UndefinedTableError:  # the bare consumer makes its tables itself
            return False
        return reached - self._from >= count and not left
