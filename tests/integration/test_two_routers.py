"""Two routers give out the leads of one pool at the same time: no turn is lost or taken twice, and the shares are fair."""

import asyncio
import json
from datetime import timedelta

from routing.model.records import Ledger
from routing.people.roster import Roster
from schemas.roster import RosterFile
from services.adapters.log.local import LocalLog
from services.adapters.sql.migrate import upgrade
from services.adapters.sql.reading import SqlReading
from services.adapters.sql.store import SqlStore
from services.ports.rows import LedgerKey
from services.router.role import Router
from tests.setups import START, record, ruling, signal

TOPIC = "two.signals.v1"
WEIGHTS = {"elin": 1.0, "johan": 2.0, "karin": 0.5}
LEADS = 150


def weighted():
    """The example's rules; nobody is away, and pool `field` has these weights."""
    rules = ruling()
    said = rules.roster.file.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    for person in said["people"]:
        person.pop("absences", None)
    for pool in said["pools"]:
        if pool["name"] == "field":
            pool["seats"] = [{"person": person, "weight": weight} for person, weight in WEIGHTS.items()]
    return rules._replace(roster=Roster(RosterFile.model_validate(said)))


class Worker:
    """A router with a store, a log and a consumer of its own, as a process of its own would have."""

    def __init__(self, url):
        self.store, self.batches = SqlStore(url), 0
        self.reading = SqlReading(self.store.engines)
        self.log = LocalLog(self.store, partitions=6)
        self.consumer = self.log.consumer(TOPIC, "router")
        rules = weighted()
        self.router = Router(
            self.store, self.log, TOPIC, lambda: rules, lambda: START, batch_max=5,
            batch_wait=timedelta(milliseconds=1), on_batch=self._count,
        )  # fmt: skip

    def _count(self, outcome):
        self.batches += 1

    async def start(self):
        await self.store.start()
        await self.log.start()

    async def close(self):
        await self.consumer.stop()
        await self.log.close()
        await self.store.close()

    async def until(self, done):
        while not await done():
            await self.router.step(self.consumer)


async def given_out(workers):
    """All leads, once each of the routers has partitions that the other has not."""

    async def apart():
        mine, yours = (worker.consumer.assignment() for worker in workers)
        return bool(mine) and bool(yours) and not mine & yours

    async def all_given():
        return len(await workers[0].reading.leads(stage="hand_over", limit=LEADS + 1)) == LEADS

    async with asyncio.timeout(120):
        await asyncio.gather(*(worker.until(apart) for worker in workers))
        items = [signal(n, "form.submitted", lead=f"p{n}", form_id="demo", at=START) for n in range(LEADS)]
        await workers[0].log.append([record(item, TOPIC) for item in items])
        await asyncio.gather(*(worker.until(all_given) for worker in workers))


async def turns(reading):
    """What each decision said of the pool's ledger, by its sequence."""
    found = []
    for lead in await reading.leads(limit=LEADS + 1):
        for entry in await reading.history(lead.id, 0, 10):
            owners = json.loads(entry.row.decision)["evidence"].get("owners", [])
            found += [owner for owner in owners if owner.get("pool") == "field"]
    return sorted(found, key=lambda owner: owner["ledger"]["seq"])


async def test_two_routers_on_one_pool_lose_no_turn_and_keep_the_shares(postgres_url):
    await upgrade(postgres_url)
    workers = [Worker(postgres_url) for _ in range(2)]
    try:
        for worker in workers:
            await worker.start()
        await given_out(workers)
        made = await turns(workers[0].reading)
        ledger = Ledger.read(await workers[0].reading.ledger(LedgerKey("pool", "field")))
    finally:
        for worker in workers:
            await worker.close()
    assert all(worker.batches > 1 for worker in workers), "both took turns"
    assert [turn["ledger"]["seq"] for turn in made] == [[n, n + 1] for n in range(LEADS)], "no gap, nothing twice"
    for before, after in zip(made, made[1:], strict=False):
        for person, figures in after["ledger"]["seats"].items():
            assert figures[:2] == before["ledger"]["seats"][person][-2:], "each turn begins where the last one ended"
    for person, weight in WEIGHTS.items():
        short = LEADS * weight / sum(WEIGHTS.values()) - ledger.entries[person].given
        assert -1 < short <= 1 / 2 + 1 / 3 + 0.001, person
