"""Rotation is fair: nobody strays far from their weighted share, whoever is away when.

The bound is asked of a reckoning of its own: what was due by weight to those who could take each lead, and who got it.
"""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from routing.assignment.rotation import rotate, with_turn_by_hand, with_turns_moved
from routing.model.records import Ledger
from routing.people.roster import Roster
from schemas.roster import Absence, Member, Pool, RosterFile, Seat
from tests.setups import START

PEOPLE = ("a", "b", "c", "d", "e")
ROUNDING = 0.001


def roster(weights, away=frozenset()):
    """`weights` of those who have a seat, by person."""
    absence = (Absence.model_validate({"from": START, "to": START + timedelta(days=1)}),)
    members = tuple(Member(id=p, roles=("sales",), absences=absence if p in away else ()) for p in PEOPLE)
    seats = tuple(Seat(person=p, weight=w) for p, w in weights.items())
    return Roster(RosterFile(version=1, people=members, pools=(Pool(name="p", seats=seats),)))


class Told:
    """Leads given in a pool that changes all the time, and how short of their share everybody is by our own count."""

    def __init__(self, weights):
        self.weights, self.away, self.full, self.silent = dict(weights), set(), set(), set()
        self.ledger, self.seated, self.most = Ledger(pool="p"), set(), 0
        self.due, self.had = dict.fromkeys(PEOPLE, 0.0), dict.fromkeys(PEOPLE, 0)

    def average(self):
        return sum(self.short(p) for p in self.weights) / len(self.weights)

    def short(self, person):
        return self.due[person] - self.had[person]

    def sit(self):
        """Who has a seat since the last turn begins at the others' average."""
        known = [self.short(p) for p in self.weights if p in self.seated]
        for person in self.weights.keys() - self.seated:
            self.due[person] = self.had[person] + (sum(known) / len(known) if known else 0.0)
        self.seated, self.most = set(self.weights), max(self.most, len(self.weights))

    def weigh(self, person, weight):
        """Another weight, or a seat for who has none."""
        self.weights[person] = weight

    def leave(self, person):
        if len(self.weights) > 1:
            self.weights.pop(person, None)

    def lead(self, language=False):
        """One lead; who is `silent` does not speak its language."""
        people = roster(self.weights, self.away)
        codes = {p: "language" for p in self.silent if language} | dict.fromkeys(self.full, "full")
        found = rotate(
            people.pool("p"), self.ledger, people, START, frozenset(), lambda p: tuple(codes.get(p, "").split())
        )
        here = [p for p in self.weights if p not in self.away and p not in codes]
        assert (found.person in here) if here else (found.person is None and found.ledger == self.ledger)
        if here:
            self.sit()
            others = [p for p in self.weights if p not in self.away and codes.get(p) == "language"]
            self._share(here, others)
            self._give(found.person, found.ledger)

    def by_hand(self, person):
        if person in self.weights:
            self.sit()
            at_work = self.weights.keys() - self.away
            self._share([person], [p for p in at_work if p != person])
            self._give(person, with_turn_by_hand(roster(self.weights).pool("p"), self.ledger, person, at_work))

    def given_back(self, person, turns):
        """A merge gives a turn back, its end takes it anew: it is made up for unless that led too far."""
        if person in self.weights and self.had[person] + turns >= 0:
            self.sit()
            shorts = [self.short(p) for p in self.weights]
            far = self.short(person) - min(shorts) if turns < 0 else max(shorts) - self.short(person)
            self.had[person] += turns
            self.due[person] += turns if far > 2 + 1e-6 else 0
            self._follow(with_turns_moved(roster(self.weights).pool("p"), self.ledger, person, turns))

    def _share(self, here, others):
        """Leads that went by for their language are made up for while nobody is more than two behind."""
        behind = max((self.short(p) for p in others), default=0) - max(self.short(p) for p in here)
        sharing = [*here, *(others if behind <= 2 + 1e-6 else ())]
        for person in sharing:
            self.due[person] += self.weights[person] / sum(self.weights[p] for p in sharing)

    def _give(self, person, ledger):
        self.had[person] += 1
        self._follow(ledger)

    def _follow(self, ledger):
        assert ledger.seq == self.ledger.seq + 1
        self.ledger = ledger
        off = self.average()
        for person in self.weights:
            assert abs(self.short(person) - off) <= 2 * (self.most - 1) + ROUNDING, "the stated bound"
            entry = ledger.entries[person]
            assert abs(entry.short - self.short(person)) < ROUNDING, "the ledger reckons as we do"


weight = st.sampled_from([0.5, 1.0, 2.0, 3.0, 50.0])
person = st.sampled_from(PEOPLE)
some = st.sets(person)
happening = st.one_of(
    st.tuples(st.just("lead"), st.integers(1, 12), st.booleans()),
    st.tuples(st.just("weigh"), person, weight),
    st.tuples(st.just("leave"), person),
    st.tuples(st.sampled_from(["away", "full", "silent"]), some),
    st.tuples(st.just("by_hand"), person, st.integers(1, 6)),
    st.tuples(st.just("given_back"), person, st.sampled_from([-1, 1])),
)


def happens(told, what, *given_with):
    match what, given_with:
        case "lead", (count, language):
            for _ in range(count):
                told.lead(language)
        case "by_hand", (who, count):
            for _ in range(count):
                told.by_hand(who)
        case (("away" | "full" | "silent"), (people,)):
            setattr(told, what, set(people))
        case _:
            getattr(told, what)(*given_with)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(person, weight, min_size=1), st.lists(happening, max_size=40))
def test_nobody_is_further_from_the_average_than_twice_the_other_seats_whatever_happens(weights, story):
    told = Told(weights)
    for happened in story:
        happens(told, *happened)


@settings(max_examples=100, deadline=None)
@given(st.lists(weight, min_size=1, max_size=5), st.lists(st.one_of(st.just(0), st.integers(1, 4)), max_size=150))
def test_where_everybody_can_take_every_lead_nobody_is_a_whole_lead_ahead_nor_much_behind(weights, story):
    """A number in the story changes the first weight to as much; nought is a lead."""
    told = Told(dict(zip(PEOPLE, weights, strict=False)))
    most = sum(1 / n for n in range(2, len(weights) + 1))
    for number in story:
        if number:
            told.weights["a"] = float(number)
            continue
        told.lead()
        assert all(-1 < told.short(p) <= most + ROUNDING for p in told.weights)


@settings(max_examples=100, deadline=None)
@given(st.lists(weight, min_size=5, max_size=5), st.integers(1, 60), st.integers(1, 60))
def test_who_comes_back_gets_their_share_from_then_on(weights, gone, back):
    told = Told(dict(zip(PEOPLE, weights, strict=True)))
    told.away = {"a"}
    for _ in range(gone):
        told.lead()
    assert told.had["a"] == 0
    told.away = set()
    for _ in range(back):
        told.lead()
    assert abs(told.had["a"] - back * weights[0] / sum(weights)) < 3
