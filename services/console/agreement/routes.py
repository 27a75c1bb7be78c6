"""Who gets a lead, as sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from schemas.agreement import AgreementFile, GrowthRoute, Overflow, Route, Rule
from services.console.agreement.conditions import condition_text, is_always
from services.console.agreement.items import Item
from services.console.language.reader import Reader, person_name
from services.console.language.targets import length_text
from services.console.language.vocabulary import plain
from services.console.language.words import mark

_ROUTES: Mapping[str, str] = {
    "qualification": mark("Who judges"),
    "hand_over": mark("Who takes over"),
    "growth": mark("Who keeps a customer"),
}


def route_items(file: AgreementFile, reader: Reader) -> Iterator[Item]:
    """One for each route: its rules in their order, then who it comes to in the end."""
    before = reader.say(
        "Before them: who found a lead keeps it, and a company that sales talks with keeps its salesperson."
    )
    for name, route in file.routing:
        lines = [before] if name == "hand_over" else []
        if isinstance(route, GrowthRoute) and route.keeps == "owner":
            lines.append(reader.say("Whoever sold to them keeps them; the rules are for a seller who left."))
        lines += list(_rule_lines(route, reader))
        yield Item(name, reader.say(_ROUTES[name]), lines)


def _rule_lines(route: Route, reader: Reader) -> Iterator[str]:
    for number, rule in enumerate(route.rules, 1):
        yield f"{number}. {_rule_text(rule, reader)}"
    yield reader.say("Where nobody of these can: %(person)s.", person=person_name(route.fallback))


def _rule_text(rule: Rule, reader: Reader) -> str:
    pool = plain(rule.pool)
    if is_always(rule.when):
        text = reader.say("Everybody goes to %(pool)s, in fair turns.", pool=pool)
    else:
        condition = condition_text(rule.when, reader)
        text = reader.say("When %(condition)s, they go to %(pool)s, in fair turns.", condition=condition, pool=pool)
    parts = [f"{plain(rule.name)}: {text}"]
    if rule.match_language:
        parts.append(reader.say("Only who speaks their language is asked."))
    if rule.overflow is not None:
        parts.append(_overflow_text(rule.overflow, reader))
    return " ".join(parts)


def _overflow_text(overflow: Overflow, reader: Reader) -> str:
    if overflow.pool is not None:
        return reader.say("Where nobody there can, they go to %(pool)s.", pool=plain(overflow.pool))
    if overflow.person is not None:
        return reader.say("Where nobody there can, they go to %(person)s.", person=person_name(overflow.person))
    length = length_text(overflow.hold, reader) if overflow.hold is not None else ""
    text = reader.say("Where nobody there can, they wait for %(length)s at most.", length=length)
    if overflow.shared_over is not None:
        text += " " + reader.say("What waited is shared among all who work that day.")
    return text
