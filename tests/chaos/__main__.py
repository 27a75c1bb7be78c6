"""`python -m tests.chaos`: under load, everything is killed; then the outside is checked. Exit status 1 for a finding."""

import argparse
import asyncio
import sys
import time

from tests.chaos.check import Checker
from tests.chaos.run import QUICK, Chaos
from tests.parts.fleet import Fleet


async def both(chaos, checker):
    """In one loop: a process that a thread of the loop began dies with that thread."""
    begun = time.monotonic()
    await chaos.run()
    print(
        f"{len(chaos.given)} answered 202 in {time.monotonic() - begun:.0f} s, {chaos.refused} tries were not and came again"
    )
    print("done:", ", ".join(f"{what} x{count}" for what, count in sorted(chaos.done.items())))
    return await checker.run()


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--signals", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    fleet = Fleet(QUICK)
    try:
        fleet.start()
        chaos = Chaos(fleet, given.signals, given.kills, given.seed)
        checker = Checker(fleet, chaos)
        findings = asyncio.run(both(chaos, checker))
        print("\n".join(f"{name}: {count}" for name, count in checker.figures.items()))
        print("\n".join(findings) or "every promise was kept")
        return int(bool(findings))
    finally:
        fleet.close()


sys.exit(main())
