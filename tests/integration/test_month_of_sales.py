"""A month of sales work in a CRM whose webhooks are lost, late and doubled: in the end our promises are as the CRM's own record has them.

Real router, relay, watcher, sink and sweeps on one SQLite file, with the CRM in memory and the time in the test's hand.
"""

import heapq
import json
import random
from datetime import datetime, timedelta
from itertools import count

import pytest

from schemas.signals import Actor, IdentityKey, Kind, Person, Reference, Sales
from schemas.sinks.base import Reconcile
from schemas.sources import Source
from services.adapters.sql.deliveries import SqlDeliveries
from services.adapters.sql.sinks import SqlSinks
from services.ingest.normalising.normalise import to_signal
from services.ports.signal_records import record_of
from services.sinks.reconciling.facts import Words
from services.sinks.reconciling.role import Reconciler, Subject
from services.sinks.reconciling.sightings import Page, Sighting, Work
from services.sinks.role import SinkLoop
from tests.setups import START, setup, signal
from tests.sinks import MemoryCrm, settings, sink, target

KEY = b"k" * 32
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SOURCE = Source.model_validate(
    {"name": "crm", "kind": "crm", "verify": {"scheme": "token", "secrets": ["STAFETT_SECRET_CRM"], "header": "x"}}
)


class Readable(MemoryCrm):
    """The CRM with what its people did in it, by the time at which it was written down."""

    def __init__(self, clock):
        super().__init__(clock)
        self.works = []

    async def changes(self, cursor, since):
        at = int(cursor or 0)
        works = self.works[at : at + 20]
        return Page([], works, str(at + len(works)), is_last=len(works) < 20)

    async def look(self, vendor_ids):
        rows = [(ident, self.records[ident]) for ident in vendor_ids if ident in self.records]
        return [Sighting(i, row.get("stage"), row.get("owner"), None, self._clock(), None) for i, row in rows]


class Month:
    """Leads come in, salespeople work, some webhooks get lost; what happens next is the first of `agenda`."""

    def __init__(self, running, dice):
        self.running, self.dice, self.numbers, self.agenda, self.repaired = running, dice, count(1), [], 0
        self.crm = Readable(lambda: running.at)
        self.book, deliveries = SqlSinks(running.store.engines), SqlDeliveries(running.store.engines)
        owners = {member.id: member.id.upper() for member in running.ruling.roster.file.people}
        self.people = {ident: person for person, ident in owners.items()}
        made = target(self.crm, sink(company=False), owners)._replace(tell=lambda record, event: [])
        self.loop = SinkLoop(made, deliveries, self.book, lambda: running.at)
        subject = Subject("sink/crm", self.crm, Reconcile(every=6 * HOUR), words=self._words, record_of=self._record)
        self.sweeps = Reconciler(
            subject, self.book, running.reading, lambda: running.at, on_repair=self._count, on_audit=lambda *_: None
        )

    async def _words(self):
        plan = settings(sink()).sink.stages
        return Words(plan.meaning, self.people.get, our_user="7", system="crm", account=None, target="sink/crm")

    def _record(self, fact):
        return record_of(to_signal(fact, SOURCE, self.running.at, KEY), self.running.topic)

    def _count(self, _, number):
        self.repaired += number

    def plan(self, at, what, *values):
        heapq.heappush(self.agenda, (at, next(self.numbers), what, values))

    async def run(self, leads, days):
        await self.loop.step()
        for _ in range(leads):
            self.plan(START + self.dice.random() * (days - 5) * DAY, self.come)
        for hours in range(1, days * 24, 3):
            self.plan(START + hours * HOUR, self.look_around)
        while self.agenda:
            at, _, what, values = heapq.heappop(self.agenda)
            await self.running.later(seconds=max(0.0, (at - self.running.at).total_seconds()))
            await what(*values)

    async def come(self):
        number = next(self.numbers)
        await self.running.give(signal(number, Kind.FORM_SUBMITTED, f"lead{number}", self.running.at, form_id="demo"))
        await self.write(before=set(self.crm.records))

    async def write(self, before):
        """The sink writes what was decided; who has a new opportunity will work it, sooner or later or never."""
        while await self.loop.step():
            pass
        for ident in set(self.crm.records) - before:
            if self.crm.records[ident]["kind"] == "opportunity" and self.dice.random() < 0.9:
                # Many call just before the promise is due, some just after it.
                hours = self.dice.uniform(17, 26) if self.dice.random() < 0.7 else self.dice.expovariate(1 / 14)
                self.plan(self.running.at + hours * HOUR, self.work, ident)

    async def work(self, opportunity):
        """The owner calls; the CRM knows it at once, its webhook may not come, come late, or twice."""
        row, at = self.crm.records[opportunity], self.running.at
        author = row["owner"]
        step = Work(f"call{next(self.numbers)}", opportunity, "call", author=author, happened_at=at, recorded_at=at)
        self.crm.works.append(step)
        fate = self.dice.random()
        if fate < 0.05:
            return
        late = self.dice.uniform(2, 40) * HOUR if fate < 0.10 else timedelta(0)
        for _ in range(2 if fate > 0.95 else 1):
            self.plan(at + late, self.hear, step, row["key"])

    async def hear(self, step, handover):
        """The webhook of a step, as the CRM's own parser would have read it."""
        heard = signal(
            f"hook-{step.vendor_id}", Kind.SALES_FOLLOW_UP, handover, step.happened_at, person=Person(),
            handover_id=handover, actor=Actor(kind="person", reference=step.author),
            sales=Sales(activity_type="call", done=True),
            references=(Reference(system="crm", object="activity", id=step.vendor_id),),
        ).but(identities=(IdentityKey(kind="handover", digest=handover),), received_at=self.running.at)  # fmt: skip
        await self.running.give(heard)
        await self.write(before=set(self.crm.records))

    async def look_around(self):
        await self.running.relay.drain()
        before = await self.running.log.end_offsets(self.running.topic)
        await self.sweeps.sweep()
        await self.running.relay.drain()
        after = await self.running.log.end_offsets(self.running.topic)
        await self.running.route(sum(after.values()) - sum(before.values()))
        await self.write(before=set(self.crm.records))

    async def promises(self):
        """{clock: (hand-over, started, due, state, fulfilled)} of all promises to follow up, as they stand at the end."""
        found, corrected, after = {}, 0, 0
        while page := await self.running.reading.events(after=after, topic="sla", limit=5000):
            after = page[-1].position
            for entry in page:
                event = json.loads(f"{entry.row.head}null}}}}")
                data, kind = event["data"], event["type"].split(".")[2]
                if data["policy"] != "follow-up" or kind not in (
                    "started",
                    "fulfilled",
                    "breached",
                    "corrected",
                    "cancelled",
                ):
                    continue
                state = {"started": "running", "corrected": data.get("new")}.get(kind, kind)
                found[data["clock_id"]] = {**data, "state": state}
                corrected += kind == "corrected"
        return found, corrected


@pytest.mark.timeout(400)
async def test_promises_are_kept_and_broken_as_the_crms_own_record_has_it(tmp_path):
    async with setup("sqlite-embedded", None, tmp_path) as running:
        month = Month(running, random.Random(1))
        await month.run(leads=60, days=30)
        promises, corrected = await month.promises()
    steps = {}
    for work in month.crm.works:
        steps.setdefault(month.crm.records[work.opportunity]["key"], []).append(work.happened_at)
    judged = {"fulfilled": 0, "breached": 0}
    for promise in promises.values():
        begun, due = (_instant(promise[name]) for name in ("started_at", "due_at"))
        in_time = [at for at in steps.get(promise["handover_id"], []) if begun <= at <= due]
        if promise["state"] in judged:
            judged[promise["state"]] += 1
            assert promise["state"] == ("fulfilled" if in_time else "breached"), promise
        if promise["state"] == "fulfilled":
            assert _instant(promise["fulfilled_at"]) == min(in_time)
    assert judged["fulfilled"] > 20 and judged["breached"] > 5, "a month in which both happen"
    assert 0 < month.repaired < len(month.crm.works) / 2, "what no webhook had brought, and no more"
    assert corrected > 0, "some were told as broken first"
    assert len(month.crm.of("opportunity")) == len({row["key"] for row in month.crm.of("opportunity")})


def _instant(text):
    return datetime.fromisoformat(text)
