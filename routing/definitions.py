"""Definitions of the agreement: CEL expressions, type-checked at load, evaluated over one lead at one instant.

A fact that is unknown makes an expression an error value, which means `not met, because unknown` and says so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from cel_expr_python import cel

from routing.errors import RoutingError
from routing.model import Lead
from schemas.signals import Signal

_TEXT, _BOOL, _INT = cel.Type.STRING, cel.Type.BOOL, cel.Type.INT
VARIABLES: dict[str, cel.Type] = {
    "lead.stage": _TEXT,
    "lead.track": _TEXT,
    "lead.pass": _INT,
    "lead.source": _TEXT,
    "lead.brand": _TEXT,
    "lead.campaign": _TEXT,
    "lead.tags": cel.Type.List(_TEXT),
    "lead.sales_ready": _BOOL,
    "lead.meeting_booked": _BOOL,
    "lead.language": _TEXT,
    "company.name": _TEXT,
    "company.domain": _TEXT,
    "signal.kind": _TEXT,
    "signal.source": _TEXT,
    "signal.source_kind": _TEXT,
    "signal.form_id": _TEXT,
    "signal.campaign": _TEXT,
    "signal.tags": cel.Type.List(_TEXT),
    "signal.automated": _BOOL,
    "signal.reason": _TEXT,
    "now": cel.Type.TIMESTAMP,
}
"""What an expression may name, with its type."""

_COUNT = cel.FunctionDecl(
    "count",
    [cel.Overload(id="count_kind_window", return_type=_INT, parameters=[_TEXT, cel.Type.DURATION], is_member=False)],
)
_ENV = cel.NewEnv(variables=VARIABLES, extensions=[cel.CelExtension("stafett", [_COUNT])])


class DefinitionError(RoutingError):
    """An expression does not compile, or is not a yes-or-no question."""


class Finding(NamedTuple):
    """Whether an expression was met, and where not because a fact is unknown, what CEL said of it."""

    met: bool
    unknown: str | None = None


class Expression(NamedTuple):
    """A compiled expression with its text and the variables that it names."""

    text: str
    compiled: cel.Expression
    names: tuple[str, ...] = ()


def compile_expression(text: str) -> Expression:
    """Raises DefinitionError with the position and what was wrong with it."""
    try:
        compiled = _ENV.compile(text)
    except RuntimeError as error:
        raise DefinitionError(_plain(str(error))) from None
    if compiled.return_type() != _BOOL:
        raise DefinitionError(f"`{text}` gives {compiled.return_type().name()}; a definition must give BOOL")
    return Expression(text, compiled, tuple(name for name in VARIABLES if name in _words(text)))


def _words(text: str) -> set[str]:
    """Names outside of quotes: `'not-now'` asks for no instant."""
    return set(re.findall(r"\b[a-z_]+(?:\.[a-z_]+)?\b", re.sub(r"'[^']*'|\"[^\"]*\"", "''", text)))


class Judge:
    """Evaluates expressions over one lead, one signal and one instant; one activation serves them all."""

    def __init__(self, lead: Lead, signal: Signal, now: datetime) -> None:
        self._recent = lead.recent
        self._known = _facts(lead, signal, now)
        self._counted: dict[str, int] = {}
        self._now = int(now.timestamp())
        count = cel.Function("count", [_TEXT, cel.Type.DURATION], False, self._count, _INT)
        self._activation = _ENV.Activation(self._known, functions=[count])

    def asks(self, expression: Expression) -> Finding:
        """Never raises: an error value is `not met, because unknown`."""
        self._counted = {}
        value = expression.compiled.eval(self._activation)
        plain = value.plain_value()
        return Finding(plain) if isinstance(plain, bool) else Finding(False, _plain(str(plain)))

    def _count(self, kind: str, window: timedelta) -> int:
        since = self._now - window.total_seconds()
        found = sum(1 for at in self._recent.get(kind, ()) if at > since)
        self._counted[f"count('{kind}', {window.total_seconds() / 3600:g}h)"] = found
        return found

    def inputs(self, expression: Expression) -> dict[str, Any]:
        """What the expression that was asked last looked at: its variables (null: unknown) and the counts it reached."""
        known = {name: self._known.get(name) for name in expression.names}
        if isinstance(at := known.get("now"), datetime):
            known["now"] = at.isoformat()
        return {**known, **self._counted}


def _facts(lead: Lead, signal: Signal, now: datetime) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "lead.stage": lead.stage,
        "lead.track": lead.track or "",
        "lead.pass": lead.pass_number,
        "lead.source": lead.source,
        "lead.brand": lead.brand,
        "lead.tags": list(lead.tags),
        "lead.sales_ready": lead.sales_ready,
        "lead.meeting_booked": lead.meeting_booked_at is not None,
        "signal.kind": str(signal.kind),
        "signal.source": signal.source,
        "signal.tags": list(signal.tags),
        "signal.automated": signal.automated,
        "now": now,
    }
    known: Sequence[tuple[str, str | None]] = (
        ("lead.campaign", lead.campaign),
        ("lead.language", lead.language),
        ("company.name", lead.company_name),
        ("company.domain", lead.company_domain),
        ("signal.source_kind", signal.source_kind),
        ("signal.form_id", signal.form_id),
        ("signal.campaign", signal.campaign),
        ("signal.reason", signal.reason),
    )
    facts.update((name, value) for name, value in known if value is not None)
    return facts


def _plain(message: str) -> str:
    return " ".join(message.replace("INVALID_ARGUMENT:", "").replace("[INVALID_ARGUMENT]", "").split())[:500]
