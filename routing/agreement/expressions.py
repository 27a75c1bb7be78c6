"""The language of the agreement's expressions: CEL over facts of lead, company and signal, type-checked at load.

What CEL's type checker cannot see is read off the expression's words: the names in quotes that functions are called
with (a kind of signal, a segment) are checked at load like everything else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from cel_expr_python import cel

from routing.agreement.cel_words import plain_complaint
from routing.agreement.facts import Call, Reader, reader_of
from routing.model.errors import RoutingError
from schemas.signals import INBOUND, OUTREACH
from schemas.words import probably

_TEXT, _BOOL, _INT, _AT = cel.Type.STRING, cel.Type.BOOL, cel.Type.INT, cel.Type.TIMESTAMP
_SPAN = cel.Type.DURATION
VARIABLES: dict[str, cel.Type] = {
    "lead.stage": _TEXT,
    "lead.track": _TEXT,
    "lead.own_track": _TEXT,
    "lead.programme": _TEXT,
    "lead.pass": _INT,
    "lead.source": _TEXT,
    "lead.brand": _TEXT,
    "lead.campaign": _TEXT,
    "lead.form_id": _TEXT,
    "lead.tags": cel.Type.List(_TEXT),
    "lead.sales_ready": _BOOL,
    "lead.meeting_booked": _BOOL,
    "lead.language": _TEXT,
    "lead.created_at": _AT,
    "lead.stage_since": _AT,
    "lead.suppressed": _BOOL,
    "lead.accepted": _BOOL,
    "lead.followed_up": _BOOL,
    "lead.offers": _INT,
    "company.name": _TEXT,
    "company.domain": _TEXT,
    "company.industry": _TEXT,
    "company.country": _TEXT,
    "company.employees": _INT,
    "company.region": _TEXT,
    "company.city": _TEXT,
    "company.postcode": _TEXT,
    "signal.kind": _TEXT,
    "signal.source": _TEXT,
    "signal.source_kind": _TEXT,
    "signal.form_id": _TEXT,
    "signal.campaign": _TEXT,
    "signal.tags": cel.Type.List(_TEXT),
    "signal.automated": _BOOL,
    "signal.reason": _TEXT,
    "signal.amount": cel.Type.DOUBLE,
    "now": _AT,
}
"""What an expression may name, with its type."""

FUNCTIONS: dict[str, tuple[tuple[tuple[cel.Type, ...], cel.Type], ...]] = {
    "count": (((_TEXT, _SPAN), _INT), ((_TEXT,), _INT)),
    "last": (((_TEXT,), _AT),),
    "in_segment": (((_TEXT,), _BOOL),),
    "in_territory": (((_TEXT,), _BOOL),),
    "text": (((_TEXT,), _TEXT),),
    "number": (((_TEXT,), cel.Type.DOUBLE),),
    "yes": (((_TEXT,), _BOOL),),
    "fit": (((), _INT),),
    "intent": (((), _INT),),
    "score": (((), _INT),),
}
"""What an expression may call beside CEL's own, as (parameters, result) of each form.

`count(kind)` and `count(kind, window)` are how many signals of that kind there were in this pass (and window), `last(kind)`
when the last one was, `in_segment(name)` and `in_territory(name)` whether the lead is in it; `text(name)`, `number(name)` and `yes(name)`
are attributes that the agreement declares, by their type; `fit()`, `intent()`, `score()` are whole points.
"""

COUNTED = frozenset(str(kind) for kind in INBOUND | OUTREACH)
"""Kinds that `count` and `last` know: touches. Other kinds are looked at once, as `signal.kind`."""
SCORES = frozenset({"fit", "intent", "score"})
ATTRIBUTES = {"text": "text", "number": "number", "yes": "yes_no"}
"""The type of attribute that each of these functions asks for."""
_BEGINNINGS = {name.partition(".")[0] for name in VARIABLES} - VARIABLES.keys()
_WITH_NAME = frozenset(name for name, forms in FUNCTIONS.items() if forms[0][0])

_DECLARED = [
    cel.FunctionDecl(
        name,
        [
            cel.Overload(
                id=f"stafett_{name}_{len(parameters)}",
                return_type=returned,
                parameters=list(parameters),
                is_member=False,
            )
            for parameters, returned in forms
        ],
    )
    for name, forms in FUNCTIONS.items()
]
ENV = cel.NewEnv(variables=VARIABLES, extensions=[cel.CelExtension("stafett", _DECLARED)])
_TOKEN = re.compile(
    r"""//[^\n]*|[rR]?(?:'''.*?'''|\"\"\".*?\"\"\"|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")|[A-Za-z_][\w.]*|\S""", re.DOTALL
)


class DefinitionError(RoutingError):
    """An expression does not compile, or is not a yes-or-no question."""


class Expression(NamedTuple):
    """A compiled expression with its text. `segments` are those it names, `calls` the functions of ours that it calls.

    `names` are the variables that it names; `constant` is its value where it names nothing that could change it, else None.
    `foreseen` are its calls where the text says all of their arguments, and it does not ask for `now`: then its answer
    depends on the values of `names` and `foreseen` alone, which `reader` reads, and `answers` keeps it by them. Else None.
    """

    text: str
    compiled: cel.Expression
    names: tuple[str, ...]
    segments: frozenset[str]
    calls: frozenset[str]
    constant: bool | None
    foreseen: tuple[Call, ...] | None
    reader: Reader | None
    answers: dict[Any, Any]
    named: frozenset[tuple[str, str]] = frozenset()
    """(function, name) of each call that names a territory or an attribute."""


class _Named(NamedTuple):
    """A call of one of ours whose first argument is a name; `name` None where it is no plain text in quotes."""

    function: str
    name: str | None
    offset: int


def compile_expression(text: str) -> Expression:
    """Raises DefinitionError with the position, what was wrong and, where it can be told, what was probably meant."""
    try:
        compiled = ENV.compile(text)
    except RuntimeError as error:
        raise DefinitionError(plain_complaint(str(error), text, [*VARIABLES, *FUNCTIONS], _forms)) from None
    if compiled.return_type() != _BOOL:
        kind = compiled.return_type().name()
        raise DefinitionError(
            f"`{text}` gives {kind}; a definition must give BOOL, yes or no: compare it, as `... >= 1`"
        )
    words = list(_words(text))
    _refuse_parted(words, text)
    calls = list(_calls(words))
    for call in calls:
        _check(call, text)
    names = _variables_in(words)
    called = {word for word, _ in words} & FUNCTIONS.keys()
    foreseen = None if "now" in names else _foreseen([word for word, _ in words])
    return Expression(
        text=text,
        compiled=compiled,
        names=names,
        segments=frozenset(call.name for call in calls if call.function == "in_segment" and call.name),
        calls=frozenset(called),
        constant=None if called or names else _value(compiled),
        foreseen=foreseen,
        reader=None if foreseen is None else reader_of(names, foreseen),
        answers={},
        named=frozenset((call.function, call.name) for call in calls if call.name and call.function in _OF_FILE),
    )


_OF_FILE = frozenset({"in_territory", *ATTRIBUTES})
_PLAIN = "'\""


def _foreseen(words: list[str]) -> tuple[Call, ...] | None:
    """Every call of ours, once; None where the arguments of one are not plain."""
    calls: dict[Call, None] = {}
    for i, word in enumerate(words):
        if word in FUNCTIONS:
            call = _plain_call(words[i : i + 9])
            if call is None:
                return None
            calls[call] = None
    return tuple(calls)


def _plain_call(words: list[str]) -> Call | None:
    """`f()`, `f('name')` or `f('name', duration('168h'))`."""
    match words:
        case [function, "(", ")", *_]:
            return Call(function)
        case [function, "(", name, ")", *_] if name[0] in _PLAIN:
            return Call(function, name[1:-1])
        case [function, "(", name, ",", "duration", "(", span, ")", ")"] if name[0] in _PLAIN and span[0] in _PLAIN:
            return Call(function, name[1:-1], ENV.compile(f"duration({span})").eval(ENV.Activation({})).plain_value())
        case _:
            return None


def _variables_in(words: list[tuple[str, int]]) -> tuple[str, ...]:
    return tuple(n for n in VARIABLES if any(word == n or word.startswith(f"{n}.") for word, _ in words))


def _value(compiled: cel.Expression) -> bool | None:
    try:
        value = compiled.eval(ENV.Activation({})).plain_value()
    except RuntimeError:
        raise DefinitionError("at 1:1: takes more steps than one evaluation may have; make it simpler") from None
    return value if isinstance(value, bool) else False


def _words(text: str) -> Iterator[tuple[str, int]]:
    return ((match[0], match.start()) for match in _TOKEN.finditer(text) if not match[0].startswith("//"))


def _refuse_parted(words: list[tuple[str, int]], text: str) -> None:
    """CEL takes `lead . stage` and `(lead).stage` for `lead.stage`; what an expression depends on is read off whole names."""
    for word, offset in words:
        if word in _BEGINNINGS:
            raise DefinitionError(
                f"{_place(text, offset)}: write the name in one, as `{_example(word)}`, without gap or bracket"
            )


def _example(beginning: str) -> str:
    return next(name for name in VARIABLES if name.startswith(f"{beginning}."))


def _calls(words: list[tuple[str, int]]) -> Iterator[_Named]:
    for (word, offset), (bracket, _), (first, _), (after, _) in zip(
        words, words[1:], words[2:], words[3:], strict=False
    ):
        if word in _WITH_NAME and bracket == "(":
            plain = first[:1] in "'\"" and after in (",", ")")
            yield _Named(word, first[1:-1] if plain else None, offset)


def _check(call: _Named, text: str) -> None:
    place = _place(text, call.offset)
    if call.name is None:
        raise DefinitionError(f"{place}: say the name in `{call.function}` in quotes, so that it can be checked")
    if call.function in ("count", "last") and call.name not in COUNTED:
        hint = probably(call.name, COUNTED)
        raise DefinitionError(
            f"{place}: `{call.name}` is no kind that is counted{hint or '; there are ' + ', '.join(sorted(COUNTED))}"
        )


def _place(text: str, offset: int) -> str:
    line = text.count("\n", 0, offset) + 1
    column = offset - text.rfind("\n", 0, offset)
    return f"at {line}:{column}"


_EXAMPLES = {"string": "'form.submitted'", "duration": "duration('168h')"}


def _forms(name: str) -> str | None:
    """How a function of ours is called."""
    return " or ".join(_form(name, taken) for taken, _ in FUNCTIONS[name]) if name in FUNCTIONS else None


def _form(name: str, taken: tuple[cel.Type, ...]) -> str:
    return f"`{name}({', '.join(_EXAMPLES[t.name().lower()] for t in taken)})`"
