"""The smallest change that would have chosen another owner, found in the evidence that the decision left.

Of all that could have been otherwise the least is said: each lead less in the ledger weighs one (where somebody had not so
many, each lead more for who was chosen; among equals, another order of the seats), and so does a place of capacity, other
hours, another language, one condition; an absence two, what somebody already was or had three (`routing.people.hindrances`). Where no one thing would have done, it is what was in somebody's way and such leads together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from routing.assignment.rotation import TIE, are_equal, shortest, turn
from routing.people.hindrances import LAST, codes_of, otherwise, own_rule
from schemas.json_values import JsonObject

NEVER_BACK = frozenset({"had_it", "absent", "inactive", "unknown"})
"""Who is kept from a lead by one of these is not waited for, where it is for good."""
MOST = 100
"""A runner-up further behind than so many leads does not count."""


class Change(NamedTuple):
    """`weight` is how much would have to be otherwise; of equals the first `place` is said."""

    weight: int
    place: int
    text: str


def smallest_change(evidence: JsonObject, conditions: Mapping[str, str]) -> str:
    """`conditions` are the texts of the route's rules, where the agreement is at hand."""
    if changes := sorted(_changes(evidence, conditions), key=lambda change: change[:2]):
        return changes[0].text
    pool, seats = evidence.get("pool"), evidence.get("candidates", [])
    if len(seats) > 1:
        return f"nobody else of {pool} was within {MOST} leads of their turn"
    nobody = f"nobody else has a seat in {pool}" if seats else None
    if not evidence.get("tried"):
        nobody = f"{nobody}, and no rule was asked before" if nobody else "no rule was asked before"
        return f"{nobody}: only another {'seat' if seats else 'rule'} would have"
    return f"{nobody or 'nobody else could have had it by the rules'}: only other seats or rules would have"


def _changes(evidence: JsonObject, conditions: Mapping[str, str]) -> Iterator[Change]:
    rule, person, passed = evidence["rule"], evidence["person"], evidence.get("tried", [])
    for place, tried in enumerate(passed):
        yield from _of_rule(tried, person, conditions, passed[:place])
    if "overflow" in evidence:
        yield from _of_rule(evidence["overflow"], person, conditions, passed)
    own = own_rule(rule)
    if own is not None and own.otherwise is not None and not evidence.get("candidates"):
        words = {"of": "somebody", "signal": "a signal", **evidence}
        yield Change(1, 0, f"the rules would have decided, {own.otherwise.format_map(words)}")
    if evidence.get("candidates"):
        yield from _of_turn(_Seats(evidence))


def _of_rule(
    tried: JsonObject, chosen: str, conditions: Mapping[str, str], before: Sequence[JsonObject]
) -> Iterator[Change]:
    """What would have let a rule decide that was passed; `before` are those that were passed before it."""
    name, place = tried["rule"], LAST
    held = f"its condition held: {conditions[name]}" if name in conditions else "its condition held"
    if tried["code"] == "not_met":
        yield Change(1, place, f"rule `{name}` would have been asked first, had {held}")
    elif tried["code"] == "unknown":
        fact = f"`{tried['unknown']}`" if "unknown" in tried else "a fact that it asks for"
        yield Change(1, place, f"rule `{name}` would have been asked first, had {fact} been known and {held}")
    over = tried.get("overflow", {})
    candidates = [*tried.get("candidates", []), *over.get("candidates", []), *([over] if "code" in over else [])]
    for candidate in candidates:
        if candidate["person"] != chosen and not _would_wait(candidate, before):
            weight, order, had = otherwise(candidate)
            yield Change(weight, order, f"rule `{name}` would have decided, {had}")


def _would_wait(candidate: JsonObject, before: Sequence[JsonObject]) -> bool:
    """Whether the lead would wait by a rule before, were nothing in this person's way here: that rule waited for nobody, since nobody
    comes back, and now this person would, who still could not take it."""
    free = {*codes_of(candidate)}
    for rule in before:
        mine = next((c for c in rule.get("candidates", ()) if c["person"] == candidate["person"]), None)
        if mine is not None and "in_vain" in rule:
            left = {*codes_of(mine)} - free
            if left and not left & NEVER_BACK:
                return True
    return False


class _Seats:
    """The pool's turn as it was, to be taken again with one thing otherwise."""

    def __init__(self, evidence: JsonObject) -> None:
        self.candidates, self.chosen = evidence["candidates"], evidence["person"]
        self.passed: Sequence[JsonObject] = evidence.get("tried", ())
        self.weights = {c["person"]: c["weight"] for c in self.candidates}
        self.codes = {c["person"]: codes_of(c) for c in self.candidates}
        self.given = {person: figures[0] for person, figures in evidence["ledger"]["seats"].items()}
        self.shorts = {person: figures[1] for person, figures in evidence["ledger"]["seats"].items()}
        self.shares = {c["person"]: c["short"] for c in self.candidates if "short" in c}

    def chooses(self, person: str, fewer: int = 0, more: int = 0) -> bool:
        """Whether it would be theirs, were nothing in the way and had they had so many leads less, or who was chosen so many
        more."""
        shorts = self.shorts | {person: self.shorts[person] + fewer, self.chosen: self.shorts[self.chosen] - more}
        return turn(self.weights, shorts, self._without(person)).person == person

    def other_leads(self, person: str) -> tuple[int, str] | None:
        """How many leads otherwise would have made it theirs, in words too: less of theirs where they had so many, else more
        for who was chosen. None where it takes too many."""
        less = next((n for n in range(1, MOST) if self.chooses(person, fewer=n)), None)
        if less is not None and less <= self.given[person]:
            return less, f"with {_leads(less)} less so far"
        more = next((n for n in range(1, MOST) if self.chooses(person, more=n)), None)
        return None if more is None else (more, f"with {_leads(more)} more for {self.chosen} so far")

    def _without(self, person: str) -> dict[str, str | None]:
        """The codes, were nothing in this person's way. Room in a team is room for all of it, so far as is known."""
        room = "team_full" in self.codes[person]
        free = {p for p, codes in self.codes.items() if p == person or (room and codes == ("team_full",))}
        return {p: codes[0] if codes and p not in free else None for p, codes in self.codes.items()}


def _of_turn(seats: _Seats) -> Iterator[Change]:
    person = runner_up(seats.candidates, seats.chosen)
    passed = [c for c in seats.candidates if "code" in c and not _would_wait(c, seats.passed)]
    alone = [change for candidate in passed if (change := _without_hindrance(seats, candidate))]
    if person and (change := _of_runner_up(seats, person)):
        alone.append(change)
    yield from alone or (change for candidate in passed if (change := _with_other_leads(seats, candidate)))


def _of_runner_up(seats: _Seats, person: str) -> Change | None:
    if (leads := seats.other_leads(person)) is None:
        return None
    (count, had), equal = leads, ""
    if are_equal(seats.shares[person], seats.shares[seats.chosen]):
        equal = f"{seats.chosen} and {person} were equal, and {TIE}; "
        if not seats.given[person]:
            count, had = 1, f"had {person}'s seat stood first"
    return Change(count, 0, f"{equal}{had}, {person} would have been chosen")


def _without_hindrance(seats: _Seats, candidate: JsonObject) -> Change | None:
    weight, order, had = otherwise(candidate)
    return Change(weight, order, f"{had}, they would have been chosen") if seats.chooses(candidate["person"]) else None


def _with_other_leads(seats: _Seats, candidate: JsonObject) -> Change | None:
    weight, order, had = otherwise(candidate)
    if (leads := seats.other_leads(candidate["person"])) is None:
        return None
    count, less_or_more = leads
    return Change(weight + count, order, f"{had}, and {less_or_more}, they would have been chosen")


def _leads(count: int) -> str:
    return "1 lead" if count == 1 else f"{count} leads"


def runner_up(candidates: list[JsonObject], chosen: str) -> str | None:
    """Who was next by the same measure; of equals the one whose seat is first."""
    others = {c["person"]: c["short"] for c in candidates if "short" in c and c["person"] != chosen}
    return shortest(others, others) if others else None
