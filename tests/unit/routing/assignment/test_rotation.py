"""Turns in a pool: what a change of weight, seat or language does to the leads that follow it."""

from collections import Counter

import pytest

from routing.assignment.rotation import rotate, with_turn_by_hand, with_turns_moved
from routing.model.records import Ledger, LedgerEntry
from routing.people.roster import Roster
from schemas.roster import Member, Pool, RosterFile, Seat
from tests.setups import START

BUSY = ("off_hours", "language")
SILENT = {"a": "language", "b": "language"}


def roster(**weights):
    people = tuple(Member(id=p, roles=("sales",)) for p in "abc")
    seats = tuple(Seat(person=p, weight=w) for p, w in weights.items())
    return Roster(RosterFile(version=1, people=people, pools=(Pool(name="p", seats=seats),)))


ALL = roster(a=1, b=1, c=1)


class Turns:
    def __init__(self):
        self.ledger = Ledger(pool="p")

    def give(self, count, people=ALL, codes=lambda number: {}):
        """Who got how many of the next `count`; `codes` says by a lead's number who could not take it."""
        had = Counter()
        for number in range(count):
            hindered = codes(number)
            unfit = {person: (code,) for person, code in hindered.items()}
            found = rotate(people.pool("p"), self.ledger, people, START, frozenset(), lambda p, u=unfit: u.get(p, ()))
            self.ledger = found.ledger
            had[found.person] += 1
        return had


@pytest.mark.parametrize(("weight", "share"), [(2, 50), (0.5, 20), (1, 33)])
def test_another_weight_counts_from_the_next_lead_on_and_nothing_is_made_up_for(weight, share):
    turns = Turns()
    assert turns.give(300) == {"a": 100, "b": 100, "c": 100}
    had = turns.give(100, roster(a=weight, b=1, c=1))
    assert abs(had["a"] - share) <= 1 and abs(had["b"] - had["c"]) <= 1


def test_who_has_a_seat_again_gets_their_share_and_no_more():
    turns = Turns()
    turns.give(30)
    assert turns.give(200, roster(b=1, c=1)) == {"b": 100, "c": 100}
    assert not turns.ledger.entries["a"].seated and turns.ledger.entries["a"].given == 10
    had = turns.give(99)
    assert max(had.values()) - min(had.values()) <= 1
    assert turns.ledger.entries["a"].given == 10 + had["a"], "what they had before is still known"


@pytest.mark.parametrize("code", ["absent", "off_hours", "full", "team_full", "had_it"])
def test_who_could_not_take_leads_is_owed_none_of_them(code):
    turns = Turns()
    turns.give(100, codes=lambda _: {"a": code})
    had = turns.give(99)
    assert max(had.values()) - min(had.values()) <= 1


def test_leads_that_only_one_can_take_count_as_any_others():
    assert Turns().give(300, codes=lambda n: SILENT if n % 3 == 0 else {}) == {"a": 100, "b": 100, "c": 100}


def test_a_long_run_in_one_language_is_not_made_up_for_by_a_flood():
    turns = Turns()
    assert turns.give(100, codes=lambda _: SILENT) == {"c": 100}
    had = turns.give(30)
    assert had["c"] >= 30 / 3 - 3


def test_a_few_leads_given_by_hand_are_made_up_for_and_many_are_no_flood():
    turns = Turns()
    turns.give(3)
    for _ in range(2):
        turns.ledger = with_turn_by_hand(ALL.pool("p"), turns.ledger, "a", "abc")
    assert turns.give(4) == {"b": 2, "c": 2}
    for _ in range(50):
        turns.ledger = with_turn_by_hand(ALL.pool("p"), turns.ledger, "a", "abc")
    assert turns.give(30)["a"] >= 30 / 3 - 3
    assert turns.ledger.seq == 3 + 2 + 4 + 50 + 30


def test_a_turn_given_back_comes_again_and_many_are_no_flood():
    turns = Turns()
    turns.give(90)
    turns.ledger = with_turns_moved(ALL.pool("p"), turns.ledger, "c", -1)
    assert turns.give(2) == {"c": 1, "a": 1}
    for _ in range(20):
        turns.ledger = with_turns_moved(ALL.pool("p"), turns.ledger, "c", -1)
    assert turns.ledger.entries["c"].given == 10
    assert turns.give(30)["c"] <= 30 / 3 + 3


def test_a_turn_that_was_given_back_and_is_counted_again_leaves_the_ledger_as_it_was():
    turns = Turns()
    turns.give(7)
    before = turns.ledger.entries
    back = with_turns_moved(ALL.pool("p"), turns.ledger, "a", -1)
    assert with_turns_moved(ALL.pool("p"), back, "a", 1).entries == before


def test_the_evidence_has_every_seat_before_and_after():
    people = roster(a=1, b=1, c=2)
    known = Ledger(pool="p", seq=7, entries={p: LedgerEntry(given=2, short=s) for p, s in (("a", 0.5), ("b", -0.5))})
    why = rotate(people.pool("p"), known, people, START, frozenset(), lambda p: BUSY if p == "b" else ()).why
    assert why["ledger"] == {
        "seq": [7, 8],
        "seats": {"a": [2, 0.5, 3, -0.166667], "b": [2, -0.5], "c": [0, 0.0, 0, 0.666667]},
    }
    assert why["candidates"] == [
        {"person": "a", "weight": 1.0, "short": 0.833333},
        {"person": "b", "weight": 1.0, "code": "off_hours", "also": ["language"]},
        {"person": "c", "weight": 2.0, "short": 0.666667},
    ]
