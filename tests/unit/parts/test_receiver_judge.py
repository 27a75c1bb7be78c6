"""What a receiver of webhooks got is judged as strictly as events: nothing lost, strange, doubled or out of order."""

import pytest

from tests.parts.receiver import Arrival, judge_events

WANTED = {"evt_a1", "evt_a2", "evt_b1"}
AMID = [(10.0, 20.0)]


def arrival(ident, at, digest=b"same"):
    return Arrival(ident, f"lead_{ident[4]}", int(ident[5:]), digest, at)


def came(*idents, at=0.0):
    return [arrival(ident, at + number) for number, ident in enumerate(idents)]


ALL = came("evt_a1", "evt_b1", "evt_a2")


def test_all_once_and_in_order_is_fine():
    assert judge_events(ALL, WANTED, AMID) == []


def test_the_same_once_more_is_fine_where_something_was_done_as_it_first_came():
    assert judge_events([*came("evt_a1", "evt_b1", "evt_a2", at=11), arrival("evt_a1", 45)], WANTED, AMID) == []


@pytest.mark.parametrize(
    ("events", "said"),
    [
        (came("evt_a1", "evt_b1"), "1 events never came"),
        ([*ALL, arrival("evt_a3", 5)], "the feed does not have: evt_a3"),
        (came("evt_a2", "evt_a1", "evt_b1"), "lead_a: 1 came after 2"),
        ([*ALL, arrival("evt_a1", 5)], "evt_a1 came 2 times"),
        ([*came("evt_a1", "evt_b1", "evt_a2", at=11), arrival("evt_a1", 45, b"other")], "two contents"),
        ([*ALL, arrival("evt_a2", 5)._replace(ident="evt_other")], "came with two ids"),
    ],
)
def test_anything_else_is_a_finding(events, said):
    assert said in "\n".join(judge_events(events, WANTED, AMID))
