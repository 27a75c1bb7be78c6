"""`python -m tests.silent`: connections of a fleet die without a word, under load; each role goes on within 15 s and keeps what
was promised. Exit status 1 for a finding."""

import argparse
import asyncio
import subprocess
import sys
import time

from tests.chaos.check import Checker
from tests.chaos.run import QUICK
from tests.parts.process import end
from tests.parts.receiver import judge_receiver
from tests.silent.fleet import SilentFleet
from tests.silent.run import BOUND, CASES, Silence


async def run(fleet, cases):
    """The findings."""
    silence = Silence(fleet, cases)
    await silence.run()
    print(f"{len(silence.given)} answered 202, {silence.refused} tries were not and came again")
    findings = []
    for case, stood in silence.stood.items():
        print(f"{case}: " + ", ".join(f"{role} {seconds} s" for role, seconds in stood.items()), flush=True)
        findings += [f"{case}: {role} stood still for {s} s" for role, s in stood.items() if s > BOUND]
    checker = Checker(fleet, silence)
    findings += await checker.run()
    findings += await judge_receiver(fleet, [entry["event"] for entry in checker.feed], silence.outages)
    print("\n".join(f"{name}: {count}" for name, count in checker.figures.items()))
    return findings


def stop_in_silence(fleet):
    """All ways are cut, and then all are told to end: seconds that each took."""
    for way in (*fleet.stores.values(), fleet.way_to_kafka):
        way.cut(new=True)
    time.sleep(2)
    begun, findings = time.monotonic(), []
    for process in fleet.processes.values():
        process.terminate()
    for name, process in fleet.processes.items():
        try:
            process.wait(max(0.1, begun + 30 - time.monotonic()))
            print(f"{name} ended after {time.monotonic() - begun:.1f} s with {process.returncode}")
        except subprocess.TimeoutExpired:
            findings.append(f"{name} did not end within 30 s")
            end(process, kill=True)
    return findings


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.silent", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(CASES))
    given = parser.parse_args()
    fleet = SilentFleet(QUICK)
    try:
        fleet.start()
        findings = asyncio.run(run(fleet, given.cases or list(CASES)))
        findings += stop_in_silence(fleet)
        print("\n".join(findings) or "every promise was kept")
        return int(bool(findings))
    except BaseException:
        print(fleet.said())
        raise
    finally:
        fleet.close()


sys.exit(main())
