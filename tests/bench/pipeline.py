"""Intake, router drain and end to end on Apache Kafka and PostgreSQL, ours and the bare ones in turns."""

import asyncio
import cProfile
import time

import asyncpg

from services.relay import Relay
from services.router.role import Router
from tests.bench.bare import Consumer
from tests.bench.load import send
from tests.bench.machine import BARE, PARTITIONS, per_signal
from tests.bench.mix import Mix
from tests.bench.table import Row


async def drain(machine, rounds, count, profile=None):
    """The router alone over a backlog, and the bare consumer over the same records; then the relay over the outbox."""
    mix, seconds, moved = Mix(), {"ours": [], "bare": []}, []
    async with machine.parts() as parts:
        topic = parts.settings.topic("signals")
        router = Router(parts.store, parts.log, topic, parts.ruling, parts.now, on_batch=lambda o: sizes.append(o.size))
        relay = Relay(parts.store, parts.log, parts.settings.topic, parts.now, "bench")
        ours, bare = (
            parts.log.consumer(topic, "router"),
            Consumer(machine.kafka.bootstrap, BARE, PARTITIONS, machine.dsn("bare")),
        )
        await bare.start()
        sizes, events = [], 0
        for turn in range(rounds + 1):
            await _joined(router, ours)
            records = mix.records(count, topic)
            for name in (topic, BARE):
                for i in range(0, count, 500):
                    await parts.log.append([r._replace(topic=name) for r in records[i : i + 500]])
            for name in ("ours", "bare") if turn % 2 else ("bare", "ours"):
                if name == "ours":
                    took = await _routed(router, ours, sizes, count, profile if turn else None)
                else:
                    took = await bare.drain(count)
                if turn:  # the first round warms up
                    seconds[name].append(count / took)
            begun, before = time.perf_counter(), await parts.reading.head()
            await relay.drain()
            events = await parts.reading.head() - before
            if turn:
                moved.append(events / (time.perf_counter() - begun))
        print(f"drain: {mix.said()}")
        print(
            f"drain: {events / count:.2f} events for each signal in the last round; {sum(map(len, (r.value for r in records))) // count} bytes a signal",
            flush=True,
        )
        await ours.stop()
        await bare.stop()
    return [Row("router drain", "signals/s", seconds["ours"], seconds["bare"]), Row("relay drain", "events/s", moved)]


async def _joined(router, consumer):
    """In the group, with positions, and with nothing left to read."""
    async with asyncio.timeout(60):
        while not consumer.assignment() or consumer.unpositioned():
            await router._step(consumer)
    await router._step(consumer)


async def _routed(router, consumer, sizes, count, profile):
    sizes.clear()
    probe = cProfile.Profile() if profile else None
    begun = time.perf_counter()
    if probe:
        probe.enable()
    while sum(sizes) < count:
        await router._step(consumer)
    if probe:
        probe.disable()
        probe.dump_stats(profile)
    return time.perf_counter() - begun


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


async def end_to_end(machine, rounds, count):
    """Everything runs: from the first request until the last event is on its topic (bare: until the last record is stored)."""
    mix, rates = Mix(machine.secret, seed=8), {"ours": [], "bare": []}
    ports = {"ours": machine.port, "bare": machine.bare_port}
    done = {
        "ours": await Done.at(machine, OURS, machine.dsn("postgres")),
        "bare": await Done.at(machine, STORED, machine.dsn("bare")),
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


OURS = "SELECT (SELECT coalesce(sum(next_offset), 0) FROM positions), EXISTS (SELECT FROM outbox)"
STORED = "SELECT (SELECT coalesce(sum(next_offset), 0) FROM positions), false"


class Done:
    """Asks the database how far it has come."""

    @classmethod
    async def at(cls, machine, statement, dsn):
        self = cls()
        self._conn, self._statement = await asyncpg.connect(**dsn), statement
        return self

    async def mark(self):
        self._from = (await self._conn.fetchrow(self._statement))[0]

    async def wait(self, count, seconds=300):
        async with asyncio.timeout(seconds):
            while True:
                reached, left = await self._conn.fetchrow(self._statement)
                if reached - self._from >= count and not left:
                    return
                await asyncio.sleep(0.02)
