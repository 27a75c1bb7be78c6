"""`python -m tests.property.week --leads 50000`: contacts imported on day one, then a week of live signals on some of them.

Real router, relay and watcher on one SQLite file, the time in the script's hand. Nobody who sent nothing is heard of in any
event, nothing of the import runs on a clock, and each breach is of a promise that began in the week.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

from schemas.signals import Actor, Consent, Kind, Person, Reference, Sales
from tests.setups import START, record, setup, signal

STAGES = ("prospecting", "contact", "contact", "contact", "qualification", "hand_over", "deal", "nurturing")
OWNED = ("qualification", "hand_over", "deal")
CALL = Sales(activity_type="call", done=True)
QUIET = {"lead.created", "lead.stage_changed", "lead.owner_changed", "suppression.started", "lead.disposition_changed"}
"""What an import says, in its own mode, so that those who follow know of the lead."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Week:
    def __init__(self, running, leads, live, dice):
        self.running, self.leads, self.live, self.dice = running, leads, live, dice
        self.count, self.touched = 0, set()

    def _signal(self, lead, kind, at, **more):
        self.count += 1
        return signal(self.count, Kind(kind), lead, at, **{"person": Person(email=f"{lead}@example.com"), **more})

    async def day_one(self):
        """Everybody as the CRM had them: a stage, an owner where somebody works it, a consent."""
        batch = []
        for number in range(self.leads):
            stage = self.dice.choice(STAGES)
            owner = self.dice.choice(("9101", "9102", "9103")) if stage in OWNED else None
            more = {
                "mode": "import",
                "sales": Sales(to=stage, owner_id=owner),
                "references": (Reference(system="pipedrive", object="person", id=str(number)),),
                "consents": (
                    Consent(purpose="email", state=self.dice.choice(("given", "given", "given", "withdrawn"))),
                ),
            }
            batch.append(self._signal(f"old{number}", "contact.created", START - 30 * DAY, **more))
        await self._give(batch)

    async def _give(self, batch):
        for first in range(0, len(batch), 500):
            part = batch[first : first + 500]
            await self.running.log.append([record(item, self.running.topic) for item in part])
            await self.running.route(len(part))

    async def week(self):
        """Seven days of live signals, a day's worth at a time, clocks falling due between them; some come days late."""
        for day in range(7):
            today = []
            for _ in range(self.live // 7):
                lead = f"old{self.dice.randrange(self.leads)}"
                self.touched.add(lead)
                at = START + day * DAY + timedelta(minutes=self.dice.randrange(12 * 60))
                today.append(self._live(lead, at))
            for item in sorted(today, key=lambda s: s.received_at):
                if item.received_at > self.running.at:
                    await self.running.later(seconds=(item.received_at - self.running.at).total_seconds())
                await self._give([item])
            end = START + (day + 1) * DAY
            await self.running.later(seconds=(end - self.running.at).total_seconds())

    def _live(self, lead, at):
        kind = self.dice.choice(
            ("email.opened",) * 8
            + ("email.clicked",) * 4
            + ("page.visited",) * 4
            + ("form.submitted",) * 2
            + ("sales.follow_up",)
        )
        more = {"form_id": self.dice.choice(("demo", "news"))} if kind == "form.submitted" else {}
        if kind == "sales.follow_up":
            more = {"sales": CALL, "actor": Actor(kind="person")}
        item = self._signal(lead, kind, at, **more)
        late = timedelta(days=3) if self.dice.random() < 0.05 else timedelta(0)
        return item.but(occurred_at=at - late)

    async def check(self):
        """{type: how many} of the events of the week. AssertionError for one that is false."""
        told, names, started = Counter(), {}, {}
        after = 0
        while page := await self.running.reading.events(after=after, limit=5000):
            for entry in page:
                self._one(json.loads(f"{entry.row.head}{entry.row.personal or 'null'}}}}}"), names, started, told)
            after = page[-1].position
        return told

    def _one(self, event, names, started, told):
        kind, data = event["type"].removeprefix("stafett.").removesuffix(".v1"), event["data"]
        if event["subject"].startswith("promise:"):
            told[f"{kind} of {data['policy']}"] += 1
            return
        if kind == "lead.created":
            names[event["subject"]] = data["personal"]["person"]["email"].partition("@")[0]
        name = names[event["subject"]]
        if data["mode"] == "import":
            assert kind in QUIET, f"an import is quiet, and said {kind}"
            return
        told[kind] += 1
        assert name in self.touched, f"{name} did nothing, and {kind} was said"
        if kind == "sla.started":
            started[data["clock_id"]] = data
            assert _at(data["started_at"]) >= START - 4 * DAY, "a clock of this week, or of what came days late in it"
            if data.get("person"):
                assert _at(data["due_at"]) > _at(event["recordedtime"]), (
                    "nobody breaks on arrival what they could not know"
                )
        elif kind.startswith("sla."):
            assert data["clock_id"] in started, f"{kind} of a clock that never started"
        if kind == "sla.breached":
            assert _at(data["noticed_at"]) >= _at(data["due_at"]) >= _at(started[data["clock_id"]]["started_at"])


def _at(text):
    return datetime.fromisoformat(text)


async def run(leads, live, seed, say=print):
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        async with setup("sqlite-embedded", None, Path(folder)) as running:
            week = Week(running, leads, live, random.Random(seed))
            await week.day_one()
            assert await running.store.next_due() is None, "nothing of the import runs on a clock"
            imported = time.monotonic()
            await week.week()
            told = await week.check()
            say(
                f"{leads} imported in {imported - begun:.0f} s, {live} live signals of a week in {time.monotonic() - imported:.0f} s, seed {seed}: not one false event"
            )
            for kind, count in sorted(told.items()):
                say(f"  {kind}: {count}")
            return told


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=50_000)
    parser.add_argument("--live", type=int, default=3500)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    sys.exit(0 if asyncio.run(run(given.leads, given.live, given.seed)) else 1)
