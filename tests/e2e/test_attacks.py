"""The attacks of `make attack`, in short, on a running Stafett with few descriptors: H1, H5, H6. Times are that command's."""

import pytest

from tests.attack.__main__ import HALF
from tests.attack.costs import costs
from tests.attack.door import MIB, attacked_stafett, connections, flood, unreadable


@pytest.fixture(scope="module")
def attackable(tmp_path_factory):
    with attacked_stafett(tmp_path_factory.mktemp("attacked") / "mine") as made:
        yield made


@pytest.mark.parametrize("beginning", [b"", HALF], ids=["silent", "half a head"])
def test_h1_1100_connections_at_1024_descriptors_keep_nobody_out(attackable, beginning):
    seen = connections(attackable, 1100, beginning, 2)
    assert seen.figures["form"] == 202 and seen.asked > 0


def test_h6_a_flood_of_one_client_takes_nothing_from_the_forms_of_others(attackable):
    seen = flood(attackable, 3)
    assert set(seen.figures["honest"]) == {202}, seen
    assert seen.figures["attacker"].get(429), "it was above its rate"


def test_h5_four_mebibytes_that_nobody_understands_are_stored_once(attackable):
    seen = unreadable(attackable)
    assert seen.figures["answers"] == {202: 4}
    assert 3 * MIB < seen.figures["stored"] < 5 * MIB


@pytest.mark.parametrize("kind", ["generic", "salesforce", "form"])
def test_h6_what_costs_much_is_read_beside_the_loop(kind):
    found = list(costs(kind, ("100 rich bodies", "brackets", "recordIds", "1999 names")))
    assert len(found) >= 4
    assert not [cost for cost in found if cost.is_on_the_loop and cost.size > 64 * 1024]
