"""A short, seeded run of the fuzzer; `make fuzz` is the long one."""

from services.ingest.parsers import PARSERS
from tests.fuzz import OWN, run


def test_no_hostile_body_makes_a_parser_raise_stall_or_grow():
    told = run(0.25, 20261124, say=lambda _: None)
    assert set(told) == set(PARSERS)
    assert all(seen["bodies"] > 20 and seen["Quarantined"] for seen in told.values()), told
    assert all(told[kind]["Parsed"] for kind in OWN), "those that begin from a body of their own are read as well"
