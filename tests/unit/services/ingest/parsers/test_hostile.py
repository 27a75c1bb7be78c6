"""A short, seeded run of the fuzzer; `make fuzz` is the long one."""

import json
import random

import pytest

from schemas.sources import Source
from services.ingest.configured.mapped import read
from services.ingest.parsers.registry import PARSERS
from tests.fuzz import LARGE, MIB, OWN, Maker, run, tried


def test_no_hostile_body_makes_a_parser_raise_stall_or_grow():
    told = run(0, 20261124, say=lambda _: None, least=200)
    assert set(told) == set(PARSERS)
    assert all(seen["bodies"] == 200 and seen["Quarantined"] for seen in told.values()), told
    assert all(told[kind]["Parsed"] for kind in OWN), "those that begin from a body of their own are read as well"


@pytest.mark.parametrize("kind", ["form", "generic"])
@pytest.mark.parametrize("deed", range(LARGE))
def test_a_body_of_the_largest_size_is_read_or_set_aside(kind, deed):
    body, said = Maker(kind, random.Random(deed), []).large(deed)
    told = tried(Source(name="s", kind=kind, verify={"scheme": "none"}), body, said)
    assert len(body) <= MIB and told.total() >= 1


@pytest.mark.parametrize("said", ["NaN", "Infinity", "-inf", "1e999"])
def test_an_amount_that_is_no_number_is_not_known(said):
    event = {"subscriptionType": "deal.propertyChange", "objectId": 1, "propertyName": "amount", "propertyValue": said}
    (found,) = read("hubspot", json.dumps([event | {"eventId": 1}]).encode(), "application/json", {}, None)
    assert found.amount is None
