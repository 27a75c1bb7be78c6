"""Rotation is fair: nobody strays far from their weighted share, whoever is away when."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from routing.assignment import rotate
from routing.model import Ledger
from routing.roster import Roster
from schemas.roster import Absence, Member, Pool, RosterFile, Seat
from tests.setups import START

PEOPLE = ("a", "b", "c", "d")


def roster(weights, away=()):
    members = tuple(Member(id=p, roles=("sales",), absences=away.get(p, ()) if away else ()) for p in PEOPLE)
    seats = tuple(Seat(person=p, weight=w) for p, w in zip(PEOPLE, weights, strict=True))
    return Roster(RosterFile(version=1, people=members, pools=(Pool(name="p", seats=seats),)))


weights = st.lists(st.sampled_from([0.5, 1.0, 2.0, 3.0]), min_size=4, max_size=4)


@settings(max_examples=100, deadline=None)
@given(weights, st.integers(1, 200))
def test_everybody_is_within_one_lead_of_their_weighted_share(given_weights, count):
    people, ledger = roster(given_weights), Ledger(pool="p")
    for _ in range(count):
        ledger = rotate(people.pool("p"), ledger, people, START, frozenset()).ledger
    for person, weight in zip(PEOPLE, given_weights, strict=True):
        assert abs(ledger.entries[person].given - count * weight / sum(given_weights)) < 2


@settings(max_examples=100, deadline=None)
@given(weights, st.integers(1, 60), st.integers(1, 60))
def test_who_comes_back_is_not_flooded(given_weights, gone, back):
    until = START + timedelta(days=1)
    away = {"a": (Absence.model_validate({"from": START, "to": until}),)}
    people, ledger = roster(given_weights, away), Ledger(pool="p")
    for _ in range(gone):
        ledger = rotate(people.pool("p"), ledger, people, START, frozenset()).ledger
    assert ledger.entries["a"].given == 0
    for _ in range(back):
        ledger = rotate(people.pool("p"), ledger, people, until, frozenset()).ledger
    assert abs(ledger.entries["a"].given - back * given_weights[0] / sum(given_weights)) < 3
