"""The plan of faults, and limits that count."""

from collections import Counter

import pytest

from tests.parts.vendors.faults import COMMIT_THEN_DROP, DROP_BEFORE, UNAVAILABLE, Limit, Plan, Rule

REQUESTS = [("create", "POST", "/deals", b"%d" % n) for n in range(2000)]


def drawn(plan, requests=REQUESTS):
    return {request: fault.name for request in requests if (fault := plan.pick(*request)) is not None}


def rules(share=0.1, *routes):
    return [Rule(DROP_BEFORE, share, frozenset(routes)), Rule(COMMIT_THEN_DROP, share, frozenset(routes))]


def test_a_seed_gives_the_same_faults_to_the_same_requests_in_whatever_order_they_come():
    one = drawn(Plan(7, rules(), most_in_a_row=99))
    assert one == drawn(Plan(7, rules(), most_in_a_row=99), reversed(REQUESTS))
    assert one != drawn(Plan(8, rules(), most_in_a_row=99))


def test_each_fault_comes_to_about_its_share():
    found = Counter(drawn(Plan(1, rules(0.1), most_in_a_row=99)).values())
    assert 150 < found["drop before"] < 250 and 130 < found["commit then drop"] < 250


def test_a_repeated_request_has_lots_of_its_own():
    plan = Plan(3, [Rule(DROP_BEFORE, 0.5)], most_in_a_row=99)
    assert {plan.pick(*REQUESTS[0]) is None for _ in range(50)} == {True, False}


def test_after_so_many_faults_in_a_row_a_path_is_answered():
    plan = Plan(1, [Rule(DROP_BEFORE, 1.0)], most_in_a_row=2)
    assert [plan.pick("create", "POST", "/deals", b"") is None for _ in range(6)] == [False, False, True] * 2
    assert plan.came == {"drop before": 4}


def test_a_rule_for_some_routes_leaves_the_others_alone():
    assert not drawn(Plan(1, rules(1.0, "read")))


def test_a_fault_that_was_asked_for_comes_once_and_first_to_its_route():
    plan = Plan()
    plan.once(UNAVAILABLE, "read", times=2)
    asked = ["create", "read", "read", "read"]
    assert [plan.pick(route, "GET", "/x", b"") for route in asked] == [None, UNAVAILABLE, UNAVAILABLE, None]


@pytest.mark.parametrize(("later", "is_within"), [(9.9, False), (10.1, True)])
def test_a_limit_counts_what_came_in_its_window(later, is_within):
    now = 0.0
    limit = Limit(3, 10, clock=lambda: now)
    assert [limit.take() for _ in range(4)] == [True, True, True, False]
    now = later
    assert limit.take() is is_within
