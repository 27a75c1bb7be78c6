"""Who gets a lead: rules in order, turns within a pool (`routing.assignment.rotation`), and the evidence of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from typing import NamedTuple

from routing.agreement.agreement import CompiledRoute, CompiledRule
from routing.agreement.definitions import Finding, Judge
from routing.assignment.rotation import Rotation, change, hindrances_of, rotate
from routing.model.records import Ledger, Load
from routing.people.capacity import fullness
from routing.people.hindrances import Code, evidence_of
from routing.people.roster import Roster
from schemas.agreement import Overflow
from schemas.certain import certain
from schemas.json_values import JsonObject
from schemas.roster import Pool

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
    why: JsonObject
    pool: str | None = None
    ledger: Ledger | None = None
    route: str | None = None


class Wait(NamedTuple):
    """Nobody of the rule's pool can take it now, and the agreement says to wait: until `retry_at` at least, then look
    again, `hold` in all. `kept_for`: it is their turn, and they come to work then; `ledger` is the pool's with that turn, None where
    it was counted before."""

    rule: str
    pool: str
    retry_at: datetime
    overflow: Overflow
    why: JsonObject
    kept_for: str | None = None
    ledger: Ledger | None = None


class Line(NamedTuple):
    """The queue that a lead stands in: of which rule, until when at most, and the person it is kept for."""

    rule: str
    until: datetime
    kept_for: str | None


class AssignmentContext(NamedTuple):
    """What a choice depends on beside the route. People `passed_over` have had their chance in this hand-over. Without
    `last_resort` the answer may be nobody; with `may_hold` it may be to wait. `matched` is evidence of those who came
    before the rules and could not take it. `zone` is the organisation's, for days of capacity; `line` is where the lead
    waits already."""

    judge: Judge
    roster: Roster
    ledgers: Mapping[str, Ledger]
    loads: Mapping[str, Load]
    now: datetime
    language: str | None = None
    passed_over: frozenset[str] = frozenset()
    last_resort: bool = True
    may_hold: bool = False
    matched: tuple[JsonObject, ...] = ()
    roles: tuple[str, ...] = ()
    zone: tzinfo = UTC
    line: Line | None = None

    def unfit(self, person: str, rule: CompiledRule) -> tuple[Code, ...]:
        """All that keeps somebody from this rule's lead now, beside absence. `language` comes last, so that it stands alone
        where nothing else is in the way."""
        roster, now = self.roster, self.now
        role: Code | None = None if not self.roles or roster.has_role(person, *self.roles) else "role"
        silent: Code | None = "language" if rule.match_language and not self._speaks(person) else None
        codes = (
            role,
            roster.off_hours(person, now),
            *fullness(person, roster, loads=self.loads, now=now, zone=self.zone),
            silent,
        )
        return tuple([code for code in codes if code is not None]) if any(codes) else ()

    def _speaks(self, person: str) -> bool:
        member = self.roster.people.get(person)
        spoken = {word.casefold() for word in member.languages} if member is not None else set()
        return self.language is None or self.language.casefold() in spoken


def assign(route: CompiledRoute, context: AssignmentContext) -> Assignment | Wait | None:
    """Chooses the owner by this route, or says that the lead has to wait; None where nobody is left."""
    tried = list(context.matched)
    for rule in route.rules:
        finding, evidence = context.judge.answer(rule.when)
        because = {"inputs": evidence["inputs"]} if evidence["inputs"] else {}
        if not finding.met:
            tried.append({"rule": rule.name, **_not_met(finding), **because})
            continue
        chosen = _by_rule(route, rule, context=context, tried=tried, because=because)
        if chosen is not None:
            return chosen
    if not context.last_resort or route.fallback in context.passed_over:
        return None
    why = {"route": route.name, "tried": tried, "rule": FALLBACK}
    return Assignment(person=route.fallback, rule=FALLBACK, why=why, route=route.name)


def _not_met(finding: Finding) -> JsonObject:
    """The code, and where a fact was unknown or the lead's data wrong, what CEL said of it."""
    return {"code": "unknown" if finding.unknown else "not_met", **finding.trouble()}


def _by_rule(
    route: CompiledRoute,
    rule: CompiledRule,
    context: AssignmentContext,
    tried: list[JsonObject],
    because: JsonObject,
) -> Assignment | Wait | None:
    """Chooses somebody of the rule's pool, else by its overflow. None where the next rule has to decide; `tried` says
    why then.

    `because` has what the rule's condition was asked of."""
    why: JsonObject = {"route": route.name, "tried": tried, "rule": rule.name, **because}
    if (
        _is_shared_over_day(rule, context)
        and (shared := _turn_of_the_day(route, rule, context=context, why=why, because=because)) is not None
    ):
        return shared
    rotation = _turn(rule, rule.pool, context)
    if rotation.person is not None:
        return Assignment(
            person=rotation.person,
            rule=rule.name,
            pool=rule.pool,
            ledger=rotation.ledger,
            why={**why, **rotation.why},
            route=route.name,
        )
    nobody: JsonObject = {"rule": rule.name, "code": "nobody", **because, "candidates": rotation.why["candidates"]}
    over = rule.overflow
    if over is not None and over.pool is not None:
        other = _turn(rule, over.pool, context)
        if other.person is not None:
            why["overflow"] = nobody
            return Assignment(
                person=other.person,
                rule=rule.name,
                pool=over.pool,
                ledger=other.ledger,
                why={**why, **other.why},
                route=route.name,
            )
        nobody["overflow"] = {"pool": over.pool, "candidates": other.why["candidates"]}
    elif over is not None and over.person is not None:
        person = over.person
        codes = context.roster.why_not(person, context.now, context.passed_over)
        if not codes:
            return Assignment(
                person=over.person,
                rule=rule.name,
                why={**why, "overflow": nobody},
                route=route.name,
            )
        nobody["overflow"] = {"person": person, **evidence_of(codes)}
    elif over is not None and context.may_hold:
        if (at := _back_at(rule, context)) is not None:
            return Wait(rule=rule.name, pool=rule.pool, retry_at=at, overflow=over, why={**why, "held": nobody})
        nobody["in_vain"] = True  # It would have waited for anybody who comes back.
    tried.append(nobody)
    return None


def _is_shared_over_day(rule: CompiledRule, context: AssignmentContext) -> bool:
    """Whether what waits for this rule is shared among all who work that day, and the lead is such a one."""
    over, line = rule.overflow, context.line
    return (
        over is not None
        and over.shared_over == "day"
        and context.may_hold
        and line is not None
        and line.rule == rule.name
    )


def _turn_of_the_day(
    route: CompiledRoute, rule: CompiledRule, context: AssignmentContext, why: JsonObject, because: JsonObject
) -> Assignment | Wait | None:
    """Whose turn it is of those at work and those who come later that day; None where there is nobody. A lead whose turn is one
    of the latter's waits for them, and their turn is counted at once, so that the next lead is another's."""
    pool, ledger = context.roster.pool(rule.pool), context.ledgers.get(rule.pool) or Ledger(pool=rule.pool)
    line, overflow = certain(context.line, "it waits"), certain(rule.overflow, "it waits for this rule")
    coming, kept = _arrivals(pool, context, line.until), line.kept_for
    codes = {
        seat.person: hindrances_of(
            pool,
            seat.person,
            roster=context.roster,
            now=context.now,
            passed_over=context.passed_over,
            unfit=partial(context.unfit, rule=rule),
        )
        for seat in pool.seats
    }
    after: Ledger | None = None
    if kept is not None and codes.get(kept) == ():
        seats = [{"person": s.person, "weight": s.weight} | _turn_evidence(s.person, kept, codes) for s in pool.seats]
        turn = {"pool": pool.name, "candidates": seats, "ledger": change(pool, ledger, ledger), "kept": True}
        return Assignment(
            person=kept, rule=rule.name, pool=rule.pool, ledger=ledger, why={**why, **turn}, route=route.name
        )
    if kept is None or kept not in coming or codes.get(kept) != ("off_hours",):
        rotation = rotate(
            pool,
            ledger,
            roster=context.roster,
            now=context.now,
            passed_over=context.passed_over,
            unfit=lambda p: context.unfit(p, rule),
            coming=coming.keys(),
        )
        if rotation.person is None or codes[rotation.person] == ():
            return _assignment_by_turn(route, rule, rotation, why)
        kept, after = rotation.person, rotation.ledger
    seats = [{"person": s.person, "weight": s.weight} | _turn_evidence(s.person, None, codes) for s in pool.seats]
    held = {"rule": rule.name, "code": "kept", **because, "candidates": seats}
    return Wait(
        rule=rule.name,
        pool=rule.pool,
        retry_at=coming[kept],
        overflow=overflow,
        why={**why, "held": held},
        kept_for=kept,
        ledger=after,
    )


def _assignment_by_turn(
    route: CompiledRoute, rule: CompiledRule, rotation: Rotation, why: JsonObject
) -> Assignment | None:
    if rotation.person is None:
        return None
    return Assignment(
        person=rotation.person,
        rule=rule.name,
        pool=rule.pool,
        ledger=rotation.ledger,
        why={**why, **rotation.why},
        route=route.name,
    )


def _turn_evidence(person: str, whose: str | None, codes: Mapping[str, tuple[Code, ...]]) -> JsonObject:
    """As evidence of a seat: whose turn it is, else what was in the way."""
    return {"short": 0.0} if person == whose else evidence_of(codes[person] or ("turn",))


def _arrivals(pool: Pool, context: AssignmentContext, until: datetime) -> dict[str, datetime]:
    """When those come to work who are not there yet, on this day of theirs and before the waiting is over."""
    arrivals: dict[str, datetime] = {}
    for seat in pool.seats:
        zone = context.roster.zone_of(seat.person, context.zone)
        at = context.roster.back_at(seat.person, context.now)
        if (
            at is not None
            and context.now < at < until
            and at.astimezone(zone).date() == context.now.astimezone(zone).date()
        ):
            arrivals[seat.person] = at
    return arrivals


def _turn(rule: CompiledRule, pool: str, context: AssignmentContext) -> Rotation:
    ledger = context.ledgers.get(pool) or Ledger(pool=pool)
    return rotate(
        context.roster.pool(pool),
        ledger,
        roster=context.roster,
        now=context.now,
        passed_over=context.passed_over,
        unfit=lambda p: context.unfit(p, rule),
    )


def _back_at(rule: CompiledRule, context: AssignmentContext) -> datetime | None:
    """When to look again: as soon as somebody is back, soon where somebody is only full; None where waiting is in vain."""
    seats = [s.person for s in context.roster.pool(rule.pool).seats if s.person not in context.passed_over]
    returns = [at for person in seats if (at := context.roster.back_at(person, context.now)) is not None]
    return max(min(returns), context.now + LOOK_AGAIN) if returns else None
