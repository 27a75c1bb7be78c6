"""What every contender of the deliveries needs: waiting for a service, and for what it sends to have come."""

import asyncio
import time

import httpx
import psutil
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.parts.fleet import ROOT

GOLDEN = ROOT / "tests" / "golden" / "v1" / "stafett.handover.offered.v1.json"
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
            self.note(ident)
            self.transport.write(ANSWER)

    def note(self, ident):
        self.seen.setdefault(ident, time.perf_counter())


async def rate(seen, count, processes):
    """Deliveries a second once all came; each counts once. Says how much CPU `processes` ({name: pid}, children are theirs) took
    from soon after the first to the last."""
    async with asyncio.timeout(600):
        while not seen:
            await asyncio.sleep(0.01)
        before, first = used(processes), len(seen)
        while len(seen) < count:
            await asyncio.sleep(0.01)
    after, counted = used(processes), count - first
    spent = {name: (after[name] - before[name]) / max(counted, 1) * 1e6 for name in processes}
    print(f"us of CPU a delivery: {', '.join(f'{name} {us:.0f}' for name, us in spent.items())}", flush=True)
    return (count - 1) / (max(seen.values()) - min(seen.values()))


def used(processes):
    """Seconds of CPU so far, by name."""
    found = {}
    for name, pid in processes.items():
        root = psutil.Process(pid)
        times = [process.cpu_times() for process in (root, *root.children(recursive=True))]
        found[name] = sum(one.user + one.system for one in times)
    return found


def postmaster_of(servers):
    """The process id of PostgreSQL."""
    return int((servers.folder / "postmaster.pid").read_text().split()[0])


async def answering(client, path):
    async with asyncio.timeout(60):
        while True:
            try:
                await client.get(path)
            except httpx.HTTPError:
                await asyncio.sleep(0.1)
            else:
                return


async def execute(url, statement):
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as conn:
        await conn.execute(text(statement))
    await engine.dispose()
