"""The machine under measurement: Apache Kafka, PostgreSQL, our roles and the bare ones, each a process; who used how much CPU."""

import asyncio
import sys
import time
from contextlib import asynccontextmanager

import asyncpg
import httpx
import psutil

from services.bootstrap.parts import parts_of
from services.cli.support.environment import _lines
from services.settings.reading import load
from tests.bench.mix import Mix
from tests.parts.fleet import ROOT, Fleet
from tests.parts.kafka import create_topics
from tests.parts.process import free_port, spawn

PARTITIONS = 6
BARE, STATE, SLIM, PIPELINE = "bare", "state", "slim", "pipeline"
"""Databases of the bare parts: records only stored, steps over a backlog, the same with small leads, steps of the whole
pipeline."""
OUT = "bare.out"


class Machine(Fleet):
    """`secret` is that of the source `crm`. The bare parts have topics and databases of their own."""

    kafka_flags = ()
    """One whose speed is measured; a test's only has to begin soon."""

    def __init__(self, edits=()):
        super().__init__(edits)
        self.secret = self._secret
        self.bare_port = free_port()
        sources = self.config / "sources.yaml"
        text = sources.read_text("utf-8")
        unlimited = text.replace("region: SE ", "rate: 1000000\n    burst: 1000000\n    region: SE ")
        assert unlimited != text
        sources.write_text(unlimited, "utf-8")

    @property
    def port(self):
        return int(self.url.rsplit(":", 1)[1])

    async def begin_servers(self):
        await asyncio.to_thread(self.prepare)
        await create_topics(self.kafka.bootstrap, [BARE, OUT], PARTITIONS)
        conn = await asyncpg.connect(**self.dsn("postgres"))
        for name in (BARE, STATE, SLIM, PIPELINE):
            await conn.execute(f"CREATE DATABASE {name}")
        await conn.close()

    def dsn(self, database):
        return {"host": str(self.postgres.folder), "user": "postgres", "database": database}

    def begin_bare(self, part, name=None, **options):
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        command = [sys.executable, "-m", "tests.bench.bare", part, *words]
        name = name or f"bare {part}"
        self.processes[name] = spawn(command, self.folder / f"{name}.log", cwd=ROOT, env=self.env)

    def end(self, *names):
        """These are no longer there."""
        for name in names:
            process = self.processes.pop(name)
            process.kill()
            process.wait()

    async def begin_web(self, pad):
        """Both front ends, ready."""
        self.begin("ingest")
        given = {"bootstrap": self.kafka.bootstrap, "topic": BARE, "partitions": PARTITIONS}
        self.begin_bare("web", port=self.bare_port, pad=pad, **given)
        await asyncio.to_thread(self.wait_ready)
        await answering(self.bare_port)

    def _own_settings(self):
        given = dict(_lines(self.config / ".env"))
        return load({**given, "STAFETT_CONFIG_FOLDER": str(self.config), **self.env})

    @asynccontextmanager
    async def parts(self):
        """What our roles are made of, in this process."""
        async with parts_of(self._own_settings()) as parts:
            yield parts

    def cpu(self):
        """{process: seconds of CPU used so far}."""
        used = {name: _used(psutil.Process(process.pid)) for name, process in self.processes.items()}
        return used | self.servers() | {"load generator": _used(psutil.Process())}

    def servers(self):
        postmaster = psutil.Process(int((self.postgres.folder / "postmaster.pid").read_text().split()[0]))
        database = sum(_used(process) for process in (postmaster, *postmaster.children()))
        return {"kafka": _used(psutil.Process(self.kafka._process.pid)), "postgres": database}

    def run_up(self):
        """Everything in one process."""
        self.processes["up"] = spawn(self.command("up"), self.folder / "up.log", cwd=ROOT, env=self.env)


def per_signal(before, after, count):
    """Microseconds of CPU for each signal, by process, as one line."""
    spent = {name: (after[name] - before[name]) / count * 1e6 for name in before}
    return ", ".join(f"{name} {us:.0f}" for name, us in spent.items() if us >= 1)


async def answering(port, seconds=30):
    """Until something answers on the port."""
    until = time.monotonic() + seconds
    async with httpx.AsyncClient() as client:
        while True:
            try:
                return await client.post(f"http://127.0.0.1:{port}/", content=b"{}")
            except httpx.HTTPError:
                assert time.monotonic() < until
                await asyncio.sleep(0.1)


def padding():
    """How many bytes our signal has more than the body that it came in, on average."""
    hooks, records = Mix().hooks(1000), Mix().records(1000, "t")
    return max(0, sum(len(r.value) for r in records) - sum(len(h.body) for h in hooks)) // 1000


def _used(process):
    """Of one that has ended meanwhile, as a backend of PostgreSQL does, nothing."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return times.user + times.system
