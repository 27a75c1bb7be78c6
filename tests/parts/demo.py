"""`make demo-fleet`: the demo on Apache Kafka and PostgreSQL with a process per role, one of which is killed on the way."""

import sys
import time

from services.cli.demo.installation import QUICK
from services.cli.demo.story import Demo
from tests.parts.fleet import ROLES, Fleet

PEOPLE = 60
OFFERED = "stafett.handover.offered.v1"


def say(words):
    print(words, flush=True)


def main():
    say("Starting Apache Kafka, PostgreSQL and one process per role ...")
    fleet = Fleet(QUICK)
    demo = Demo(fleet)
    try:
        begun = time.monotonic()
        fleet.start()
        say(f"ready after {time.monotonic() - begun:.0f} s: {', '.join(ROLES)} at {fleet.url}")
        demo.show()
        return kill_a_router(fleet, demo)
    finally:
        demo.close()
        fleet.close()


def kill_a_router(fleet, demo):
    """Exit status 1 where somebody was lost or offered twice."""
    say(f"\n== {PEOPLE} people send a form, and in the middle a router is killed")
    demo.follow(OFFERED, 1, 1)  # what the chapters before left to read
    taken = 0
    for number in range(PEOPLE):
        taken += demo.crowd(number) == 202
        if number == PEOPLE // 2:
            fleet.kill("router-1")
            say("      kill -9 router-1")
    killed = time.monotonic()
    say(f"      {taken} of {PEOPLE} were answered 202; now the other router takes over its partitions")
    leads = demo.follow(OFFERED, PEOPLE, 90)
    fleet.begin("router-1")
    say(
        f"      {len(leads)} hand-overs for {len(set(leads))} people, the last {time.monotonic() - killed:.0f} s after the kill"
    )
    kept = taken == len(leads) == len(set(leads)) == PEOPLE
    say("      nobody was lost, nobody was offered twice" if kept else "      THAT IS WRONG")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
