"""The figures of a simulated quarter, counted a second time by a script that shares nothing with the product."""

import pytest

from tests.forum_twice import differences, report_in_memory
from tests.simulated_quarter import simulate


@pytest.mark.parametrize(("count", "seed"), [(400, 1), (150, 2), (1, 3), (0, 4)])
def test_every_figure_is_equal_to_the_last_digit(count, seed):
    lives = list(simulate(count, seed))
    wrong, compared = differences(report_in_memory(lives), lives)
    assert not wrong
    assert compared > 200
