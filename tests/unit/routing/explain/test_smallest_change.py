"""The smallest change that would have chosen another: it is true, and of all that would do the least is said."""

import pytest

from routing.assignment.rotation import rotate
from routing.explain.smallest_change import runner_up, smallest_change
from routing.model.records import Ledger, LedgerEntry
from routing.people.roster import Roster
from schemas.roster import Member, Pool, RosterFile, Seat
from tests.setups import START
from tests.stories import DONE, HOUR, Kept, rules

PEOPLE = ("elin", "johan", "karin")


def chosen(shorts, codes=None, weights=(1, 1, 1), given=50):
    """The evidence of a turn in a pool of three, of whom each was given so many; `codes` is all that is in a person's way,
    as words."""
    members = tuple(Member(id=p, roles=("sales",)) for p in PEOPLE)
    seats = tuple(Seat(person=p, weight=w) for p, w in zip(PEOPLE, weights, strict=True))
    roster = Roster(RosterFile(version=1, people=members, pools=(Pool(name="field", seats=seats),)))
    entries = {p: LedgerEntry(given=given, short=s) for p, s in zip(PEOPLE, shorts, strict=True)}
    ledger = Ledger(pool="field", seq=150, entries=entries)
    found = rotate(
        roster.pool("field"), ledger, roster, START, frozenset(), lambda p: tuple((codes or {}).get(p, "").split())
    )
    return {"person": found.person, "route": "hand_over", "rule": "everybody", "tried": [], **found.why}


def test_a_runner_up_needs_as_many_leads_less_as_the_rotation_itself_asks_for():
    shorts, weights = (0.9, -1.3, -2.0), (1, 0.5, 2)
    made = chosen(shorts, weights=weights)
    assert (made["person"], runner_up(made["candidates"], "elin")) == ("elin", "johan")
    fewer = int(smallest_change(made, {}).removeprefix("with ").split()[0])
    assert fewer > 1
    for less, expected in ((fewer, "johan"), (fewer - 1, "elin")):
        assert chosen((shorts[0], shorts[1] + less, shorts[2]), weights=weights)["person"] == expected


def test_equals_are_named_and_the_first_seat_won():
    assert smallest_change(chosen((0, 0, -1)), {}) == (
        "elin and johan were equal, and the first seat of the pool wins; "
        "with 1 lead less so far, johan would have been chosen"
    )


def test_nobody_is_said_to_have_had_a_lead_less_than_none():
    assert smallest_change(chosen((0, 0, -1), given=0), {}) == (
        "elin and johan were equal, and the first seat of the pool wins; "
        "had johan's seat stood first, johan would have been chosen"
    )
    made = chosen((1.5, 0.3, 0), given=1)
    assert smallest_change(made, {}) == "with 2 leads more for elin so far, johan would have been chosen"
    assert chosen((1.5 - 2, 0.3, 0))["person"] == "johan" and chosen((1.5 - 1, 0.3, 0))["person"] == "elin"
    away = chosen((2, -9, -9), {"johan": "absent off_hours", "karin": "off_hours"}, given=0)
    assert (
        smallest_change(away, {})
        == "had karin been at work then, and with 12 leads more for elin so far, they would have been chosen"
    )


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("off_hours", "had karin been at work then, they would have been chosen"),
        ("full", "had karin had room for one more, they would have been chosen"),
        ("team_full", "had the team of karin had room for one more, they would have been chosen"),
        (
            "off_hours language",
            "had karin been at work then, and had karin spoken the lead's language, they would have been chosen",
        ),
        ("language", "had karin spoken the lead's language, they would have been chosen"),
    ],
)
def test_one_hindrance_is_less_than_many_leads(code, said):
    assert smallest_change(chosen((0.9, -3, 1.5), {"karin": code}), {}) == said


def test_one_lead_less_is_said_before_a_hindrance_and_two_before_an_absence():
    assert "with 1 lead less so far, johan" in smallest_change(chosen((0.4, 0.3, 1), {"karin": "full"}), {})
    assert "with 2 leads less so far, johan" in smallest_change(chosen((1, -0.3, 2), {"karin": "absent"}), {})
    assert smallest_change(chosen((2, -0.9, 3), {"karin": "absent"}), {}).startswith("had karin not been away")


def test_who_would_not_have_been_chosen_anyway_is_not_named():
    assert "with 3 leads less so far, johan" in smallest_change(chosen((2, -0.9, 1), {"karin": "off_hours"}), {})


def test_conditions_and_unknown_facts_compete_with_the_ledger():
    passed = [{"rule": "large", "code": "unknown", "unknown": "company.employees"}]
    made = chosen((2, -2, -2)) | {"tried": passed}
    assert smallest_change(made, {"large": "company.employees > 50"}) == (
        "rule `large` would have been asked first, had `company.employees` been known "
        "and its condition held: company.employees > 50"
    )
    assert "with 1 lead less" in smallest_change(chosen((0, 0, -1)) | {"tried": passed}, {})


def test_where_nobody_else_has_a_seat_and_no_rule_came_before_that_is_said():
    alone = {"person": "elin", "weight": 1.0, "short": 1.0}
    ledger = {"seq": [0, 1], "seats": {"elin": [0, 0.0, 1, 0.0]}}
    made = {"person": "elin", "rule": "r", "pool": "field", "tried": [], "candidates": [alone], "ledger": ledger}
    assert smallest_change(made, {}).startswith("nobody else has a seat in field")
    assert smallest_change({"person": "maja", "rule": "fallback", "tried": []}, {}).startswith("no rule was asked")


def test_where_seats_are_passed_over_it_is_never_said_that_nobody_else_has_one():
    away = chosen((2, -9, -9), {"johan": "absent off_hours", "karin": "off_hours"})
    assert (
        smallest_change(away, {})
        == "had karin been at work then, and with 12 leads less so far, they would have been chosen"
    )
    far = chosen((2, -900, -900), {"johan": "absent", "karin": "off_hours"})
    assert smallest_change(far, {}) == "nobody else of field was within 100 leads of their turn"


def test_room_in_a_team_is_room_for_all_of_it():
    both = {"johan": "team_full", "karin": "team_full"}
    assert smallest_change(chosen((0.9, 3, 4), both), {}).startswith("had the team of karin had room")


def test_a_rule_that_was_asked_before_is_not_said_to_be_none():
    mine = [{"rule": "former_owner", "code": "matched", "candidates": [{"person": "maja", "code": "absent"}]}]
    made = {"person": "maja", "rule": "fallback", "tried": mine}
    assert (
        smallest_change(made, {}) == "nobody else could have had it by the rules: only other seats or rules would have"
    )


def last(told):
    return told.assigned()[-1]


def test_an_owner_by_hand_says_what_would_have_let_the_rules_decide():
    told = Kept(rules()).offered()
    other = DONE.but(owner_id="karin")
    made = last(told.tell("sales.owner_changed", HOUR, sales=other))
    assert made.rule == "manual" and made.ledger is not None
    assert made.smallest_change == "the rules would have decided, had nobody named karin by hand, with sig_2"


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("hunter", "had elin not found the lead themselves"),
        ("account_in_dialogue", "had elin not been in dialogue with this company"),
        ("successor", "had johan named no successor in the roster"),
        ("second_offer", "had the agreement's second offer for this reason been for the next in turn"),
    ],
)
def test_who_came_before_the_rules_says_what_would_have_let_them_decide(rule, said):
    assert (
        smallest_change({"person": "elin", "rule": rule, "of": "johan"}, {}) == f"the rules would have decided, {said}"
    )


def test_an_overflow_names_what_kept_the_rules_own_pool_from_it():
    nobody = {"rule": "r", "code": "nobody", "candidates": [{"person": "johan", "weight": 1.0, "code": "off_hours"}]}
    made = {"person": "maja", "rule": "r", "tried": [], "overflow": nobody}
    assert smallest_change(made, {}) == "rule `r` would have decided, had johan been at work then"
    itself = nobody | {"candidates": [{"person": "maja", "weight": 1.0, "code": "off_hours"}]}
    assert "rule `r`" not in smallest_change(made | {"overflow": itself}, {}), "it would have been the same person"
