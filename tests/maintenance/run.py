"""Load, while somebody tends the fleet: what was done, and how long each role did nothing after each of it."""

import asyncio
import contextlib
import time

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from services.adapters.sql.hosts import Hosts
from tests.chaos.run import Chaos
from tests.parts.receiver import judge_receiver
from tests.silent.run import WATCHED

PAUSE = 2.0
"""Seconds between two signals of a sender: enough for every partition, and no more than a small machine keeps up with."""
WARM = 8.0
"""Seconds of load before the first thing is done."""
AFTER = 12.0
"""Seconds for which each is watched, at least."""
UNDER_WAY = 3.0
"""Seconds before something is done in which a webhook that came may not be noted yet, so that it comes once more."""


class Tended(Chaos):
    """`steps` are (name, function that does it); one that is a coroutine function is awaited, any other runs in a thread. `stood` is
    {name: {role: seconds}}: the longest that a role did nothing from then on; `disturbances` are when each was done, as the receiver needs it."""

    def __init__(self, fleet, steps, *, spooled=False):
        super().__init__(fleet, signals=0, kills=0, seed=1)
        self._steps, self._spooled, self.stood, self.took = steps, spooled, {}, {}
        self._moved, self._longest, self.disturbances = {}, {}, []

    async def _post(self, client, fact, email):
        await super()._post(client, fact, email)
        self._note("ingest", 0, len(self.given), time.monotonic())
        await asyncio.sleep(PAUSE)

    async def _break(self):
        engine = create_async_engine(
            self.fleet.watch_url(), poolclass=NullPool, connect_args={"async_creator_fn": Hosts().connect}
        )
        watching = asyncio.create_task(self._watch(engine))
        try:
            await asyncio.sleep(WARM)
            for name, do in self._steps:
                await self._step(name, do)
        finally:
            self._over = True
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
            await engine.dispose()

    async def _step(self, name, do):
        begun = time.monotonic()
        self._longest = {}
        self._moved = {key: (count, begun) for key, (count, _) in self._moved.items()}
        await (do() if asyncio.iscoroutinefunction(do) else asyncio.to_thread(do))
        self.took[name] = round(time.monotonic() - begun, 1)
        await asyncio.sleep(AFTER)
        for role, _ in list(self._moved):
            self._longest.setdefault(role, 0.0)
        now = time.monotonic()
        for (role, part), (count, _) in list(self._moved.items()):
            self._note(role, part, count, now)
        self.stood[name] = {role: round(seconds, 1) for role, seconds in sorted(self._longest.items())}
        self.disturbances.append((begun - UNDER_WAY, time.monotonic()))
        if self._spooled:
            self.outages.append((begun - 1, time.monotonic()))
        self.done[name] = 1
        print(f"{name}: took {self.took[name]} s; stood still: {self.stood[name]}", flush=True)

    def _note(self, role, part, count, now):
        known, at = self._moved.get((role, part), (None, now))
        self._longest[role] = max(self._longest.get(role, 0.0), now - at)
        self._moved[role, part] = (count, now) if count != known else (known, at)

    async def _watch(self, engine):
        """While the store is away nothing moves, whoever asks."""
        while True:
            for role, statement in WATCHED.items():
                with contextlib.suppress(SQLAlchemyError, OSError, TimeoutError):
                    async with engine.connect() as conn:
                        for part, count in (await conn.execute(text(statement))).all():
                            self._note(role, part, count, time.monotonic())
            await asyncio.sleep(0.2)


async def judge(fleet, tended, bound):
    """Runs it, and gives the findings: what is not as promised, and each role that stood still for longer than `bound` seconds."""
    await tended.run()
    print(f"{len(tended.given)} answered 202, {tended.refused} tries were not and came again", flush=True)
    findings = [
        f"{step}: {role} stood still for {seconds} s"
        for step, stood in tended.stood.items()
        for role, seconds in stood.items()
        if seconds > bound
    ]
    checker = fleet.checker(fleet, tended)
    findings += await checker.run()
    findings += await judge_receiver(
        fleet, [entry["event"] for entry in checker.feed], tended.disturbances, checker.lost
    )
    print("\n".join(f"{name}: {count}" for name, count in checker.figures.items()))
    return findings
