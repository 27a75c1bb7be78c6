"""`python -m tests.bench.sink_backlog --waiting 100000 --limit 100 --seconds 300`: events that waited out an outage of the CRM, and how much of its limit we use.

A CRM in memory counts every call and takes so many a second, as its limit says; the sink's loop, the claims and the book are the real ones,
on one SQLite file, which is filled with the events that the router makes of a hand-over: offered, then accepted. Printed each half minute:
hand-overs and calls a second, the share of the limit that was used, memory; in the end whether each lead's events came in their order.
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
from tests.sinks import MemoryCrm, event, offered, sink, target


def now():
    return datetime.now(UTC)


class LimitedCrm(MemoryCrm):
    """Every call waits for its turn under the limit, as the caller of a real one does; each look-up is by key, as an index would."""

    def __init__(self, limit):
        super().__init__(now)
        self.calls, self.tasks, self.late = 0, 0, 0
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
        self.late += kind == "opportunity" and vendor_id not in self.records
        await super().update(kind, vendor_id, fields)
        self.writes.clear()

    async def link(self, opportunity, kind, vendor_id):
        await self._turn()
        await super().link(opportunity, kind, vendor_id)


def rows_of(number):
    """A hand-over that is offered, and accepted."""
    handover = f"ho_{number}"
    first = offered(2 * number, lead=f"lead_{number}", handover=handover, email=f"p{number}@k{number}.example",
                    company_domain=f"k{number}.example")  # fmt: skip
    answer = {"handover_id": handover, "pass_number": 1, "offer_id": f"{handover}.1"}
    return [row_of(one) for one in (first, event("handover.accepted", 2 * number + 1, lead=f"lead_{number}", **answer))]


def row_of(one):
    whole = one.model_dump(mode="json", exclude={"traceparent"})
    personal = whole["data"].pop("personal", None)
    head = f'{msgspec.json.encode(whole).decode()[:-2]},"personal":'.replace('{,"personal"', '{"personal"')
    body = None if personal is None else msgspec.json.encode(personal).decode()
    return OutboxRow(one.id, "handovers", one.subject, int(one.sequence), one.type, "key", head, body)


def memory():
    """MiB that this process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1024**2


async def fill(store, deliveries, waiting):
    """So many events are in the feed, and wait for the sink."""
    epoch = await store.acquire_lease("relay", "bench", 6000)
    for first in range(0, waiting // 2, 500):
        rows = [row for number in range(first, first + 500) for row in rows_of(number)]
        async with store.batch() as batch:
            await batch.write(Writes(outbox=rows))
        while rows := await store.outbox(1000):
            await store.move_to_events(rows, "relay", epoch, now())
    while await deliveries.fan_out("sink/crm", lambda *_: True, now()):
        pass


async def drain(loop, crm, limit, seconds):
    """Works for so long, or until nothing waits."""
    begun = told = time.monotonic()
    before = (0, 0)
    while time.monotonic() - begun < seconds and await loop.step():
        if (took := time.monotonic() - told) >= 30:
            calls, tasks = crm.calls - before[0], crm.tasks - before[1]
            print(
                f"{time.monotonic() - begun:4.0f} s: {tasks / took:.1f} hand-overs and {calls / took:.1f} calls a second, "
                f"{calls / took / limit:.0%} of the limit; {memory():.0f} MiB",
                flush=True,
            )
            told, before = time.monotonic(), (crm.calls, crm.tasks)
    return time.monotonic() - begun


async def run(waiting, limit, concurrency, seconds):
    with tempfile.TemporaryDirectory() as folder:
        store = SqlStore(await migrated_file(Path(folder) / "s.db"))
        await store.start()
        crm = LimitedCrm(limit)
        made = target(crm, sink(concurrency=concurrency))._replace(tell=lambda record, event: [])
        deliveries = SqlDeliveries(store.engines)
        loop = SinkLoop(made, deliveries, SqlSinks(store.engines), now)
        await loop.step()
        begun = time.monotonic()
        await fill(store, deliveries, waiting)
        (state,) = await deliveries.states()
        print(f"{state.pending} events wait, after {time.monotonic() - begun:.0f} s; {memory():.0f} MiB", flush=True)
        took = await drain(loop, crm, limit, seconds)
        (left,) = await deliveries.states()
        print(
            f"{waiting - left.pending} events in {took:.1f} s: {crm.tasks / took:.1f} hand-overs a second, "
            f"{crm.calls / took:.1f} calls a second, {crm.calls / took / limit:.0%} of the limit of {limit}; {left.pending} wait"
        )
        stages = [row["stage"] for row in crm.of("opportunity")]
        assert len(stages) == crm.tasks and crm.late == 0, "an answer came before its offer"
        print(f"{stages.count('working')} of {len(stages)} are accepted by now, none before it was offered")
        await store.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--waiting", type=int, default=4000)
    parser.add_argument("--limit", type=int, default=400)
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=60)
    given = parser.parse_args()
    asyncio.run(run(given.waiting, given.limit, given.concurrency, given.seconds))
