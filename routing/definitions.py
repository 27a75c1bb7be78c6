"""Expressions asked of one lead at one instant, over one activation.

A fact that is unknown makes an expression an error value, which means `not met, because unknown` and says so. So does an
error in the lead's data (a text that is no number, a division by zero): it is a finding on that lead and stops nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from cel_expr_python import cel

from routing import scoring
from routing.expressions import ENV, FUNCTIONS, SCORES, VARIABLES, DefinitionError, Expression, compile_expression
from routing.model import Lead
from routing.scoring import NONE, Standards
from schemas.signals import Signal

__all__ = ["VARIABLES", "DefinitionError", "Expression", "Finding", "Judge", "Points", "compile_expression"]
_MISSING = 'No value with name "'
_FOREVER = timedelta(days=36_525)


class Finding(NamedTuple):
    """Whether an expression was met; where not because a fact is unknown, what CEL said of it. `fault` is an error in
    the lead's data."""

    met: bool
    unknown: str | None = None
    fault: str | None = None

    def said(self) -> dict[str, Any]:
        """As evidence keeps it."""
        more = {"unknown": self.unknown, "fault": self.fault}
        return {"met": self.met} | {name: text for name, text in more.items() if text is not None}


class Points(NamedTuple):
    """Fit, intent and what each rule gave."""

    fit: int
    intent: int
    parts: dict[str, float]


class Judge:
    """Evaluates expressions over one lead, one signal and one instant; one activation serves them all.

    What expressions call is reckoned once, when the first of them needs it; segments and points before CEL is entered,
    because they ask expressions of their own.
    """

    def __init__(self, lead: Lead, signal: Signal, now: datetime, standards: Standards = NONE) -> None:
        self._lead, self._standards = lead, standards
        self._now = int(now.timestamp())
        self._points: Points | None = None
        self._segments: dict[str, bool | None] = {}
        self._known = _facts(lead, signal, now)
        self._reached: dict[str, Any] = {}
        self._activation = ENV.Activation(self._known, functions=_CALLS)

    def asks(self, expression: Expression) -> Finding:
        """Never raises: an error value is `not met`, because unknown or because of the lead's data."""
        for name in expression.segments:
            self.is_in(name)
        if not SCORES.isdisjoint(expression.calls):
            self.points()
        self._reached = {}
        _asking.judge = self
        plain = expression.compiled.eval(self._activation).plain_value()
        if isinstance(plain, bool):
            return Finding(plain)
        text = str(plain)
        if _MISSING in text:
            return Finding(False, unknown=_unknown(text))
        known = text.partition(": ")[2] or text
        return (
            Finding(False, unknown=known) if text.startswith("OUT_OF_RANGE: unknown") else Finding(False, None, known)
        )

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
            fit = {r.rule.name: float(r.rule.points) for r in self._standards.fit if self.asks(r.when).met}
            intent = scoring.intent_of(self._lead, self._standards, self._now)
            self._points = Points(scoring.whole(sum(fit.values())), intent.total, {**fit, **intent.parts})
        return self._points

    @property
    def reckoned(self) -> Points | None:
        """The points, where some expression asked for them."""
        return self._points

    def _belongs(self, segment: scoring.CompiledSegment) -> bool | None:
        account = scoring.named(self._lead, segment.file)
        if account or segment.file.only_accounts:
            return account
        fits = scoring.company_fits(self._lead, segment.file)
        if fits is False or segment.when is None:
            return None if fits and account is None else fits
        found = self.asks(segment.when)
        if not found.met:
            return None if found.unknown else False
        return fits

    def count(self, kind: str, window: timedelta) -> int:
        """How many signals of this kind happened within the window before the instant."""
        since = self._now - window.total_seconds()
        found = sum(1 for at in self._lead.recent.get(kind, ()) if at > since)
        wide = "" if window == _FOREVER else f", {window.total_seconds() / 3600:g}h"
        return self._note(f"count('{kind}'{wide})", found)

    def reached(self, what: str, of: Callable[[Points], int]) -> int:
        """A figure of the points, kept as one that the expression came to ask for."""
        return self._note(what, of(self.points()))

    def _note(self, what: str, value: int) -> int:
        self._reached[what] = value
        return value

    def inputs(self, expression: Expression) -> dict[str, Any]:
        """What the expression that was asked last looked at: its variables (null: unknown), segments, and what the calls
        that it reached gave."""
        known = {name: self._known.get(name) for name in expression.names}
        known = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in known.items()}
        inside = {f"in_segment('{name}')": self._segments[name] for name in sorted(expression.segments)}
        return {**known, **inside, **self._reached}

    def last(self, kind: str) -> datetime:
        """When the newest signal of this kind happened. Raises ValueError: unknown."""
        instants = self._lead.recent.get(kind, ())
        if not instants:
            raise ValueError(f"unknown: there was no {kind} in this pass")
        return datetime.fromtimestamp(instants[-1], UTC)

    def in_segment(self, name: str) -> bool:
        """`is_in`, for an expression. Raises ValueError: unknown."""
        found = self.is_in(name)
        if found is None:
            raise ValueError(f"unknown: whether the company is in {name}")
        return found


class _Asking(threading.local):
    """Whose expression CEL is evaluating in this thread. The functions are made once for all, for to make them anew for
    each judge costs as much as an evaluation."""

    judge: Judge


_asking = _Asking()
_BODIES: dict[tuple[str, int], Callable[..., Any]] = {
    ("count", 2): lambda kind, window: _asking.judge.count(kind, window),
    ("count", 1): lambda kind: _asking.judge.count(kind, _FOREVER),
    ("last", 1): lambda kind: _asking.judge.last(kind),
    ("in_segment", 1): lambda name: _asking.judge.in_segment(name),
    ("fit", 0): lambda: _asking.judge.reached("fit()", lambda points: points.fit),
    ("intent", 0): lambda: _asking.judge.reached("intent()", lambda points: points.intent),
    ("score", 0): lambda: _asking.judge.reached("score()", lambda points: points.fit + points.intent),
}
_CALLS = [
    cel.Function(name, list(taken), False, _BODIES[name, len(taken)], given)
    for name, forms in FUNCTIONS.items()
    for taken, given in forms
]


def _facts(lead: Lead, signal: Signal, now: datetime) -> dict[str, Any]:
    handover = lead.handover
    current = handover is not None and handover.pass_number == lead.pass_number
    facts: dict[str, Any] = {
        "lead.stage": lead.stage,
        "lead.track": lead.track or "",
        "lead.programme": lead.programme or "",
        "lead.pass": lead.pass_number,
        "lead.source": lead.source,
        "lead.brand": lead.brand,
        "lead.tags": list(lead.tags),
        "lead.sales_ready": lead.sales_ready,
        "lead.meeting_booked": lead.meeting_booked_at is not None,
        "lead.created_at": lead.created_at,
        "lead.stage_since": lead.stage_since,
        "lead.suppressed": lead.suppressed is not None,
        "lead.accepted": handover is not None and current and handover.accepted_at is not None,
        "lead.followed_up": handover is not None and current and handover.followed_up_at is not None,
        "lead.offers": len(handover.offers) if handover is not None and current else 0,
        "signal.kind": str(signal.kind),
        "signal.source": signal.source,
        "signal.tags": list(signal.tags),
        "signal.automated": signal.automated,
        "now": now,
    }
    known: Sequence[tuple[str, Any]] = (
        ("lead.campaign", lead.campaign),
        ("lead.language", lead.language),
        ("company.name", lead.company_name),
        ("company.domain", lead.company_domain),
        ("company.industry", lead.company_industry),
        ("company.country", lead.company_country),
        ("company.employees", lead.company_employees),
        ("signal.source_kind", signal.source_kind),
        ("signal.form_id", signal.form_id),
        ("signal.campaign", signal.campaign),
        ("signal.reason", signal.reason),
        ("signal.amount", signal.amount),
    )
    facts.update((name, value) for name, value in known if value is not None)
    return facts


def _unknown(message: str) -> str:
    return message.partition(_MISSING)[2].partition('"')[0]
