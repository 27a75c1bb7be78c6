"""What keeps somebody, or a rule, from a lead: each code with its words. All that explains a choice takes them from here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from schemas.json_values import JsonObject

Code = Literal[
    "full", "team_full", "off_hours", "turn", "language", "absent", "paused", "had_it", "role", "inactive", "unknown"
]


class Hindrance(NamedTuple):
    """`reason` is why a person was passed over, `otherwise` what would have had to be; `weight` is how much that is."""

    reason: str
    otherwise: str
    weight: int


HINDRANCES: dict[Code, Hindrance] = {
    "full": Hindrance("at their capacity", "had {person} had room for one more", 1),
    "team_full": Hindrance("their team was at its capacity", "had the team of {person} had room for one more", 1),
    "off_hours": Hindrance("outside their working hours then", "had {person} been at work then", 1),
    "turn": Hindrance("not their turn among all who work that day", "had it been the turn of {person}", 1),
    "language": Hindrance("does not speak the lead's language", "had {person} spoken the lead's language", 1),
    "absent": Hindrance("away then", "had {person} not been away", 2),
    "paused": Hindrance("the pool was paused", "had the pool not been paused", 2),
    "had_it": Hindrance("had their chance in this hand-over", "had {person} not had their chance in this hand-over", 3),
    "role": Hindrance("has no role for this work", "had {person} had a role for this work", 3),
    "inactive": Hindrance("no longer here", "had {person} still been here", 3),
    "unknown": Hindrance("not in the roster", "had {person} been in the roster", 3),
}
"""Of equal weight the first is said first."""
OwnRule = Literal[
    "manual",
    "hunter",
    "host",
    "present_owner",
    "former_owner",
    "account_in_dialogue",
    "customer_account",
    "seller",
    "successor",
    "second_offer",
    "answered_in_time",
    "fallback",
]
"""What chooses an owner beside the agreement's rules, by the name that evidence has of it."""


class Choice(NamedTuple):
    """`because` is why somebody was chosen without the rules, `otherwise` what would have let the rules decide; None where it is
    what is left after them."""

    because: str
    otherwise: str | None


OWN_RULES: dict[OwnRule, Choice] = {
    "manual": Choice("by hand", "had nobody named {person} by hand, with {signal}"),
    "hunter": Choice("they found the lead themselves", "had {person} not found the lead themselves"),
    "host": Choice("the lead booked a meeting with them", "had the lead not booked a meeting with {person}"),
    "present_owner": Choice("they have it already", "had {person} not had it already"),
    "former_owner": Choice("they had it before", "had {person} not had it before"),
    "account_in_dialogue": Choice(
        "they are in dialogue with this company already", "had {person} not been in dialogue with this company"
    ),
    "customer_account": Choice(
        "they keep this company, which is a customer", "had {person} not kept this company as a customer"
    ),
    "seller": Choice(
        "they sold to the customer, and the agreement lets the seller keep it",
        "had the agreement not let the seller keep the customer",
    ),
    "successor": Choice("they are the successor of who had it", "had {of} named no successor in the roster"),
    "second_offer": Choice(
        "the agreed second offer after a rejection",
        "had the agreement's second offer for this reason been for the next in turn",
    ),
    "answered_in_time": Choice(
        "they had accepted it before their offer ended, which came out later",
        "had {person} not accepted it before their offer ended",
    ),
    "fallback": Choice("the person of last resort", None),
}
_BY_RULE: Mapping[str, Choice] = {str(rule): choice for rule, choice in OWN_RULES.items()}
RULES_PASSED = {
    "unknown": "a fact that it asks for was unknown",
    "not_met": "its condition did not hold",
    "nobody": "nobody of its pool could take it",
    "kept": "it is the turn of somebody who comes to work later that day",
    "matched": "who has it so could not take it",
}
"""Why a rule did not decide."""
_BY_CODE: Mapping[str, Hindrance] = {str(code): hindrance for code, hindrance in HINDRANCES.items()}
_PLACES = {code: place for place, code in enumerate(_BY_CODE, start=1)}
LAST = len(_PLACES) + 1


def reason_of(code: str) -> str:
    """A code that a later version wrote is said as it is."""
    hindrance = _BY_CODE.get(code)
    return hindrance.reason if hindrance is not None else code.replace("_", " ")


def own_rule(rule: str) -> Choice | None:
    """The words of what chose without the rules; None for a rule of the agreement."""
    return _BY_RULE.get(rule)


def codes_of(candidate: Mapping[str, Any]) -> tuple[str, ...]:
    """All that was in somebody's way, by the evidence of them; none for one who could have taken it."""
    code = candidate.get("code")
    return () if code is None else (code, *candidate.get("also", ()))


def evidence_of(codes: Sequence[Code]) -> JsonObject:
    """As evidence keeps what was in somebody's way: the first as `code`, further ones as `also`."""
    code, *also = codes
    return {"code": code, "also": also} if also else {"code": code}


def reasons_of(candidate: Mapping[str, Any]) -> str:
    return "; ".join(reason_of(code) for code in codes_of(candidate))


def otherwise(candidate: Mapping[str, Any]) -> tuple[int, int, str]:
    """(weight, place, words) of all that would have had to be for somebody who was passed over."""
    person, codes = candidate["person"], codes_of(candidate)
    unknown = Hindrance("", "had {person} not been passed over", 3)
    hindrances = [_BY_CODE.get(code, unknown) for code in codes]
    words = ", and ".join(hindrance.otherwise.format(person=person) for hindrance in hindrances)
    return sum(hindrance.weight for hindrance in hindrances), min(_PLACES.get(code, LAST) for code in codes), words
