"""Every story in every order of arrival, in the pure core."""

import pytest

from tests.tales import cases, tell_in_core

CASES = cases()


@pytest.mark.parametrize(("tale", "order"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_outcome_is_right_whatever_the_order_of_arrival(tale, order):
    tale.check(tell_in_core(tale, order))
