"""Expressions asked of one lead at one instant, over one activation.

A fact that is unknown makes an expression an error value, which means `not met, because unknown` and says so. So does an
error in the lead's data (a text that is no number, a division by zero): it is a finding on that lead and stops nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeVar

import msgspec
from cel_expr_python import cel

from routing.agreement import scoring, territories
from routing.agreement.expressions import (
    ENV,
    FUNCTIONS,
    SCORES,
    VARIABLES,
    DefinitionError,
    Expression,
    compile_expression,
)
from routing.agreement.facts import FACTS, FOREVER, attribute_of, count_of
from routing.agreement.scoring import NONE, Standards
from routing.model.records import Lead
from schemas.json_values import JsonObject
from schemas.signals import Signal

__all__ = ["VARIABLES", "DefinitionError", "Expression", "Finding", "Judge", "Points", "compile_expression"]
_MISSING = 'No value with name "'
TOO_DEAR = "too dear to find out"
"""What an expression is that takes more steps than CEL allows for one evaluation."""
Noted = TypeVar("Noted")
ANSWERS_KEPT = 4096
"""Answers that are kept of each expression."""


class Finding(NamedTuple):
    """Whether an expression was met; where not because a fact is unknown, what CEL said of it. `fault` is an error in
    the lead's data."""

    met: bool
    unknown: str | None = None
    fault: str | None = None

    def evidence(self) -> dict[str, object]:
        """As evidence keeps it."""
        return {"met": self.met, **self.trouble()}

    def trouble(self) -> dict[str, str]:
        """Why it could not be told, as evidence keeps it."""
        if self.unknown is None and self.fault is None:
            return {}
        more = {"unknown": self.unknown, "fault": self.fault}
        return {name: text for name, text in more.items() if text is not None}


class Answer(NamedTuple):
    """What an expression was found to be, and as evidence keeps it: with its variables (null: unknown), segments, and
    what the calls that it reached gave."""

    finding: Finding
    evidence: JsonObject


class Points(msgspec.Struct, frozen=True):
    """Fit, intent and what each rule gave."""

    fit: int
    intent: int
    parts: dict[str, float]


def _plain(value: object) -> object:
    """As JSON has it, so that evidence reads the same before and after it was stored."""
    if isinstance(value, datetime):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


class Judge:
    """Evaluates expressions over one lead, one signal and one instant; one activation serves them all.

    What expressions call is computed once, when the first of them needs it; segments and points before CEL is entered,
    because they ask expressions of their own. An expression whose values were seen before is not evaluated again: most
    signals change none of them.
    """

    __slots__ = ("_activation", "_at", "_points", "_reached", "_segments", "_standards", "instant", "lead", "signal")

    def __init__(
        self, lead: Lead, signal: Signal, now: datetime, standards: Standards = NONE, instant: int | None = None
    ) -> None:
        """`instant` is `now` in whole seconds since 1970, where that was computed before."""
        self.lead, self.signal, self._at, self._standards = lead, signal, now, standards
        self.instant = int(now.timestamp()) if instant is None else instant
        self._points: Points | None = None
        self._segments: dict[str, bool | None] = {}
        self._reached: dict[str, object] = {}
        self._activation: cel.Activation | None = None

    def asks(self, expression: Expression) -> Finding:
        """Never raises: an error value is `not met`, because unknown or because of the lead's data."""
        return self.answer(expression).finding

    def answer(self, expression: Expression) -> Answer:
        """The finding and what it was found from. The evidence is shared, so nobody may change it."""
        read, answers = expression.reader, expression.answers
        if read is None:
            self._prepare(expression)
            return self._evaluate(expression)
        values = read(self)
        answer: Answer | None = answers.get(values)
        if answer is None:
            if len(answers) >= ANSWERS_KEPT:
                answers.clear()
            answer = answers[values] = self._evaluate(expression)
        return answer

    def _prepare(self, expression: Expression) -> None:
        for name in expression.segments:
            self.is_in(name)
        if not SCORES.isdisjoint(expression.calls):
            self.points()

    def _evaluate(self, expression: Expression) -> Answer:
        self._reached = {}
        _asking.judge = self
        if self._activation is None:
            self._activation = ENV.Activation(_facts(self, self._at), functions=_CALLS)
        try:
            finding = _finding_of(expression.compiled.eval(self._activation).plain_value())
        except RuntimeError:
            # CEL gives up: the steps of one evaluation are bounded, and a sender chose how much there is to go through.
            finding = Finding(False, unknown=TOO_DEAR)
        return Answer(finding, finding.evidence() | {"inputs": self._inputs(expression)})

    def is_in(self, name: str) -> bool | None:
        """Whether the lead is in this segment; None where what decides it is not known."""
        if name not in self._segments:
            self._segments[name] = None
            segment = self._standards.segments.get(name)
            self._segments[name] = False if segment is None else self._belongs(segment)
        return self._segments[name]

    def points(self) -> Points:
        """Fit and intent at this judge's instant."""
        if self._points is None:
            fit = self._fit()
            intent = scoring.intent_of(self.lead, self._standards, self.instant)
            self._points = Points(fit.total, intent.total, {**fit.parts, **intent.parts})
        return self._points

    def _fit(self) -> scoring.Gained:
        """Kept by all that its rules depend on: who a lead is changes seldom."""
        standards = self._standards
        if standards.reader is None:
            return self._fit_by_rules()
        values = standards.reader(self)
        gained = standards.fits.get(values)
        if gained is None:
            if len(standards.fits) >= ANSWERS_KEPT:
                standards.fits.clear()
            gained = standards.fits[values] = self._fit_by_rules()
        return gained

    def _fit_by_rules(self) -> scoring.Gained:
        parts = {r.rule.name: float(r.rule.points) for r in self._standards.fit if self.asks(r.when).met}
        return scoring.Gained(scoring.whole(sum(parts.values())), parts)

    @property
    def points_asked_for(self) -> Points | None:
        """The points, where some expression asked for them."""
        return self._points

    def _belongs(self, segment: scoring.CompiledSegment) -> bool | None:
        account = scoring.is_named_account(self.lead, segment)
        if account or segment.only_accounts:
            return account
        fits = scoring.company_fits(self.lead, segment)
        if fits is False or segment.when is None:
            return None if fits and account is None else fits
        finding = self.asks(segment.when)
        if not finding.met:
            return None if finding.unknown else False
        return fits

    def count(self, kind: str, window: timedelta) -> int:
        """How many signals of this kind happened within the window before the instant."""
        count = count_of(self.lead.recent.get(kind, ()), self.instant - window.total_seconds())
        wide = "" if window == FOREVER else f", {window.total_seconds() / 3600:g}h"
        return self._note(f"count('{kind}'{wide})", count)

    def note_figure(self, what: str, of: Callable[[Points], int]) -> int:
        """A figure of the points, kept as one that the expression came to ask for."""
        return self._note(what, of(self.points()))

    def is_there(self, name: str) -> bool | None:
        """Whether the lead is in this territory; None where what decides it is not known."""
        territory = self._standards.territories.get(name)
        return False if territory is None else territories.is_there(self.lead, territory)

    def in_territory(self, name: str) -> bool:
        """Whether the lead is there. Raises ValueError: unknown."""
        is_there = self._note(f"in_territory('{name}')", self.is_there(name))
        if is_there is None:
            raise ValueError(f"unknown: whether the company is in {name}")
        return is_there

    def attribute(self, function: str, name: str) -> str | float | bool:
        """Its value. Raises ValueError: unknown, or of another type under the agreement of before."""
        value = self._note(f"{function}('{name}')", attribute_of(self.lead, name))
        if not isinstance(value, _TYPES[function]):
            raise ValueError(f"unknown: attribute {name}")
        return value

    def _note(self, what: str, value: Noted) -> Noted:
        self._reached[what] = value
        return value

    def _inputs(self, expression: Expression) -> dict[str, object]:
        facts = {name: _plain(self._at if name == "now" else FACTS[name](self)) for name in expression.names}
        inside = {f"in_segment('{name}')": self._segments[name] for name in sorted(expression.segments)}
        return {**facts, **inside, **self._reached}

    def last(self, kind: str) -> datetime:
        """When the newest signal of this kind happened. Raises ValueError: unknown."""
        instants = self.lead.recent.get(kind, ())
        if not instants:
            raise ValueError(f"unknown: there was no {kind} in this pass")
        return datetime.fromtimestamp(instants[-1], UTC)

    def in_segment(self, name: str) -> bool:
        """`is_in`, for an expression. Raises ValueError: unknown."""
        is_in = self.is_in(name)
        if is_in is None:
            raise ValueError(f"unknown: whether the company is in {name}")
        return is_in


_TYPES: dict[str, type[str | float | bool]] = {"text": str, "number": float, "yes": bool}


class _Asking(threading.local):
    """Whose expression CEL is evaluating in this thread. The functions are made once for all judges: to make them for
    each one costs as much as an evaluation."""

    judge: Judge


_asking = _Asking()
_BODIES: dict[tuple[str, int], Callable[..., Any]] = {
    ("count", 2): lambda kind, window: _asking.judge.count(kind, window),
    ("count", 1): lambda kind: _asking.judge.count(kind, FOREVER),
    ("last", 1): lambda kind: _asking.judge.last(kind),
    ("in_segment", 1): lambda name: _asking.judge.in_segment(name),
    ("in_territory", 1): lambda name: _asking.judge.in_territory(name),
    ("text", 1): lambda name: _asking.judge.attribute("text", name),
    ("number", 1): lambda name: _asking.judge.attribute("number", name),
    ("yes", 1): lambda name: _asking.judge.attribute("yes", name),
    ("fit", 0): lambda: _asking.judge.note_figure("fit()", lambda points: points.fit),
    ("intent", 0): lambda: _asking.judge.note_figure("intent()", lambda points: points.intent),
    ("score", 0): lambda: _asking.judge.note_figure("score()", lambda points: points.fit + points.intent),
}
_CALLS = [
    cel.Function(name, list(parameters), False, _BODIES[name, len(parameters)], returned)
    for name, forms in FUNCTIONS.items()
    for parameters, returned in forms
]


def _facts(judge: Judge, now: datetime) -> dict[str, object]:
    """As CEL takes them: what is unknown is left out, and a tuple is a list."""
    values = ((name, read(judge)) for name, read in FACTS.items())
    facts = {name: list(value) if isinstance(value, tuple) else value for name, value in values if value is not None}
    return facts | {"now": now}


def _finding_of(plain: object) -> Finding:
    """CEL's own words for an error value are all that tells what kind of error it is."""
    if isinstance(plain, bool):
        return Finding(plain)
    text = str(plain)
    if _MISSING in text:
        return Finding(False, unknown=_unknown(text))
    complaint = text.partition(": ")[2] or text
    return (
        Finding(False, unknown=complaint)
        if text.startswith("OUT_OF_RANGE: unknown")
        else Finding(False, None, complaint)
    )


def _unknown(message: str) -> str:
    return message.partition(_MISSING)[2].partition('"')[0]
