"""Hand-overs in number, a sink that writes them into a CRM from a process of its own, and everything killed on the way.

The router decides in the test's process, with the time in its hand; `stafett delivery` is a process, killed as `kill -9` does.
What has to be in the CRM is read off our own events: whose the last offer of each hand-over is, and where the hand-over stands.
"""

import asyncio
import os
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml
from sqlalchemy import text

from routing.people.roster import Roster
from schemas.envelope import Envelope
from schemas.events import (
    HandoverAccepted,
    HandoverFollowedUp,
    HandoverLinked,
    HandoverOffered,
    HandoverTransferred,
    LeadOwnerChanged,
    LeadStageChanged,
)
from schemas.roster import RosterFile
from schemas.signals import Company, Sales
from services.cli.main import main as stafett
from services.rules.ruling import Ruling
from tests.parts.fleet import ROOT, STAFETT
from tests.parts.process import end, spawn
from tests.setups import Setup, record, signal

Story = tuple[str, int, tuple[str, ...]]
STORIES: tuple[Story, ...] = (
    ("waits", 2, ()),
    ("accepts", 3, ("accept",)),
    ("second", 3, ("reject no time",)),
    ("third", 1, ("reject no time", "reject wrong territory")),
    ("second accepts", 2, ("reject no time", "accept")),
    ("returns", 2, ("reject wrong timing",)),
    ("another owner", 2, ("owner",)),
    ("another owner accepts", 1, ("owner", "accept")),
)
"""What may become of a hand-over, how often in comparison, and what sales says of it."""
PEOPLE = ("elin", "johan", "karin", "maja")


@dataclass
class Standing:
    """What a CRM has to show of one hand-over. `stage`: offered, accepted or returned; `offers`: how many there were."""

    handover: str
    lead: str
    owner: str
    stage: str = "offered"
    offers: int = 0
    due: str | None = None


def standings(events: list[str]) -> dict[str, Standing]:
    """By hand-over, from the events in the feed's order; what comes after a return changes nothing."""
    found: dict[str, Standing] = {}
    of_lead: dict[str, Standing] = {}
    for one in events:
        envelope = Envelope.model_validate_json(one)
        said, lead = envelope.body(), envelope.subject
        match said:
            case HandoverOffered():
                standing = found.setdefault(said.handover_id, Standing(said.handover_id, lead, ""))
                of_lead[lead] = standing
                standing.owner, standing.stage, standing.offers = said.owner.person, "offered", said.offer_number
                standing.due = (said.follow_up_due_at or said.expires_at).date().isoformat()
            case HandoverAccepted() | HandoverFollowedUp():
                found[said.handover_id].stage = "accepted"
            case HandoverTransferred():
                found[said.handover_id].owner = said.owner.person
            case LeadOwnerChanged() if said.to_owner is not None and lead in of_lead:
                if of_lead[lead].stage != "returned":
                    of_lead[lead].owner = said.to_owner.person
            case LeadStageChanged() if said.from_stage == "hand_over" and said.to_stage == "nurturing":
                of_lead[lead].stage = "returned"
            case _:
                pass
    return found


class HandingOver:
    """`give` makes hand-overs happen, `begin` and `kill` are about the process that writes them into the CRM. Ids follow from `number`,
    which is raised for a CRM that has had some."""

    def __init__(self, running: Setup, url: str, folder: Path, seed: int) -> None:
        self.running, self.lots, self._breaks = running, random.Random(seed), random.Random(seed + 1)
        self.config, self._log, self._process = folder / "mine", folder / "delivery.log", None
        assert stafett(["new", str(self.config)]) == 0
        self._environment = os.environ | {
            "STAFETT_DATABASE_URL": url,
            "STAFETT_KAFKA_TOPIC_PREFIX": running.topic.partition(".")[0],
            "STAFETT_LOG_LEVEL": "INFO",
        }
        self.number, self.kills = 0, 0

    def configure(self, sink: dict, secrets: dict[str, str], owners: dict[str, str]) -> None:
        """One sink, with its secrets, and the ids there of people of the roster. What it learns is told to a source of its name."""
        (self.config / "sinks.yaml").write_text(
            yaml.safe_dump({"version": 1, "sinks": [{**sink, "source": sink["name"]}]})
        )
        sources = self.config / "sources.yaml"
        file = yaml.load(sources.read_text(), yaml.BaseLoader)
        (ours,) = (one for one in file["sources"] if one["name"] == "crm")
        file["sources"].append({**ours, "name": sink["name"]})
        sources.write_text(yaml.safe_dump(file))
        self._environment |= secrets
        roster = self.config / "roster.yaml"
        file = yaml.load(roster.read_text(), yaml.BaseLoader)
        for person in file["people"]:
            if person["id"] in owners:
                person.setdefault("ids", {})[sink["kind"]] = owners[person["id"]]
        roster.write_text(yaml.safe_dump(file))
        # Who decides knows the same people as who writes.
        self.running.ruling = Ruling(self.running.ruling.agreement, Roster(RosterFile.model_validate(file)))

    def begin(self) -> None:
        command = [*STAFETT, "delivery", "--config", str(self.config)]
        self._process = spawn(command, self._log, cwd=ROOT, env=self._environment)

    def kill(self) -> None:
        assert self._process is not None and self._process.poll() is None, self.said()
        end(self._process, kill=True)
        self.kills += 1

    def close(self) -> None:
        end(self._process, kill=True)

    def said(self) -> str:
        return self._log.read_text(errors="replace")[-6000:]

    async def give(self, leads: int, stories: Sequence[Story] = STORIES) -> None:
        """So many leads reach the hand-over, and sales does with each what its story says, all of them mixed."""
        names = [name for name, share, _ in stories for _ in range(share)]
        steps = {name: said for name, _, said in stories}
        told = [(f"lead{self.number + number}", list(steps[self.lots.choice(names)])) for number in range(leads)]
        for begun in range(0, leads, 20):
            await self._tell(*(self._form(lead) for lead, _ in told[begun : begun + 20]))
        while open_ones := [one for one in told if one[1]]:
            some = self.lots.sample(open_ones, min(len(open_ones), 10))
            await self._tell(*(self._sales(lead, said.pop(0)) for lead, said in some))

    async def _tell(self, *signals) -> None:
        for one in signals:
            await self.running.log.append([record(one, self.running.topic)])
        await self._route(len(signals))

    async def _route(self, least: int = 0) -> None:
        """All that the log has, which is so many at least, and what the sink told among it; then events are published."""
        router, consumer, done = self.running.router, self.running.consumer, 0
        async with asyncio.timeout(60):
            while True:
                await router._position(consumer)
                records = await consumer.poll(100, 0.2)
                if records:
                    await router.handle(records, consumer)
                    done += len(records)
                elif done >= least:
                    break
        await self.running.relay.drain()

    def _next(self) -> int:
        self.number += 1
        self.running.at += timedelta(seconds=1)
        return self.number

    def _form(self, lead):
        number = self._next()
        # Some of one company: they share its record there.
        firm = Company(name=f"Firma {number % 7} AB", domain=f"firma{number % 7}.example") if number % 3 else Company()
        return signal(number, "form.submitted", lead=lead, form_id="demo", at=self.running.at, company=firm)

    def _sales(self, lead, said):
        number, at = self._next(), self.running.at
        if said == "accept":
            return signal(number, "sales.accepted", lead=lead, at=at)
        if said == "owner":
            return signal(
                number, "sales.owner_changed", lead=lead, at=at, sales=Sales(owner_id=self.lots.choice(PEOPLE))
            )
        return signal(number, "sales.rejected", lead=lead, at=at, reason=said.removeprefix("reject "))

    async def waiting(self) -> int:
        """Events that are not in the CRM yet; those that nobody has fanned out are among them."""
        async with self.running.store.engines.read() as conn:
            pending = await conn.scalar(text("SELECT count(*) FROM deliveries WHERE state = 'pending'"))
            behind = await conn.scalar(
                text(
                    "SELECT count(*) FROM events WHERE position > coalesce((SELECT max(position) FROM delivery_cursors), 0)"
                )
            )
        return pending + behind

    async def until_begun(self) -> None:
        """A sink that is new begins with the next event: it has its place in the feed."""
        async with asyncio.timeout(30):
            while True:
                async with self.running.store.engines.read() as conn:
                    if await conn.scalar(text("SELECT count(*) FROM delivery_cursors")):
                        return
                assert self._process.poll() is None, self.said()
                await asyncio.sleep(0.1)

    async def until_written(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (count := await self.waiting()) and time.monotonic() < until:
            assert self._process.poll() is None, self.said()
            await asyncio.sleep(0.2)
        assert not count, f"{count} events are not written after {seconds} s: {await self._held()}\n{self.said()}"

    async def _held(self) -> list:
        async with self.running.store.engines.read() as conn:
            rows = await conn.execute(
                text("SELECT name, state, outcome, code, field FROM sink_steps WHERE state <> 'done'")
            )
            return [tuple(row) for row in rows][:20]

    async def break_things(
        self, times: int, breaking: list[Callable[[], Awaitable[None]]], pause: tuple[float, float]
    ) -> None:
        """Each of these so many times, in an order that the seed gives."""
        plan = breaking * times
        self._breaks.shuffle(plan)
        for one in plan:
            await asyncio.sleep(self._breaks.uniform(*pause))
            await one()

    async def kill_delivery(self) -> None:
        await asyncio.to_thread(self.kill)
        await asyncio.sleep(self._breaks.uniform(0, 0.5))
        self.begin()

    async def read_back(self) -> list[str]:
        """What was read in the CRM so far goes through the router, by the machine's clock; all events."""
        self.running.at = datetime.now(UTC)
        await self._route()
        await self._route()
        return await self.running.events()

    async def learn(self) -> dict[str, list[str]]:
        """What the sink told of its ids goes through the router; by hand-over, the ids of deals that are known of it then."""
        await self._route()  # publishes what waits, ids that were told among it
        await self._route()
        linked = {}
        for envelope in map(Envelope.model_validate_json, await self.running.events()):
            said = envelope.body()
            if isinstance(said, HandoverLinked):
                linked[said.handover_id] = [one.id for one in said.references if one.object == "deal"]
        return linked


def last_line(text: str) -> str:
    """Of a note of ours that is its key."""
    return text.rpartition("\n")[2]
