"""Load, and what goes wrong meanwhile: kill -9 of every role, routers that stand still, Kafka and PostgreSQL restarted."""

import asyncio
import random
import time
from typing import NamedTuple

import httpx

from tests.parts.fleet import ROLES, Fleet

QUICK = (
    ("offer_expires: 4h business\n  calendar: stockholm", "offer_expires: 3600s elapsed"),
    (
        (
            "target: 24h elapsed\n      warnings: [4h elapsed, 1h elapsed]\n"
            "      ladder:\n        - {do: notify}\n        - {after: 4h elapsed, do: escalate}"
        ),
        "target: 5s elapsed",
    ),
)
"""A follow-up promised in five seconds, so that promises are broken while processes die."""
SENDERS = 24


class Given(NamedTuple):
    """An answer 202: the signal's id, whose it is, when it was first sent and when it was answered (monotonic s)."""

    signal: str
    email: str
    sent: float
    answered: float


class Chaos:
    def __init__(self, fleet: Fleet, signals: int, kills: int, seed: int):
        self.fleet, self.signals, self.kills = fleet, signals, kills
        self.lots = random.Random(seed)
        self.given: list[Given] = []
        self.refused = self.leads = 0
        self.done: dict[str, int] = {}
        self.outages: list[tuple[float, float]] = []
        self._over = False

    async def run(self):
        """Until all was sent and all was killed; everything runs at the end."""
        async with httpx.AsyncClient(base_url=self.fleet.url, timeout=10) as client:
            breaking = asyncio.create_task(self._break())
            await asyncio.gather(*(self._send(client, number) for number in range(SENDERS)))
            await breaking

    async def _send(self, client, sender):
        while len(self.given) < self.signals or not self._over:
            self.leads += 1
            email = f"p{self.leads}@chaos.example"
            for number, fact in enumerate(self._story(self.leads)):
                await self._post(client, fact | {"id": f"{email}-{number}", "email": email}, email)

    def _story(self, lead):
        """What happens to one lead. Every fact can make the lead, so none is about nobody, whatever comes first."""
        yield {"fact": "form.submitted", "form_id": "guide"}
        yield {"fact": "email.clicked"}
        yield {"fact": "form.submitted", "form_id": "demo"}
        yield {"fact": "form.submitted", "form_id": "pricing"}
        if lead % 3:
            yield {"fact": "follow_up", "activity_type": "call", "done": True, "actor": {"kind": "person"}}

    async def _post(self, client, fact, email):
        """Until it is answered 202, as senders do."""
        sent = time.monotonic()
        while True:
            body, headers = self.fleet.signed(fact)
            try:
                answer = await client.post("/v1/hooks/crm", content=body, headers=headers)
            except httpx.HTTPError:
                answer = None
            if answer is not None and answer.status_code == 202:
                (ident,) = answer.json()["signals"]
                self.given.append(Given(ident, email, sent, time.monotonic()))
                return
            assert answer is None or answer.status_code in (429, 503), answer.text
            self.refused += 1
            await asyncio.sleep(0.2)

    async def _break(self):
        for what in self._plan():
            await asyncio.sleep(self.lots.uniform(0.3, 2.0))
            begun = time.monotonic()
            await self._do(what)
            if what == "kafka":
                self.outages.append((begun - 1, time.monotonic() + 5))
            self.done[what] = self.done.get(what, 0) + 1
            self._supervise()
        self._over = True
        for _ in range(20):
            await asyncio.sleep(0.5)
            self._supervise()

    def _supervise(self):
        """A role that was begun while Kafka or PostgreSQL was away ends with status 2 and is begun again."""
        for name, (status, said) in self.fleet.ended().items():
            assert status == 2, (name, status, said)
            self.fleet.begin(name)
            self.done["begun again"] = self.done.get("begun again", 0) + 1

    def _plan(self):
        """Every role in turn, in drawn order, with the restarts and the standing still in between."""
        kills = [f"kill {name}" for _ in range(self.kills) for name in ROLES][: self.kills]
        rest = ["kafka", "postgres", "stall router-1", "stall router-2"] * max(1, self.kills // 10)
        plan = kills + rest
        self.lots.shuffle(plan)
        return plan

    async def _do(self, what):
        if what == "kafka":
            await asyncio.to_thread(self.fleet.kafka.restart, kill=True)
        elif what == "postgres":
            await asyncio.to_thread(self.fleet.postgres.restart)
        elif what.startswith("stall "):
            name = what.removeprefix("stall ")
            self.fleet.stall(name, True)
            await asyncio.sleep(self.lots.uniform(1.0, 4.0))
            self.fleet.stall(name, False)
        else:
            name = what.removeprefix("kill ")
            await asyncio.to_thread(self.fleet.kill, name)
            await asyncio.sleep(self.lots.uniform(0.0, 1.0))
            self.fleet.begin(name)
