"""What a store lacks that says less than is known to be decided."""

import pytest

from services.ports.rows import Position, Reported
from services.router.reached import Reached


@pytest.fixture
def reached():
    made = Reached("t.signals.v1")
    made.note(3, [Position(0, 10), Position(1, 4)])
    return made


def test_a_store_that_says_as_much_or_more_lacks_nothing(reached):
    stored = [Position(0, 10), Position(1, 9), Position(2, 0)]
    assert reached.gap(3, stored, {0: Reported(10, 3), 1: Reported(2, 3)}) == ""


@pytest.mark.parametrize(
    ("epoch", "stored", "reported", "said"),
    [
        (3, Position(0, 9), {}, "t.signals.v1/0: the store says that 9 is next, and all before 10 was decided"),
        (3, Position(2, 0), {2: Reported(5, 3)}, "t.signals.v1/2: the store says that 0 is next, and all before 5"),
        (2, Position(2, 7), {}, "the store is in epoch 2, and was in 3"),
        (3, Position(2, 7), {0: Reported(1, 4)}, "the store is in epoch 3, and was in 4"),
    ],
)
def test_less_than_was_committed_or_told_is_a_gap(reached, epoch, stored, reported, said):
    assert reached.gap(epoch, [stored], reported).startswith(said)


def test_what_was_known_ends_with_its_epoch(reached):
    assert reached.gap(4, [Position(0, 0)], {0: Reported(10, 3)}) == ""
    reached.note(4, [Position(0, 2)])
    assert reached.gap(4, [Position(0, 2), Position(1, 0)], {1: Reported(9, 3)}) == ""
    assert reached.gap(4, [Position(0, 1)], {}) != ""
