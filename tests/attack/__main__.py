"""`make attack`: what strangers may do to a running Stafett, and what one body of theirs may cost. Prints figures; ends with 1
where a bound does not hold. Some minutes; times are of a quiet machine."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.attack.costs import costs
from tests.attack.door import MIB, attacked_stafett, batches, connections, flood, unreadable
from tests.everykind import KINDS

HEALTHY = 0.5
"""Seconds within which /healthz is answered, whatever strangers do."""
COSTLIEST = 0.3
"""Seconds of CPU of one body under 1 MiB, of anybody."""
MANY = ("100", "600", "800", "of their own", "400 rec", "400 wide", "400 deep", "400 people", "own body")
"""Bodies of more events or values than somebody unproven may send; any other costs of a proven sender what it costs of anybody."""
HALF = b"POST /v1/hooks/web HTTP/1.1\r\nHost: x\r\nX-"


def main(kinds: list[str], seconds: float) -> int:
    failed = []

    def check(name, seen, holds):
        ok = holds and seen.slowest <= HEALTHY
        print(f"{'ok  ' if ok else 'FAIL'} {name}: {seen}", flush=True)
        failed.extend([] if ok else [name])

    with tempfile.TemporaryDirectory() as folder, attacked_stafett(Path(folder) / "mine") as made:
        for name, beginning in (("1,100 silent connections", b""), ("1,100 half-open heads", HALF)):
            seen = connections(made, 1100, beginning, seconds)
            check(name, seen, seen.figures["form"] == 202)
        seen = flood(made, seconds)
        check("one client at ten times the rate", seen, set(seen.figures["honest"]) == {202})
        seen = batches(made, seconds)
        check("two clients with a thousand events at once", seen, set(seen.figures["hundreds"]) == {202})
        seen = unreadable(made)
        check("4 MiB of unreadable bodies", seen, 0 < seen.figures["stored"] < 5 * MIB)
    for kind in kinds:
        for is_proven in (False, True):
            failed += too_costly(kind, is_proven)
    print(f"failed: {failed}" if failed else "every bound held")
    return 1 if failed else 0


def too_costly(kind: str, is_proven: bool) -> list[str]:
    """What of a kind's bodies costs more than it may. Prints the worst, and the longest piece that one is read in."""
    found = list(costs(kind, MANY if is_proven else None, is_proven))
    whole, piece = max(found), max(found, key=lambda cost: cost.longest)
    over = [cost for cost in found if cost.seconds > COSTLIEST or (cost.is_on_the_loop and cost.seconds > 0.05)]
    print(
        f"{'FAIL' if over else 'ok  '} {kind}, {'proven' if is_proven else 'anybody'}: {len(found)} bodies, at most "
        f"{whole.seconds:.3f} s of CPU, {whole.seconds / COSTLIEST:.2f} of the aim ({whole.what}, {whole.size} bytes), of one piece {piece.longest:.3f} s ({piece.what})",
        flush=True,
    )
    return [f"{cost.kind}, {cost.what}: {cost.seconds:.3f} s, {cost.longest:.3f} s" for cost in over]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15, help="of each attack on the door")
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), choices=KINDS)
    given = parser.parse_args()
    sys.exit(main(given.kinds, given.seconds))
