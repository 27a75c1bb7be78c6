"""`python -m tests.bench`: what it carries, against a bare baseline in the same run, on real Apache Kafka and PostgreSQL."""

import argparse
import os
import sys

import uvloop

from tests.bench import check
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
HELD = ("drain", "pipeline", "embedded")
"""Parts whose ratios `--check` holds: they have a baseline and need no samples."""


async def run(options):
    """The exit status."""
    parts = options.only or (HELD if options.check or options.record else PARTS)
    rows, part_of = [], {}
    for part in parts:
        print(f"--- {part} (load average of this machine before it: {os.getloadavg()[0]:.1f})", flush=True)
        of_part = await measure(part, options)
        print(table(of_part), flush=True)
        rows += of_part
        part_of |= {row.name: part for row in of_part}
    print(f"\n--- all\n{table(rows)}")
    form = "quick" if options.quick else "full"
    if options.record:
        check.record(form, check.ratios(rows))
    if not options.check:
        return 0

    async def measure_again(names):
        return [row for part in sorted({part_of[name] for name in names}) for row in await measure(part, options)]

    lost = await check.lost_rows(form, rows, measure_again)
    print(f"lost twice: {', '.join(lost) or 'nothing'}")
    return 1 if lost else 0


async def measure(part, options):
    """Rows of one part."""
    quick = options.quick
    rounds, count = (2, 4_000) if quick else (5, 20_000)
    match part:
        case "core":
            return core(rounds, count)
        case "drain":
            return await on_servers(lambda machine: drain(machine, rounds, count, options.profile))
        case "scale":
            return await on_servers(lambda machine: scale(machine, rounds, count))
        case "pipeline":
            return await on_servers(lambda machine: pipeline(machine, rounds, count))
        case "embedded":
            return await embedded(rounds, count)
        case "intake":
            return await on_servers(lambda machine: intake_by_kind(machine, rounds, count // 4, options.samples))
        case "kinds":
            return kinds(options.samples, repeats=20 if quick else 200)
        case "up":
            return await from_nothing(rounds, 5_000 if quick else 50_000)
        case "clocks":
            sizes = (50_000, 1_000) if quick else (1_000_000, 10_000)
            return due_instants() + await on_servers(lambda machine: clocks(machine, *sizes), EDITS)
    raise ValueError(f"no such part: {part}")


async def on_servers(act, edits=()):
    machine = Machine(edits)
    try:
        await machine.begin_servers()
        return await act(machine)
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
    parser.add_argument(
        "--check", action="store_true", help="fail where a ratio lost more than a tenth of the recorded one, twice"
    )
    parser.add_argument(
        "--record", action="store_true", help="record the ratios as those to hold the next runs against"
    )
    sys.exit(uvloop.run(run(parser.parse_args())))


if __name__ == "__main__":
    main()
