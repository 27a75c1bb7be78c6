"""The smallest change that would have chosen another owner, found in the evidence that the decision left.

Of all that could have been otherwise the least is said: each lead less in the ledger weighs one, and so does a place of
capacity, other hours, another language, one condition; an absence two, what somebody already was or had three.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from routing.rotation import turn

MOST = 100
"""A runner-up further behind than so many leads is not reckoned with."""
_HAD = {
    "full": (1, "had {person} had room for one more"),
    "team_full": (1, "had the team of {person} had room for one more"),
    "off_hours": (1, "had {person} been at work then"),
    "language": (1, "had {person} spoken the lead's language"),
    "absent": (2, "had {person} not been away"),
    "paused": (2, "had the pool not been paused"),
    "had_it": (3, "had {person} not had their chance in this hand-over"),
    "role": (3, "had {person} had a role for this work"),
    "inactive": (3, "had {person} still been here"),
    "unknown": (3, "had {person} been in the roster"),
}
"""What one who was passed over lacked: how much it weighs, of equals the first, and in words."""
_OTHER = (3, "had {person} not been passed over")
_ORDER = {code: place for place, code in enumerate(_HAD, start=1)}
_BEFORE_RULES = {
    "hunter": "had {person} not found the lead themselves",
    "present_owner": "had {person} not had it already",
    "former_owner": "had {person} not had it before",
    "account_in_dialogue": "had {person} not been in dialogue with this company",
    "customer_account": "had {person} not kept this company as a customer",
    "successor": "had {of} named no successor in the roster",
    "manual": "had nobody named {person} by hand, with {signal}",
    "second_offer": "had the agreement's second offer for this reason been for the next in turn",
}
"""What chose an owner in place of the rules, in words of what would have let them decide."""


class Change(NamedTuple):
    """`weight` is how much would have to be otherwise; of equals the first `place` is said."""

    weight: int
    place: int
    text: str


def smallest_change(evidence: dict[str, Any], conditions: Mapping[str, str]) -> str:
    """`conditions` are the texts of the route's rules, where the agreement is at hand."""
    if found := sorted(_changes(evidence, conditions), key=lambda change: change[:2]):
        return found[0].text
    if evidence.get("pool"):
        return (
            f"nobody else has a seat in {evidence['pool']}, and no rule was asked before: only another seat would have"
        )
    return "no rule was asked before: only a rule that fits would have"


def _changes(evidence: dict[str, Any], conditions: Mapping[str, str]) -> Iterator[Change]:
    rule, person = evidence["rule"], evidence["person"]
    for tried in evidence.get("tried", []):
        yield from _of_rule(tried, person, conditions)
    if "overflow" in evidence:
        yield from _of_rule(evidence["overflow"], person, conditions)
    if rule in _BEFORE_RULES and not evidence.get("candidates"):
        said = {"of": "somebody", "signal": "a signal", **evidence}
        yield Change(1, 0, f"the rules would have decided, {_BEFORE_RULES[rule].format_map(said)}")
    if evidence.get("candidates"):
        yield from _of_turn(_Seats(evidence))


def _of_rule(tried: dict[str, Any], chosen: str, conditions: Mapping[str, str]) -> Iterator[Change]:
    """What would have let a rule decide that was passed."""
    name, place = tried["rule"], len(_ORDER) + 1
    held = f"its condition held: {conditions[name]}" if name in conditions else "its condition held"
    if tried["code"] == "not_met":
        yield Change(1, place, f"rule `{name}` would have been asked first, had {held}")
    elif tried["code"] == "unknown":
        fact = f"`{tried['unknown']}`" if "unknown" in tried else "a fact that it asks for"
        yield Change(1, place, f"rule `{name}` would have been asked first, had {fact} been known and {held}")
    over = tried.get("overflow", {})
    for candidate in (*tried.get("candidates", []), *over.get("candidates", [])):
        if candidate["person"] != chosen:
            weight, had = _had(candidate)
            yield Change(weight, _ORDER.get(candidate["code"], place), f"rule `{name}` would have decided, {had}")


class _Seats:
    """The pool's turn as it was, to be taken again with one thing otherwise."""

    def __init__(self, evidence: dict[str, Any]) -> None:
        self.candidates, self.chosen = evidence["candidates"], evidence["person"]
        self.weights = {c["person"]: c["weight"] for c in self.candidates}
        self.codes = {c["person"]: c.get("code") for c in self.candidates}
        self.shorts = {person: figures[1] for person, figures in evidence["ledger"]["seats"].items()}
        self.found = {c["person"]: c["short"] for c in self.candidates if "short" in c}

    def chooses(self, person: str, fewer: int = 0) -> bool:
        """Whether it would be theirs, were nothing in the way and had they had so many leads less."""
        shorts = self.shorts | {person: self.shorts[person] + fewer}
        return turn(self.weights, shorts, self.codes | {person: None}).person == person


def _of_turn(seats: _Seats) -> Iterator[Change]:
    for candidate in seats.candidates:
        person = candidate["person"]
        if "code" in candidate and seats.chooses(person):
            weight, had = _had(candidate)
            yield Change(weight, _ORDER.get(candidate["code"], len(_ORDER)), f"{had}, they would have been chosen")
    person = runner_up(seats.candidates, seats.chosen)
    fewer = next((n for n in range(1, MOST) if seats.chooses(person, n)), None) if person else None
    if person and fewer:
        leads = "1 lead less" if fewer == 1 else f"{fewer} leads less"
        tie = seats.found[person] == seats.found[seats.chosen]
        equal = f"{seats.chosen} and {person} were equal, and the first seat of the pool wins; " if tie else ""
        yield Change(fewer, 0, f"{equal}with {leads} so far, {person} would have been chosen")


def runner_up(candidates: list[dict[str, Any]], chosen: str) -> str | None:
    """Who was next by the same measure; of equals the one whose seat is first."""
    others = [c for c in candidates if "short" in c and c["person"] != chosen]
    return max(others, key=lambda c: c["short"])["person"] if others else None


def _had(candidate: dict[str, Any]) -> tuple[int, str]:
    """What all of somebody's hindrances weigh, and in words."""
    found = [_HAD.get(code, _OTHER) for code in (candidate["code"], *candidate.get("also", ()))]
    return sum(weight for weight, _ in found), ", and ".join(text.format_map(candidate) for _, text in found)
