"""`python -m tests.bench`: what it carries, against a bare baseline in the same run, on real Apache Kafka and PostgreSQL."""

import argparse
import os
import sys

import uvloop

from tests.bench.clocks import EDITS, clocks, due_instants
from tests.bench.core import core
from tests.bench.embedded import embedded, from_nothing
from tests.bench.intake import intake_by_kind
from tests.bench.kinds import kinds
from tests.bench.machine import Machine
from tests.bench.pipeline import drain, pipeline
from tests.bench.scale import scale
from tests.bench.table import table

PARTS = ("core", "drain", "scale", "pipeline", "embedded", "up", "clocks", "kinds", "intake")


async def run(given):
    quick, rows = given.quick, []
    rounds, count = (2, 4_000) if quick else (5, 20_000)
    for part in given.only or PARTS:
        print(f"--- {part} (load average of this machine before it: {os.getloadavg()[0]:.1f})", flush=True)
        if part == "core":
            found = core(rounds, count)
        elif part == "drain":
            found = await on_servers(lambda machine: drain(machine, rounds, count, given.profile))
        elif part == "scale":
            found = await on_servers(lambda machine: scale(machine, rounds, count))
        elif part == "pipeline":
            found = await on_servers(lambda machine: pipeline(machine, rounds, count))
        elif part == "embedded":
            found = await embedded(rounds, count)
        elif part == "intake":
            found = await on_servers(lambda machine: intake_by_kind(machine, rounds, count // 4, given.samples))
        elif part == "kinds":
            found = kinds(given.samples, repeats=20 if quick else 200)
        elif part == "up":
            found = await from_nothing(rounds, 5_000 if quick else 50_000)
        else:
            sizes = (50_000, 1_000) if quick else (1_000_000, 10_000)
            found = due_instants() + await on_servers(lambda machine, sizes=sizes: clocks(machine, *sizes), EDITS)
        print(table(found), flush=True)
        rows += found
    print(f"\n--- all\n{table(rows)}")


async def on_servers(measure, edits=()):
    machine = Machine(edits)
    try:
        await machine.begin_servers()
        return await measure(machine)
    except BaseException:
        print(machine.said(), file=sys.stderr)
        raise
    finally:
        machine.close()


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small rounds: whether it runs, not what it carries")
    parser.add_argument("--only", action="append", choices=PARTS, help="a part; may be given several times")
    parser.add_argument("--samples", help="a folder of real bodies by sender, for `kinds` and `intake`")
    parser.add_argument("--profile", help="file for a profile of the router's last drain (which then is slower)")
    uvloop.run(run(parser.parse_args()))


main()
