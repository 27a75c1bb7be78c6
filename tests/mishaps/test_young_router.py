"""A router that is killed three times in the first second of its life, under load: the others wait for it, and nothing is lost."""

import asyncio
import time

import pytest

from tests.chaos.check import Checker
from tests.chaos.run import QUICK, Chaos
from tests.parts.fleet import Fleet

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]


class Young(Chaos):
    """Each life ends within a second after the process said that it begins, which is when it joins the group of routers."""

    async def _post(self, client, fact, email):
        await super()._post(client, fact, email)
        await asyncio.sleep(3.0)  # processes have to begin beside the load

    def _plan(self):
        return ["router-1"]

    async def _break(self):
        """Senders end whatever becomes of it."""
        try:
            await super()._break()
        finally:
            self._over = True

    async def _do(self, what):
        await asyncio.to_thread(self.fleet.kill, what)
        for _ in range(3):
            log = self.fleet.folder / f"{what}.log"
            before = log.stat().st_size
            self.fleet.begin(what)
            until = time.monotonic() + 120
            while b"starting router" not in log.read_bytes()[before:]:
                assert time.monotonic() < until
                await asyncio.sleep(0.05)
            await asyncio.sleep(self.lots.uniform(0.0, 1.0))
            await asyncio.to_thread(self.fleet.kill, what)
        self.fleet.begin(what)


async def test_three_short_lives_cost_some_waiting_and_nothing_else():
    fleet = await asyncio.to_thread(lambda: Fleet(QUICK))
    try:
        fleet.start()
        young = Young(fleet, signals=60, kills=0, seed=3)
        await young.run()
        checker = Checker(fleet, young)
        findings = await checker.run()
        print(checker.figures)
        assert findings == []
        # A member that died while it joined is waited for through a rebalance, twice if it was the leader.
        assert checker.figures["seconds to settle"] < 60
    finally:
        fleet.close()
