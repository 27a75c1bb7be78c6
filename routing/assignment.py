"""Who gets a lead: rules in order, fair weighted rotation within a pool, and the evidence of it.

Rotation is by largest shortfall against the weighted target. With `n` assigned so far among those who stand in the
pool, a person of weight `w` of total `W` ought to have (n + 1) * w / W; whoever is furthest below gets the lead. What
counts is `given + credit`: who joins is credited the pool's average per weight, and who is away their share of each lead
given meanwhile, so that nobody is flooded. Ties go to the seat that stands first in the roster.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from routing.agreement import CompiledRoute
from routing.definitions import Judge
from routing.model import Ledger, LedgerEntry
from routing.roster import Roster
from schemas.roster import Pool, Seat


class Assignment(NamedTuple):
    """Somebody was chosen. `ledger` is the pool's after it, None where no pool was rotated."""

    person: str
    rule: str
    pool: str | None
    ledger: Ledger | None
    why: dict[str, Any]


def assign(
    route: CompiledRoute,
    judge: Judge,
    roster: Roster,
    ledgers: dict[str, Ledger],
    now: datetime,
    passed_over: frozenset[str] = frozenset(),
    last_resort: bool = True,
) -> Assignment | None:
    """The owner by this route. `passed_over` have had their chance in this hand-over. Without `last_resort` None is
    possible: nobody of the pools is left."""
    tried: list[dict[str, Any]] = []
    for rule in route.rules:
        finding = judge.asks(rule.when)
        if not finding.met:
            tried.append({"rule": rule.name, "code": "unknown" if finding.unknown else "not_met"})
            continue
        ledger = ledgers.get(rule.pool) or Ledger(pool=rule.pool)
        chosen = rotate(roster.pool(rule.pool), ledger, roster, now, passed_over)
        if chosen.person is not None:
            why = {"route": route.name, "tried": tried, "rule": rule.name, **chosen.why}
            return Assignment(chosen.person, rule.name, rule.pool, chosen.ledger, why)
        tried.append({"rule": rule.name, "code": "nobody", "candidates": chosen.why["candidates"]})
    if not last_resort or route.fallback in passed_over:
        return None
    return Assignment(route.fallback, "fallback", None, None, {"route": route.name, "tried": tried, "rule": "fallback"})


class Rotation(NamedTuple):
    person: str | None
    ledger: Ledger
    why: dict[str, Any]


def rotate(pool: Pool, ledger: Ledger, roster: Roster, now: datetime, passed_over: frozenset[str]) -> Rotation:
    """The next of the pool, or none where all are away or passed over; the ledger counts the chosen one."""
    away = {
        seat.person: "paused" if pool.paused else _code(seat.person, roster, now, passed_over) for seat in pool.seats
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
