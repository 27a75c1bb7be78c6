"""Whether a hand-over may move to a stage, given where sales has taken it."""

import pytest

from schemas.sinks.base import Stages
from services.sinks.planning.stages import may_move
from tests.sinks import STAGES


@pytest.mark.parametrize(
    ("at", "to", "expected"),
    [
        (None, "offered", True),
        ("new", "accepted", True),
        ("back", "offered", True),
        ("working", "offered", True),
        ("working", "accepted", False),
        ("working", "returned", True),
        ("theirs", "offered", False),
        ("theirs", "accepted", False),
        ("theirs", "returned", False),
        ("theirs", "won", True),
        ("theirs", "lost", True),
    ],
)
def test_ours_may_follow_on_ours_and_an_end_on_all_that_is_open(at, to, expected):
    assert may_move(Stages(**STAGES), at, is_closed=False, to=to) is expected


@pytest.mark.parametrize("to", ["offered", "accepted", "returned", "won", "lost"])
def test_nothing_moves_out_of_a_closed_opportunity(to):
    assert not may_move(Stages(**STAGES), "won", is_closed=True, to=to)
