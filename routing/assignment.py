"""Who gets a lead: rules in order, fair weighted rotation within a pool, and the evidence of it.

Rotation is by largest shortfall against the weighted target. With `n` assigned so far among those who stand in the
pool, a person of weight `w` of total `W` ought to have (n + 1) * w / W; whoever is furthest below gets the lead. What
counts is `given + credit`: who joins is credited the pool's average per weight, and who is away their share of each lead
given meanwhile, so that nobody is flooded. Ties go to the seat that stands first in the roster.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from routing.agreement import CompiledRoute, CompiledRule
from routing.capacity import why_full
from routing.definitions import Judge
from routing.model import Ledger, LedgerEntry, Load
from routing.roster import Roster
from schemas.agreement import Overflow
from schemas.roster import Pool, Seat

FALLBACK = "fallback"
"""The rule by which the person of last resort has a lead."""
LOOK_AGAIN = timedelta(minutes=5)
"""Where everybody of a pool is full, it is looked at again so much later."""


class Assignment(NamedTuple):
    """Somebody was chosen. `ledger` is the pool's after it, None where no pool was rotated; `route` the route by whose
    rules it was, None where it was theirs already or by somebody's hand."""

    person: str
    rule: str
    pool: str | None
    ledger: Ledger | None
    why: dict[str, Any]
    route: str | None = None


class Held(NamedTuple):
    """Nobody of the rule's pool can take it now, and the agreement says to wait: until `retry_at` at least, then look
    again, `hold` in all."""

    rule: str
    pool: str
    retry_at: datetime
    overflow: Overflow
    why: dict[str, Any]


class Asked(NamedTuple):
    """What a choice depends on beside the route: `passed_over` have had their chance in this hand-over; without
    `last_resort` nobody may be found; with `may_hold` the answer may be to wait. `matched` is evidence of those who came
    before the rules and could not take it."""

    judge: Judge
    roster: Roster
    ledgers: Mapping[str, Ledger]
    loads: Mapping[str, Load]
    now: datetime
    language: str | None = None
    passed_over: frozenset[str] = frozenset()
    last_resort: bool = True
    may_hold: bool = False
    matched: tuple[dict[str, Any], ...] = ()

    def unfit(self, person: str, rule: CompiledRule) -> str | None:
        """Why somebody who is there gets no lead by this rule now; None where nothing is in the way."""
        member = self.roster.people.get(person)
        spoken = {word.casefold() for word in member.languages} if member is not None else set()
        if rule.match_language and self.language is not None and self.language.casefold() not in spoken:
            return "language"
        return self.roster.off_hours(person, self.now) or why_full(person, self.roster, self.loads, self.now)


def assign(route: CompiledRoute, asked: Asked) -> Assignment | Held | None:
    """The owner by this route, or that it has to wait; None where nobody is left."""
    tried = list(asked.matched)
    for rule in route.rules:
        finding = asked.judge.asks(rule.when)
        if not finding.met:
            tried.append({"rule": rule.name, "code": "unknown" if finding.unknown else "not_met"})
            continue
        chosen = _by_rule(route, rule, asked, tried)
        if chosen is not None:
            return chosen._replace(route=route.name) if isinstance(chosen, Assignment) else chosen
    if not asked.last_resort or route.fallback in asked.passed_over:
        return None
    why = {"route": route.name, "tried": tried, "rule": FALLBACK}
    return Assignment(route.fallback, FALLBACK, None, None, why, route.name)


def _by_rule(
    route: CompiledRoute, rule: CompiledRule, asked: Asked, tried: list[dict[str, Any]]
) -> Assignment | Held | None:
    """Somebody of the rule's pool, else by its overflow; None, and why is noted, where the next rule has to decide."""
    why: dict[str, Any] = {"route": route.name, "tried": tried, "rule": rule.name}
    found = _turn(rule, rule.pool, asked)
    if found.person is not None:
        return Assignment(found.person, rule.name, rule.pool, found.ledger, {**why, **found.why})
    nobody: dict[str, Any] = {"rule": rule.name, "code": "nobody", "candidates": found.why["candidates"]}
    over = rule.overflow
    if over is not None and over.pool is not None:
        other = _turn(rule, over.pool, asked)
        if other.person is not None:
            why["overflow"] = nobody
            return Assignment(other.person, rule.name, over.pool, other.ledger, {**why, **other.why})
        nobody["overflow"] = {"pool": over.pool, "candidates": other.why["candidates"]}
    elif over is not None and over.person is not None:
        if over.person not in asked.passed_over and asked.roster.why_away(over.person, asked.now) is None:
            return Assignment(over.person, rule.name, None, None, {**why, "overflow": nobody})
        nobody["overflow"] = {"person": over.person}
    elif over is not None and asked.may_hold and (at := _back_at(rule, asked)) is not None:
        return Held(rule.name, rule.pool, at, over, {**why, "held": nobody})
    tried.append(nobody)
    return None


def _turn(rule: CompiledRule, pool: str, asked: Asked) -> Rotation:
    ledger = asked.ledgers.get(pool) or Ledger(pool=pool)
    return rotate(
        asked.roster.pool(pool), ledger, asked.roster, asked.now, asked.passed_over, lambda p: asked.unfit(p, rule)
    )


def _back_at(rule: CompiledRule, asked: Asked) -> datetime | None:
    """When to look again: as soon as somebody is back, soon where somebody is only full; None where waiting is in vain."""
    seats = [s.person for s in asked.roster.pool(rule.pool).seats if s.person not in asked.passed_over]
    found = [at for person in seats if (at := asked.roster.back_at(person, asked.now)) is not None]
    return max(min(found), asked.now + LOOK_AGAIN) if found else None


class Rotation(NamedTuple):
    person: str | None
    ledger: Ledger
    why: dict[str, Any]


def rotate(
    pool: Pool,
    ledger: Ledger,
    roster: Roster,
    now: datetime,
    passed_over: frozenset[str],
    unfit: Callable[[str], str | None] = lambda _: None,
) -> Rotation:
    """The next of the pool, or none where all are away, unfit or passed over; the ledger counts the chosen one."""
    away = {
        seat.person: "paused" if pool.paused else _code(seat.person, roster, now, passed_over) or unfit(seat.person)
        for seat in pool.seats
    }
    here = [seat for seat in pool.seats if away[seat.person] is None]
    before = with_seats(ledger, pool)
    if not here:
        return Rotation(None, ledger, {"pool": pool.name, "candidates": _candidates(pool, away, {}, ledger)})
    shortfalls = _shortfalls({seat.person: seat.weight for seat in here}, before)
    chosen = max(here, key=lambda seat: shortfalls[seat.person]).person
    entry = before.entries[chosen]
    credited = _credit_the_absent(pool, before, away, sum(seat.weight for seat in here))
    entries = {**before.entries, **credited, chosen: LedgerEntry(given=entry.given + 1, credit=entry.credit)}
    after = Ledger(pool=pool.name, seq=ledger.seq + 1, entries=entries)
    why = {
        "pool": pool.name,
        "candidates": _candidates(pool, away, shortfalls, before),
        "ledger": {"seq": [ledger.seq, after.seq], "given": [entry.given, entry.given + 1]},
    }
    return Rotation(chosen, after, why)


def counted(pool: Pool, ledger: Ledger, person: str) -> Ledger:
    """The ledger after somebody of the pool was given a lead by hand: it counts as any other."""
    before = with_seats(ledger, pool)
    entry = before.entries[person]
    entries = {**before.entries, person: LedgerEntry(given=entry.given + 1, credit=entry.credit)}
    return Ledger(pool=pool.name, seq=ledger.seq + 1, entries=entries)


def _credit_the_absent(
    pool: Pool, ledger: Ledger, away: dict[str, str | None], weight_here: float
) -> dict[str, LedgerEntry]:
    """Who is away is credited what their weight would have brought, so that nobody is flooded on their return."""
    gone = [seat for seat in pool.seats if away[seat.person] not in (None, "had_it")]
    return {
        seat.person: LedgerEntry(
            given=ledger.entries[seat.person].given,
            credit=round(ledger.entries[seat.person].credit + seat.weight / weight_here, 6),
        )
        for seat in gone
    }


def with_seats(ledger: Ledger, pool: Pool) -> Ledger:
    """The ledger with an entry for each seat; a newcomer is credited the average load per weight of the others."""
    missing = [seat for seat in pool.seats if seat.person not in ledger.entries]
    if not missing:
        return ledger
    known = [(ledger.entries[s.person], s.weight) for s in pool.seats if s.person in ledger.entries]
    weights = sum(weight for _, weight in known)
    load = sum(entry.given + entry.credit for entry, _ in known) / weights if weights else 0.0
    fresh = {seat.person: LedgerEntry(credit=round(load * seat.weight, 6)) for seat in missing}
    return ledger.model_copy(update={"entries": {**ledger.entries, **fresh}})


def _shortfalls(weights: dict[str, float], ledger: Ledger) -> dict[str, float]:
    total = sum(weights.values())
    counts = {person: ledger.entries[person].given + ledger.entries[person].credit for person in weights}
    due = sum(counts.values()) + 1
    return {person: round(due * weight / total - counts[person], 6) for person, weight in weights.items()}


def _code(person: str, roster: Roster, now: datetime, passed_over: frozenset[str]) -> str | None:
    return "had_it" if person in passed_over else roster.why_away(person, now)


def _candidates(
    pool: Pool, away: dict[str, str | None], shortfalls: dict[str, float], ledger: Ledger
) -> list[dict[str, Any]]:
    """Each seat: the code of the reason it was passed over, or how far below its share it was, by load and weight."""
    return [_candidate(seat, away[seat.person], shortfalls, ledger) for seat in pool.seats]


def _candidate(seat: Seat, code: str | None, shortfalls: dict[str, float], ledger: Ledger) -> dict[str, Any]:
    if code:
        return {"person": seat.person, "code": code}
    entry = ledger.entries[seat.person]
    load = round(entry.given + entry.credit, 6)
    return {"person": seat.person, "short": shortfalls[seat.person], "load": load, "weight": seat.weight}
