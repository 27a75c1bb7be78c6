"""PostgreSQL fails over under load: the primary is killed, a standby that has each commit is promoted, and back again."""

from tests.maintenance.fleet import TendedFleet
from tests.parts.postgres_pair import PostgresPair

BOUND = 20.0


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
