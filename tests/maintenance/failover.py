"""PostgreSQL fails over under load: the primary is killed, a standby that has each commit is promoted, and back again; or a standby that
lags is, and the routers stop until an operator has begun again."""

import time

from tests.chaos.check import Checker
from tests.maintenance.fleet import TendedFleet
from tests.parts.fleet import ROLES
from tests.parts.postgres_pair import PostgresPair
from tests.parts.process import end

BOUND = 20.0
LAGGING_BOUND = 240.0
"""An operator's work lies between."""
LAG = 4.0
"""Seconds of load that the standby does not have."""
ROUTERS = ("router-1", "router-2")


class PairFleet(TendedFleet):
    """Its URL names both servers."""

    def __init__(self, edits=(), *, synchronous=True):
        super().__init__(edits)
        self.postgres = PostgresPair(synchronous=synchronous)


def steps(fleet):
    pair = fleet.postgres
    return [
        ("primary killed, standby promoted", pair.fail_over),
        ("a new standby follows", pair.follow),
        ("and back", pair.fail_over),
    ]


class LaggingChecker(Checker):
    """Some events were told before the failover that no feed has now: what they were about was decided again, under other ids."""

    def judge_topics(self, found, feed):
        told = {}
        for _, event in found:
            said = (event["subject"], event["sequence"], event["type"], event["time"])
            if told.setdefault(event["id"], said) != said:
                self.findings.append(f"{event['id']} says two different things: {told[event['id']]}, {said}")
        wanted = {entry["event"]["id"] for entry in feed}
        if missing := wanted - told.keys():
            self.findings.append(f"{len(missing)} events of the feed are on no topic")
        self.lost = told.keys() - wanted
        self.figures["told, and decided again under other ids"] = len(self.lost)


class LaggingFleet(PairFleet):
    """Nobody waits for its standby."""

    checker = LaggingChecker

    def __init__(self, edits=()):
        super().__init__(edits, synchronous=False)

    def fail_over(self):
        self.postgres.fail_over_lagging(lambda: time.sleep(LAG))
        self._see_stop(*ROUTERS)

    def begin_in_vain(self):
        """Whoever begins a router again sees it end again."""
        self.begin("router-1")
        self._see_stop("router-1")

    def _see_stop(self, *names):
        until = time.monotonic() + 90
        for name in names:
            while (status := self.processes[name].poll()) is None:
                assert time.monotonic() < until, self.said()
                time.sleep(0.1)
            assert status == 1 and "StoreWentBack" in (self.folder / f"{name}.log").read_text(), self.said()

    def begin_again(self):
        """What docs/operations.md says to do."""
        for process in self.processes.values():
            end(process)
        print(self.call("db", "restored", "--keep-positions"))
        for name in ROLES:
            self.begin(name)
        self.wait_ready()


def lagging_steps(fleet):
    return [
        ("primary killed, standby that lags promoted", fleet.fail_over),
        ("a router begins in vain", fleet.begin_in_vain),
        ("begun again", fleet.begin_again),
    ]
