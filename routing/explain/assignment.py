"""An assignment explained: the rules on the way, each candidate with the reason, and the smallest change that would have
chosen another. Rendered from the evidence that the decision left; nothing is decided again.

Files beside it explain a lead, a clock, a volume, the smallest change; `routing/people/hindrances.py` has the words of why somebody
was passed over, and `services/api/journey.py` the story of a lead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from routing.agreement.agreement import Agreement
from routing.explain.clock import format_instant
from routing.explain.smallest_change import runner_up, smallest_change
from routing.people.hindrances import RULES_PASSED, codes_of, own_rule, reason_of, reasons_of
from schemas.explain import AssignmentExplanation, CandidateView, LedgerView, RuleView, SeatView
from schemas.json_values import JsonObject


class RecordedDecision(NamedTuple):
    """Where the evidence comes from."""

    lead_id: str
    signal_id: str
    at: datetime
    agreement: str
    roster: str
    made_by: str | None = None


def explain_assignment(
    evidence: JsonObject, decision: RecordedDecision, agreement: Agreement | None
) -> AssignmentExplanation:
    """`agreement` is the one that was decided under, None where it is not at hand: then conditions have no text."""
    person, route = evidence["person"], evidence.get("route")
    conditions = conditions_of(agreement, route)
    candidates, had = evidence.get("candidates", []), evidence.get("ledger", {}).get("seats", {})
    # Where a rule's own pool could not take it, its overflow did: the pool that was passed is the last on the path.
    passed = [*evidence.get("tried", []), *([evidence["overflow"]] if "overflow" in evidence else [])]
    made = AssignmentExplanation(
        lead_id=decision.lead_id,
        signal_id=decision.signal_id,
        at=decision.at,
        offer_id=evidence.get("offer"),
        person=person,
        route=route,
        path=tuple(explain_rule(tried, conditions) for tried in passed),
        rule=evidence["rule"],
        when=conditions.get(evidence["rule"]),
        inputs=evidence.get("inputs", {}),
        pool=evidence.get("pool"),
        candidates=tuple(_candidate(c, person, had.get(c["person"])) for c in candidates),
        ledger=_ledger(evidence["ledger"]) if "ledger" in evidence else None,
        runner_up=runner_up(candidates, person),
        smallest_change=smallest_change(evidence, conditions),
        agreement=decision.agreement,
        roster=decision.roster,
        made_by=decision.made_by,
        note=_note(evidence),
        text="",
    )
    return made.model_copy(update={"text": "\n".join(_lines(made))})


def conditions_of(agreement: Agreement | None, route: str | None) -> dict[str, str]:
    """The texts of the route's conditions, by rule."""
    rules = agreement.routes[route].rules if agreement and route in agreement.routes else ()
    return {rule.name: rule.when.text for rule in rules}


def _note(evidence: JsonObject) -> str | None:
    """That the person of last resort was away: they have it, and the managers know."""
    code = evidence.get("away")
    return f"{evidence['person']} was {reason_of(code)}; the managers were told" if code is not None else None


def _candidate(entry: JsonObject, chosen: str = "", figures: Sequence[float] | None = None) -> CandidateView:
    (code, *also), short = codes_of(entry) or (None,), entry.get("short")
    share = f"{abs(short or 0):.2f} leads {'below' if (short or 0) >= 0 else 'above'} the fair share"
    return CandidateView(
        person=entry["person"],
        chosen=entry["person"] == chosen,
        code=code,
        also=tuple(also),
        reason=reasons_of(entry) or share,
        short=short,
        had=int(figures[0]) if figures else None,
        weight=entry.get("weight"),
    )


def _ledger(entry: JsonObject) -> LedgerView:
    before, after = entry["seq"]
    return LedgerView(seq=(before, after), seats=tuple(_seat(p, figures) for p, figures in entry["seats"].items()))


def _seat(person: str, figures: Sequence[float]) -> SeatView:
    """Four figures of a seat that the turn moved, two of one that it did not."""
    given_before, short, given_after, short_after = (*figures, *figures)[:4]
    return SeatView(person=person, given=(int(given_before), int(given_after)), short=(short, short_after))


def explain_rule(tried: JsonObject, conditions: Mapping[str, str]) -> RuleView:
    """A rule that was looked at and did not decide."""
    code: str = tried["code"]
    over = tried.get("overflow", {})
    second = over.get("candidates", [over] if "code" in over else [])
    return RuleView(
        rule=tried["rule"],
        code=code,
        reason=RULES_PASSED.get(code, code),
        when=conditions.get(tried["rule"]),
        unknown=tried.get("unknown"),
        inputs=tried.get("inputs", {}),
        candidates=tuple(_candidate(c) for c in tried.get("candidates", [])),
        overflow_pool=over.get("pool"),
        overflow=tuple(_candidate(c) for c in second),
    )


def _lines(made: AssignmentExplanation) -> Iterator[str]:
    pool = f" of pool {made.pool}" if made.pool else ""
    route = f" on route {made.route}" if made.route else ""
    own = own_rule(made.rule)
    because = f" ({own.because})" if own is not None else ""
    yield f"{format_instant(made.at)}  given to {made.person} by rule `{made.rule}`{because}{pool}{route}, with {made.signal_id}"
    if made.note:
        yield f"  {made.note}"
    for rule in made.path:
        when = f": {rule.when}" if rule.when and rule.code != "nobody" else ""
        unknown = f" ({rule.unknown})" if rule.unknown else ""
        yield f"  rule `{rule.rule}` was passed over: {rule.reason}{unknown}{when}"
        yield from _inputs(rule.inputs)
        yield from passed_lines(rule)
    if made.inputs:
        yield f"  rule `{made.rule}` decided: its condition held{f': {made.when}' if made.when else ''}"
        yield from _inputs(made.inputs)
    for c in made.candidates:
        mark = "chosen" if c.chosen else "passed over" if c.code else "not chosen"
        had = f"; had {c.had} at weight {c.weight:g}" if c.had is not None and c.weight is not None else ""
        yield f"  {c.person}: {mark}, {c.reason}{had}"
    if made.ledger:
        yield f"  ledger of {made.pool}, before and after change {made.ledger.seq[1]}:"
        yield from (_seat_line(seat) for seat in made.ledger.seats)
    if made.runner_up:
        yield f"  runner-up: {made.runner_up}"
    yield f"  smallest change: {made.smallest_change}"


def passed_lines(rule: RuleView) -> Iterator[str]:
    """Everybody of a rule that was passed, and of its overflow, with what was in their way."""
    yield from (f"    {c.person}: {c.reason}" for c in rule.candidates)
    if rule.overflow:
        yield f"    and of its overflow{f', pool {rule.overflow_pool}' if rule.overflow_pool else ''}:"
        yield from (f"      {c.person}: {c.reason}" for c in rule.overflow)


def _inputs(inputs: Mapping[str, object]) -> Iterator[str]:
    return (f"    {name} = {'unknown' if value is None else value}" for name, value in inputs.items())


def _seat_line(seat: SeatView) -> str:
    (had, has), (before, after) = seat.given, seat.short
    return f"    {seat.person}: given {had} and {has}, short {before:+.2f} and {after:+.2f}"
