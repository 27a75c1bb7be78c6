"""Whether what a rule writes is of the type that a field there has, by the words that vendors use for types. Pure.

Judged is only what is sure to be refused, or to be read as something else: a text takes anything, and an answer of a form may be anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from schemas.sinks import FieldRule

Shape = Literal["text", "number", "flag", "instant", "day"]
_NUMBERS = "number double int integer float decimal numeric currency currencyint currencyconverted percent monetary money bigint"
SHAPES: Mapping[str, Shape] = {
    **dict.fromkeys(_NUMBERS.split(), "number"),
    **dict.fromkeys(("boolean", "bool", "checkbox"), "flag"),
    **dict.fromkeys(("datetime", "timestamp", "datetimeoptional"), "instant"),
    "date": "day",
}
"""By the vendor's word for a type, in small letters and without underscores; of others nothing is said."""
_WHOLE = frozenset(
    {
        "handover.pass_number",
        "offer.number",
        "company.employees",
        "qualification.fit",
        "qualification.intent",
        "qualification.score",
    }
)
_INSTANTS = frozenset({"event.time", "dossier.meeting_booked_at", "qualification.at", "outcome.at"})
_NOUNS: Mapping[Shape, str] = {
    "text": "a text",
    "number": "a number",
    "flag": "yes or no",
    "instant": "an instant",
    "day": "a day",
}
_FIX: Mapping[Shape, str] = {
    "number": "map a fact that is a number, or a field that is a text",
    "flag": "only `dossier.complete` and `value: true` are yes or no",
    "instant": "map an instant, without `date: day`",
    "day": "write `date: day` beside an instant",
    "text": "",
}


def type_problems(where: str, rule: FieldRule, theirs: object) -> Iterator[str]:
    """A line where the rule writes what the field does not take. `theirs` is the vendor's word for its type."""
    wanted = SHAPES.get(str(theirs).casefold().replace("_", ""))
    shapes = set(_shapes_of(rule))
    if wanted is None or shapes <= {wanted}:
        return
    what = " or ".join(_NOUNS[shape] for shape in sorted(shapes - {wanted}))
    yield f"{where}: it is a {theirs}, and what is written is {what}; {_FIX[wanted]}"


def _shapes_of(rule: FieldRule) -> Iterator[Shape]:
    """What the rule may write; nothing where that is not known."""
    if rule.value is not None:
        match rule.value:
            case bool():
                yield "flag"
            case int() | float():
                yield "number"
            case _:
                yield "text"
    elif rule.words:
        # Words that are numbers are written into choices as such, and each vendor's own check looks at those.
        return
    elif rule.join:
        yield "text"
    else:
        yield from (shape for path in rule.of if (shape := _shape_of(path, rule)) is not None)


def _shape_of(path: str, rule: FieldRule) -> Shape | None:
    if path.startswith("answers."):
        return None
    if path in _WHOLE:
        return "number"
    if path == "dossier.complete":
        return "flag"
    if path in _INSTANTS or path.endswith(("_at", ".at")):
        return "day" if rule.date == "day" else "instant"
    return "text"
