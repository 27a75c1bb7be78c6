"""`python -m tests.bench.sink_backlog --handovers 2000 --limit 400`: hand-overs that waited out an outage of the CRM, and how much of its limit we use.

A CRM in memory counts every call and takes so many a second, as its limit says; the sink's loop, the claims and the book are the real ones,
on one SQLite file. Printed: hand-overs a second, the share of the limit that was used, calls a hand-over, memory before and after.
"""

import argparse
import asyncio
import resource
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from services.adapters.sql.deliveries import SqlDeliveries
from services.adapters.sql.sinks import SqlSinks
from services.adapters.sql.store import SqlStore
from services.ports.rows import OutboxRow, Writes
from services.sinks.limits import Allowance, Bucket
from services.sinks.role import SinkLoop
from tests.parts.sqlite import migrated_file
from tests.sinks import MemoryCrm, offered, sink, target


def now():
    return datetime.now(UTC)


class LimitedCrm(MemoryCrm):
    """Every call waits for its turn under the limit, as the caller of a real one does; each look-up is by key, as an index would."""

    def __init__(self, limit):
        super().__init__(now)
        self.calls, self.tasks = 0, 0
        self._allowance, self._by_key = Allowance(Bucket(limit / 10, timedelta(seconds=0.1)), None), {}

    async def _turn(self):
        self.calls += 1
        if pause := self._allowance.reserve(1, now()):
            await asyncio.sleep(pause.total_seconds())

    async def find(self, key, names, parents):
        await self._turn()
        ident = self._by_key.get((key.kind, key.text))
        return self._match(ident, self.records[ident]) if ident is not None else None

    async def read(self, kind, vendor_id, names):
        await self._turn()
        return await super().read(kind, vendor_id, names)

    async def create(self, key, fields, parents):
        await self._turn()
        made = await super().create(key, fields, parents)
        self._by_key[key.kind, key.text] = made.vendor_id
        self.tasks += key.kind == "task"
        return made

    async def update(self, kind, vendor_id, fields):
        await self._turn()
        await super().update(kind, vendor_id, fields)

    async def link(self, opportunity, kind, vendor_id):
        await self._turn()
        await super().link(opportunity, kind, vendor_id)


def row_of(number):
    event = offered(number, lead=f"lead_{number}", handover=f"ho_{number}", email=f"p{number}@k{number}.example",
                    company_domain=f"k{number}.example")  # fmt: skip
    whole = event.model_dump(mode="json", exclude={"traceparent"})
    personal = msgspec.json.encode(whole["data"].pop("personal")).decode()
    head = f'{msgspec.json.encode(whole).decode()[:-2]},"personal":'
    return OutboxRow(event.id, "handovers", event.subject, number, event.type, "key", head, personal)


async def run(handovers, limit, concurrency):
    with tempfile.TemporaryDirectory() as folder:
        store = SqlStore(await migrated_file(Path(folder) / "s.db"))
        await store.start()
        crm = LimitedCrm(limit)
        made = target(crm, sink(concurrency=concurrency))._replace(tell=lambda record, event: [])
        loop = SinkLoop(made, SqlDeliveries(store.engines), SqlSinks(store.engines), now)
        await loop.step()
        epoch = await store.acquire_lease("relay", "bench", 600)
        for first in range(0, handovers, 1000):
            async with store.batch() as batch:
                await batch.write(Writes(outbox=[row_of(n) for n in range(first, min(first + 1000, handovers))]))
            while rows := await store.outbox(1000):
                await store.move_to_events(rows, "relay", epoch, now())
        before, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
        while crm.tasks < handovers:
            await loop.step()
        took = time.monotonic() - begun
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        print(
            f"{handovers} hand-overs in {took:.1f} s: {handovers / took:.1f} a second, {crm.calls / handovers:.1f} calls each, "
            f"{crm.calls / took / limit:.0%} of the limit of {limit} calls a second; memory grew by {grown // 1024} MiB"
        )
        assert len(crm.of("opportunity")) == len(crm.of("task")) == handovers
        await store.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--handovers", type=int, default=2000)
    parser.add_argument("--limit", type=int, default=400)
    parser.add_argument("--concurrency", type=int, default=8)
    given = parser.parse_args()
    asyncio.run(run(given.handovers, given.limit, given.concurrency))
