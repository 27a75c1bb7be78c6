"""Who gets a lead: rules in order, turns within a pool (`routing.rotation`), and the evidence of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, NamedTuple

from routing.agreement import CompiledRoute, CompiledRule
from routing.capacity import fullness
from routing.definitions import Finding, Judge
from routing.hindrances import Code, evidence_of
from routing.model import Ledger, Load
from routing.roster import Roster
from routing.rotation import Rotation, rotate
from schemas.agreement import Overflow

FALLBACK = "fallback"
SECOND_OFFER = "second_offer"
ANSWERED_IN_TIME = "answered_in_time"
"""The rule by which an offer that was accepted before it ended is its person's again."""
LAST_RESORTS = frozenset({FALLBACK, SECOND_OFFER})
"""The rules by which the person of last resort has a lead: nobody else was left, or a rejection's rule says so."""
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
    before the rules and could not take it; `zone` is the organisation's, for days of capacity."""

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
    roles: tuple[str, ...] = ()
    zone: tzinfo = UTC

    def unfit(self, person: str, rule: CompiledRule) -> tuple[Code, ...]:
        """All that keeps somebody from this rule's lead now, beside absence. `language` comes last, so that it stands alone
        where nothing else is in the way."""
        roster, now = self.roster, self.now
        role: Code | None = None if not self.roles or roster.has_role(person, *self.roles) else "role"
        silent: Code | None = "language" if rule.match_language and not self._speaks(person) else None
        found = role, roster.off_hours(person, now), *fullness(person, roster, self.loads, now, self.zone), silent
        return tuple([code for code in found if code is not None]) if any(found) else ()

    def _speaks(self, person: str) -> bool:
        member = self.roster.people.get(person)
        spoken = {word.casefold() for word in member.languages} if member is not None else set()
        return self.language is None or self.language.casefold() in spoken


def assign(route: CompiledRoute, asked: Asked) -> Assignment | Held | None:
    """The owner by this route, or that it has to wait; None where nobody is left."""
    tried = list(asked.matched)
    for rule in route.rules:
        finding, said = asked.judge.answer(rule.when)
        because = {"inputs": said["inputs"]} if said["inputs"] else {}
        if not finding.met:
            tried.append({"rule": rule.name, **_not_met(finding), **because})
            continue
        chosen = _by_rule(route, rule, asked, tried, because)
        if chosen is not None:
            return chosen
    if not asked.last_resort or route.fallback in asked.passed_over:
        return None
    why = {"route": route.name, "tried": tried, "rule": FALLBACK}
    return Assignment(route.fallback, FALLBACK, None, None, why, route.name)


def _not_met(finding: Finding) -> dict[str, Any]:
    """The code, and where a fact was unknown or the lead's data wrong, what CEL said of it."""
    return {"code": "unknown" if finding.unknown else "not_met", **finding.trouble()}


def _by_rule(
    route: CompiledRoute, rule: CompiledRule, asked: Asked, tried: list[dict[str, Any]], because: dict[str, Any]
) -> Assignment | Held | None:
    """Somebody of the rule's pool, else by its overflow; None, and why is noted, where the next rule has to decide.

    `because` has what its condition was asked of."""
    why: dict[str, Any] = {"route": route.name, "tried": tried, "rule": rule.name, **because}
    found = _turn(rule, rule.pool, asked)
    if found.person is not None:
        return Assignment(found.person, rule.name, rule.pool, found.ledger, {**why, **found.why}, route.name)
    nobody: dict[str, Any] = {"rule": rule.name, "code": "nobody", **because, "candidates": found.why["candidates"]}
    over = rule.overflow
    if over is not None and over.pool is not None:
        other = _turn(rule, over.pool, asked)
        if other.person is not None:
            why["overflow"] = nobody
            return Assignment(other.person, rule.name, over.pool, other.ledger, {**why, **other.why}, route.name)
        nobody["overflow"] = {"pool": over.pool, "candidates": other.why["candidates"]}
    elif over is not None and over.person is not None:
        person = over.person
        codes = asked.roster.why_not(person, asked.now, asked.passed_over)
        if not codes:
            return Assignment(over.person, rule.name, None, None, {**why, "overflow": nobody}, route.name)
        nobody["overflow"] = {"person": person, **evidence_of(codes)}
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
