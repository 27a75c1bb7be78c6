"""One process and one SQLite file: what it carries against the bare one, how fast it is up, how much memory it holds."""

import asyncio
import os
import sqlite3
import time

import httpx
import psutil

from tests.bench.load import send
from tests.bench.machine import Machine, answering, padding, per_signal
from tests.bench.mix import Mix
from tests.bench.table import Row

OURS = "SELECT (SELECT coalesce(sum(next_offset), 0) FROM positions), EXISTS (SELECT 1 FROM outbox)"
STORED = "SELECT (SELECT coalesce(max(seq), 0) FROM records), 0"


class One(Machine):
    """`stafett up` without servers."""

    def __init__(self):
        super().__init__()
        self.env = os.environ | {"STAFETT_HTTP_PORT": str(self.port), "STAFETT_LOG_LEVEL": "WARNING"}
        self.files = {"ours": self.config / "stafett.db", "bare": self.folder / "bare.db"}

    async def up(self):
        """Seconds from the start of the process until it is ready."""
        begun = time.perf_counter()
        self.run_up()
        async with httpx.AsyncClient() as client:
            while True:
                try:
                    if (await client.get(f"{self.url}/readyz")).status_code == 200:
                        return time.perf_counter() - begun
                except httpx.HTTPError:
                    assert self.processes["up"].poll() is None, self.said()
                    await asyncio.sleep(0.02)

    def rss(self):
        """MiB."""
        return psutil.Process(self.processes["up"].pid).memory_info().rss / 2**20

    async def idle_cpu(self, seconds=30):
        """Percent of a core while nothing comes in."""
        process = psutil.Process(self.processes["up"].pid)
        before = process.cpu_times()
        await asyncio.sleep(seconds)
        after = process.cpu_times()
        return 100 * (after.user + after.system - before.user - before.system) / seconds

    def servers(self):
        return {}

    async def done(self, name, count, since):
        statement = OURS if name == "ours" else STORED
        async with asyncio.timeout(300):
            while True:
                reached, left = self.asked(name, statement)
                if reached - since >= count and not left:
                    return
                await asyncio.sleep(0.02)

    def asked(self, name, statement):
        if not self.files[name].exists():
            return 0, 0
        conn = sqlite3.connect(f"file:{self.files[name]}?mode=ro", uri=True, timeout=30)
        try:
            return conn.execute(statement).fetchone()
        finally:
            conn.close()


async def embedded(rounds, count):
    """From the first request until the last event is in the feed (bare: until the last record is stored)."""
    one, rates = One(), {"ours": [], "bare": []}
    try:
        await one.up()
        one.begin_bare("embedded", port=one.bare_port, pad=padding(), file=one.files["bare"])
        await answering(one.bare_port)
        await asyncio.sleep(1)
        mix, ports = Mix(one.secret), {"ours": one.port, "bare": one.bare_port}
        for turn in range(rounds + 1):
            for name in ("ours", "bare") if turn % 2 else ("bare", "ours"):
                hooks, before = mix.hooks(count), one.cpu()
                since = one.asked(name, OURS if name == "ours" else STORED)[0]
                begun = time.perf_counter()
                load = await send(hooks, ports[name])
                await one.done(name, count, since)
                if turn:
                    rates[name].append(count / (time.perf_counter() - begun))
                if turn == rounds:
                    print(f"embedded {name}: us of CPU for each: {per_signal(before, one.cpu(), count)}")
                    print(
                        f"embedded {name}: p50 {load.at(0.5) * 1000:.1f} ms, p99 {load.at(0.99) * 1000:.1f} ms",
                        flush=True,
                    )
    finally:
        one.close()
    return [Row("embedded, end to end", "signals/s", rates["ours"], rates["bare"])]


async def from_nothing(rounds, signals):
    """Seconds to ready with no file there, and the memory before and after many signals."""
    seconds = []
    for turn in range(rounds):
        one = One()
        try:
            seconds.append(await one.up())
            if turn == rounds - 1:
                await asyncio.sleep(2)
                idle, idle_cpu, mix = one.rss(), await one.idle_cpu(), Mix(one.secret)
                for _ in range(10):
                    await send(mix.hooks(signals // 10), one.port)
                await one.done("ours", signals, 0)
                await asyncio.sleep(2)
                after = one.rss()
        finally:
            one.close()
    return [
        Row("`stafett up` from nothing to ready", "s", seconds),
        Row("memory (RSS), idle", "MiB", [idle]),
        Row("CPU, idle", "% of a core", [idle_cpu]),
        Row(f"memory (RSS) after {signals:,} signals", "MiB", [after]),
    ]
