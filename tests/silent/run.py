"""Load, while the ways to PostgreSQL and Kafka go silent one after the other; how long each role stood still meanwhile."""

import asyncio
import time

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.chaos.run import Chaos

WATCHED = {
    "router": "SELECT partition, next_offset FROM positions WHERE consumer_group = 'router'",
    "relay": "SELECT 0, coalesce(max(position), 0) FROM events",
    "watcher": "SELECT 0, count(*) FROM clocks WHERE state = 'breached'",
    "delivery": "SELECT 0, count(*) FROM deliveries WHERE state = 'delivered'",
}
CASES = {
    "postgres of router-1": ("router-1",),
    "postgres of router-2": ("router-2",),
    "postgres of the relay and the watcher": ("relay",),
    "postgres of the delivery": ("delivery",),
    "postgres of all": ("ingest", "router-1", "router-2", "relay", "delivery"),
    "kafka of all": (),
}
PAUSE = 2.0
"""Seconds between two signals of a sender: enough for every partition, and no more than a small machine keeps up with."""
BOUND = 15.0
"""Seconds within which each role goes on."""
AFTER = 25.0
"""Seconds for which a cut is watched."""


class Silence(Chaos):
    """`stood` is {case: {role: seconds}}: the longest that a role did nothing after that cut."""

    def __init__(self, fleet, cases):
        super().__init__(fleet, signals=0, kills=0, seed=1)
        self.cases, self.stood = cases, {}

    async def _post(self, client, fact, email):
        await super()._post(client, fact, email)
        await asyncio.sleep(PAUSE)

    async def _break(self):
        engine = create_async_engine(self.fleet.postgres.url())
        try:
            await asyncio.sleep(12)
            for case in self.cases:
                begun = time.monotonic()
                self._cut(case)
                self.stood[case] = await self._watch(engine)
                self.outages.append((begun - 1, time.monotonic()))
                self.done[case] = 1
        finally:
            self._over = True
            await engine.dispose()

    def _cut(self, case):
        names = CASES[case]
        ways = [self.fleet.stores[name] for name in names] if names else [self.fleet.way_to_kafka]
        assert sum(way.cut() for way in ways), f"{case}: nothing was open"

    async def _watch(self, engine):
        """{role: seconds}; of the router each partition counts by itself, for another router has the others."""
        begun = time.monotonic()
        moved, longest = {}, dict.fromkeys(WATCHED, 0.0)
        while (now := time.monotonic()) - begun < AFTER:
            for role, statement in WATCHED.items():
                async with engine.connect() as conn:
                    found = (await conn.execute(text(statement))).all()
                for part, count in found:
                    known, at = moved.get((role, part), (count, begun))
                    longest[role] = max(longest[role], now - at)
                    moved[role, part] = (count, now) if count > known else (known, at)
            await asyncio.sleep(0.2)
        return {role: round(seconds, 1) for role, seconds in longest.items()}
