"""Who has a lead, and why them and not the others: the evidence of the choice, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from routing.people.hindrances import OwnRule
from schemas.explain import AssignmentExplanation, CandidateView, LeadExplanation, RuleView
from services.console.language.reader import Reader, person_name
from services.console.language.vocabulary import hindrance_text, plain
from services.console.language.words import mark

OWN_RULES: Mapping[OwnRule, str] = {
    "manual": mark("somebody gave it to them by hand"),
    "hunter": mark("they found the lead themselves"),
    "host": mark("the lead booked a meeting with them"),
    "present_owner": mark("they had it already"),
    "former_owner": mark("they had it before"),
    "account_in_dialogue": mark("they talk with this company already"),
    "customer_account": mark("they take care of this company, which is a customer"),
    "seller": mark("they sold to this customer"),
    "successor": mark("they step in for who had it"),
    "second_offer": mark("after the first answer it was the next one's turn, as agreed"),
    "answered_in_time": mark("they had accepted it in time, which came out later"),
    "fallback": mark("nobody else could take it, and they are the last resort"),
}
"""What chose somebody beside the agreed rules."""
_OWN: Mapping[str, str] = {str(rule): text for rule, text in OWN_RULES.items()}
OWN_RULE_NAMES: Mapping[OwnRule, str] = {
    "manual": mark("who was named by hand"),
    "hunter": mark("who found the lead"),
    "host": mark("who the lead booked a meeting with"),
    "present_owner": mark("who had it already"),
    "former_owner": mark("who had it before"),
    "account_in_dialogue": mark("who talks with this company"),
    "customer_account": mark("who takes care of this company"),
    "seller": mark("who sold to this customer"),
    "successor": mark("who steps in for who had it"),
    "second_offer": mark("the second offer"),
    "answered_in_time": mark("who had accepted it in time"),
    "fallback": mark("the last resort"),
}
"""The same as the name of a rule that was looked at, beside the agreed ones, which have names of their own."""
_OWN_NAMES: Mapping[str, str] = {str(rule): text for rule, text in OWN_RULE_NAMES.items()}
_PASSED: Mapping[str, str] = {
    "unknown": mark("not known whether it applies"),
    "not_met": mark("did not apply"),
    "nobody": mark("nobody of them could take it"),
    "kept": mark("it is kept for somebody who comes to work later that day"),
    "matched": mark("who has it could not take it"),
}


class Other(NamedTuple):
    """Somebody who was looked at and did not get it, and why."""

    name: str
    why: str


class OwnerView(NamedTuple):
    """`name` is None while nobody has it; then `because` says why, and `others` are those who could not take it. `rules` are the
    agreed rules that were looked at before the one that decided."""

    name: str | None
    since: str
    because: str = ""
    others: Sequence[Other] = ()
    rules: Sequence[Other] = ()


def owner_view(made: LeadExplanation, since: str, reader: Reader) -> OwnerView:
    """`since` is when the owner got it, in words."""
    if made.owner is None:
        waits = made.waits_for
        others = list(_candidates((*waits.candidates, *waits.overflow), reader)) if waits is not None else []
        return OwnerView(name=None, since=since, because=_why_nobody(made, reader), others=others)
    choice = made.assignment
    if choice is None:
        return OwnerView(name=person_name(made.owner), since=since)
    others = list(_candidates([c for c in choice.candidates if not c.chosen], reader))
    return OwnerView(
        name=person_name(made.owner),
        since=since,
        because=_because(choice, reader),
        others=others,
        rules=list(_rules(choice.path, reader)),
    )


def _because(choice: AssignmentExplanation, reader: Reader) -> str:
    if choice.rule in _OWN:
        return reader.say(_OWN[choice.rule])
    pool = plain(choice.pool or "")
    chosen = next((c for c in choice.candidates if c.chosen), None)
    if chosen is None or len(choice.candidates) == 1:
        return reader.say("they take the leads of %(pool)s", pool=pool)
    if chosen.had:
        return reader.plural(
            "it was their turn in %(pool)s: they had been given %(n)s lead, the fewest for their share",
            "it was their turn in %(pool)s: they had been given %(n)s leads, the fewest for their share",
            chosen.had,
            pool=pool,
        )
    return reader.say("it was their turn in %(pool)s: they had been given none yet", pool=pool)


def _candidates(candidates: Sequence[CandidateView], reader: Reader) -> Iterator[Other]:
    for candidate in candidates:
        if candidate.code is not None:
            why = hindrance_text((candidate.code, *candidate.also), reader)
        elif candidate.had == 0:
            why = reader.say("had been given none either: later in turn")
        elif candidate.had is not None:
            why = reader.plural(
                "had been given %(n)s lead: later in turn", "had been given %(n)s leads: later in turn", candidate.had
            )
        else:
            why = reader.say("later in turn")
        yield Other(person_name(candidate.person), why)


def _rules(path: Sequence[RuleView], reader: Reader) -> Iterator[Other]:
    for rule in path:
        name = reader.say(_OWN_NAMES[rule.rule]) if rule.rule in _OWN_NAMES else plain(rule.rule)
        yield Other(name, reader.say(_PASSED[rule.code]) if rule.code in _PASSED else plain(rule.code))


def _why_nobody(made: LeadExplanation, reader: Reader) -> str:
    if made.limbo is not None:
        return reader.say("Nobody has it, which should not happen")
    if made.waits_for is not None:
        return reader.say("It waits for somebody who can take it")
    if made.unowned_reason == "waiting: the dossier":
        return reader.say("It is offered to nobody before the dossier is complete")
    if made.stage.stage == "nurturing":
        return reader.say("Marketing keeps in touch with it, and nobody by name")
    return reader.say("marketing works with everybody at this stage, and nobody by name")
