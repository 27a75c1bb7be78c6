"""Why a lead was handed over, in words that outlive the decision: a second offer, days later, says the same."""

from __future__ import annotations

from collections.abc import Iterator

from routing.agreement.definitions import Judge, Points
from routing.draft import Draft
from routing.model.bounds import MARK
from schemas.events import Qualification
from schemas.json_values import JsonObject

REASONS_KEPT = 16
"""Lines, each of at most LONGEST_REASON characters: they are kept with the lead while its hand-over is open."""
LONGEST_REASON = 300
_IN_WORDS = {
    "meeting_booked": "a meeting with sales was booked",
    "sales_ready": "somebody set the agreed tag that says ready for sales",
}
"""Facts that are no definition."""


def qualification_of(draft: Draft) -> Qualification | None:
    """What moved the lead to the hand-over that begins now; None where no row of the table did."""
    rows: list[JsonObject] = draft.evidence.get("rows", [])
    if not rows or rows[-1]["to"] != "hand_over":
        return None
    signal, points = draft.signal, _points(draft)
    fact: str = rows[-1]["fact"]
    reasons = [_short(reason) for reason in _reasons(draft, fact, points)]
    return Qualification(
        fact=fact,
        at=draft.at,
        signal_id=signal.id,
        signal_kind=signal.kind,
        fit=points.fit if points is not None else None,
        intent=points.intent if points is not None else None,
        score=points.fit + points.intent if points is not None else None,
        reasons=tuple(reasons[:REASONS_KEPT]),
    )


def _points(draft: Draft) -> Points | None:
    """Those that a definition asked for in this decision; else a judge of its own computes them: what the draft's judge came to ask
    for is evidence, and must not depend on this."""
    standards, asked_for = draft.context.agreement.standards, draft.evidence.get("points")
    if asked_for is not None:
        return Points(asked_for["fit"], asked_for["intent"], asked_for["rules"])
    if not standards.fit and not standards.intent:
        return None
    judge = Judge(lead=draft.lead, signal=draft.signal, now=draft.at, standards=standards, instant=draft.instant)
    return judge.points()


def _reasons(draft: Draft, fact: str, points: Points | None) -> Iterator[str]:
    expression = draft.context.agreement.definitions.get(fact)
    if expression is None:
        yield _IN_WORDS.get(fact, fact)
    else:
        yield f"`{fact}` is met: {' '.join(expression.text.split())}"
        judged: JsonObject = draft.evidence.get("definitions", {}).get(fact, {})
        inputs: JsonObject = judged.get("inputs", {})
        yield from (f"{name} = {_value(value)}" for name, value in inputs.items() if value is not None)
    if points is not None and points.parts:
        yield f"points: {', '.join(f'{name} {round(given, 1):g}' for name, given in points.parts.items())}"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)


def _short(reason: str) -> str:
    return reason if len(reason) <= LONGEST_REASON else f"{reason[: LONGEST_REASON - len(MARK) - 1]} {MARK}"
