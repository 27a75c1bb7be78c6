"""`python -m tests.maintenance CASE`: a fleet is tended under load, and nothing is lost, doubled or out of order. Exit status 1 for a
finding."""

import argparse
import asyncio
import sys
from collections.abc import Callable
from typing import NamedTuple

from tests.chaos.run import QUICK
from tests.maintenance import brokers, certificates, failover, keys, versions
from tests.maintenance.run import Tended, judge


class Case(NamedTuple):
    """`bound`: seconds that a role may stand still."""

    fleet: Callable
    steps: Callable
    bound: float


CASES = {
    "failover": Case(failover.PairFleet, failover.steps, failover.BOUND),
    "failover-lagging": Case(failover.LaggingFleet, failover.lagging_steps, failover.LAGGING_BOUND),
    "keys": Case(keys.KeyedFleet, keys.steps, keys.BOUND),
    "brokers": Case(brokers.ClusterFleet, brokers.steps, brokers.BOUND),
    "certificates": Case(certificates.CertifiedFleet, certificates.steps, certificates.BOUND),
    "versions": Case(versions.MixedFleet, versions.steps, versions.BOUND),
}


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.maintenance", description=__doc__)
    parser.add_argument("case", choices=CASES)
    case = CASES[parser.parse_args().case]
    fleet = case.fleet(QUICK)
    try:
        fleet.start()
        tended = Tended(fleet, case.steps(fleet))
        findings = asyncio.run(judge(fleet, tended, case.bound))
        print("\n".join(findings) or "every promise was kept")
        return int(bool(findings))
    except BaseException:
        print(fleet.said())
        raise
    finally:
        fleet.close()


sys.exit(main())
