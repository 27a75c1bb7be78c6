"""An assignment explained: the rules on the way, each candidate with the reason, and the smallest change that would have
chosen another. Rendered from the evidence that the decision left; nothing is decided again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from routing.agreement import Agreement
from routing.explain_clock import said
from schemas.explain import AssignmentExplanation, CandidateView, RuleView

CODES = {
    "had_it": "had their chance in this hand-over",
    "absent": "away then",
    "off_hours": "outside their working hours then",
    "inactive": "no longer here",
    "unknown": "not in the roster",
    "paused": "the pool was paused",
    "language": "does not speak the lead's language",
    "full": "at their capacity",
    "team_full": "their team was at its capacity",
}
"""Why a person was passed over."""
_RULES = {
    "unknown": "a fact that it asks for was unknown",
    "not_met": "its condition did not hold",
    "nobody": "nobody of its pool could take it",
    "matched": "who has it so could not take it",
}
_OTHERWISE = {
    "manual": "by hand",
    "hunter": "they found the lead themselves",
    "present_owner": "they have it already",
    "former_owner": "they had it before",
    "account_in_dialogue": "they are in dialogue with this company already",
    "customer_account": "they keep this company, which is a customer",
    "successor": "they are the successor of who had it",
    "second_offer": "the agreed second offer after a rejection",
    "fallback": "the person of last resort",
}
"""Rules that are not the agreement's own, in words."""
MOST = 1000
"""A runner-up further behind than so many leads is not reckoned with."""


class Given(NamedTuple):
    """Where the evidence comes from."""

    lead_id: str
    signal_id: str
    at: datetime
    agreement: str
    roster: str


def explain_assignment(evidence: dict[str, Any], given: Given, agreement: Agreement | None) -> AssignmentExplanation:
    """`agreement` is the one that was decided under, None where it is not at hand: then conditions have no text."""
    person = evidence["person"]
    candidates = tuple(_candidate(c, person) for c in evidence.get("candidates", []))
    # Where a rule's own pool could not take it, its overflow did: the pool that was passed is the last on the path.
    passed = [*evidence.get("tried", []), *([evidence["overflow"]] if "overflow" in evidence else [])]
    path = tuple(explain_rule(tried, evidence.get("route"), agreement) for tried in passed)
    runner_up = _runner_up(candidates)
    made = AssignmentExplanation(
        lead_id=given.lead_id, signal_id=given.signal_id, at=given.at, offer_id=evidence.get("offer"), person=person,
        route=evidence.get("route"), path=path, rule=evidence["rule"], pool=evidence.get("pool"), candidates=candidates,
        ledger=evidence.get("ledger"), runner_up=runner_up.person if runner_up else None,
        smallest_change=_change(candidates, path, runner_up), agreement=given.agreement, roster=given.roster, text="",
    )  # fmt: skip
    return made.model_copy(update={"text": "\n".join(_lines(made))})


def _candidate(known: dict[str, Any], chosen: str) -> CandidateView:
    code, short = known.get("code"), known.get("short")
    if code is not None:
        return CandidateView(person=known["person"], code=code, reason=CODES.get(code, str(code).replace("_", " ")))
    reason = f"{abs(short or 0):.2f} leads {'below' if (short or 0) >= 0 else 'above'} the fair share"
    return CandidateView(
        person=known["person"], chosen=known["person"] == chosen, reason=reason, short=short,
        load=known.get("load"), weight=known.get("weight"),
    )  # fmt: skip


def explain_rule(tried: dict[str, Any], route: str | None, agreement: Agreement | None) -> RuleView:
    """A rule that was looked at and did not decide."""
    rules = agreement.routes[route].rules if agreement and route in agreement.routes else ()
    when = next((rule.when.text for rule in rules if rule.name == tried["rule"]), None)
    code = tried["code"]
    candidates = tuple(_candidate(c, "") for c in tried.get("candidates", []))
    return RuleView(rule=tried["rule"], code=code, reason=_RULES.get(code, code), when=when, candidates=candidates)


def _runner_up(candidates: Sequence[CandidateView]) -> CandidateView | None:
    """Who was next by the same measure; of equals the one whose seat is first."""
    others = [c for c in candidates if c.short is not None and not c.chosen]
    return max(others, key=lambda c: c.short or 0.0, default=None)


def _change(
    candidates: Sequence[CandidateView], path: Sequence[RuleView], runner_up: CandidateView | None
) -> str | None:
    if runner_up is not None:
        fewer = _fewer(candidates, runner_up)
        if fewer is not None:
            leads = "1 lead less" if fewer == 1 else f"{fewer} leads less"
            tie = next((c for c in candidates if c.chosen and c.short == runner_up.short), None)
            equal = (
                f"{tie.person} and {runner_up.person} were equal, and the first seat of the pool wins; " if tie else ""
            )
            return f"{equal}with {leads} so far, {runner_up.person} would have been chosen"
    away = next((c for c in candidates if c.code is not None), None)
    if away is not None:
        return f"there was nobody else to choose from; {away.person} was passed over: {away.reason}"
    full = next((rule for rule in path if rule.code == "nobody" and rule.candidates), None)
    if full is not None:
        first = full.candidates[0]
        return f"rule `{full.rule}` would have decided, had {first.person} not been passed over: {first.reason}"
    rule = next((rule for rule in path if rule.code in ("not_met", "unknown")), None)
    return f"rule `{rule.rule}` would have decided first, had its condition held" if rule else None


def _fewer(candidates: Sequence[CandidateView], other: CandidateView) -> int | None:
    """How many leads less `other` must have had to be the furthest below their share, counted as the rotation counts."""
    here = [c for c in candidates if c.short is not None and c.load is not None and c.weight]
    total = sum(c.weight or 0.0 for c in here)
    if other.load is None or not total:
        return None
    for fewer in range(1, MOST):
        loads = {c.person: (c.load or 0.0) - (fewer if c.person == other.person else 0) for c in here}
        due = sum(loads.values()) + 1
        short = {c.person: round(due * (c.weight or 0.0) / total - loads[c.person], 6) for c in here}
        if max(here, key=lambda c: short[c.person]).person == other.person:
            return fewer
    return None


def _lines(made: AssignmentExplanation) -> Iterator[str]:
    pool = f" of pool {made.pool}" if made.pool else ""
    route = f" on route {made.route}" if made.route else ""
    because = f" ({_OTHERWISE[made.rule]})" if made.rule in _OTHERWISE else ""
    yield f"{said(made.at)}  given to {made.person} by rule `{made.rule}`{because}{pool}{route}, with {made.signal_id}"
    for rule in made.path:
        when = f": {rule.when}" if rule.when and rule.code != "nobody" else ""
        yield f"  rule `{rule.rule}` was passed: {rule.reason}{when}"
        yield from (f"    {c.person}: {c.reason}" for c in rule.candidates)
    for c in made.candidates:
        mark = "chosen" if c.chosen else "passed over" if c.code else "not chosen"
        load = f"; had {c.load:g} at weight {c.weight:g}" if c.load is not None and c.weight is not None else ""
        yield f"  {c.person}: {mark}, {c.reason}{load}"
    if made.ledger and "given" in made.ledger:
        before, after = made.ledger["given"]
        yield f"  ledger of {made.pool}: {made.person} had {before} before and {after} after (change {made.ledger['seq'][1]})"
    if made.runner_up:
        yield f"  runner-up: {made.runner_up}"
    if made.smallest_change:
        yield f"  smallest change: {made.smallest_change}"
