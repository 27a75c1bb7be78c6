"""Segments and points: who they are, and what they did, with half-lives. Computed only when asked for, at the instant asked about.

Of a signal only its instant is kept, so that the same points come out whatever the order of arrival.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import lru_cache
from typing import NamedTuple

import msgspec

from routing.agreement.expressions import COUNTED, Expression, compile_expression
from routing.agreement.facts import Call, Reader, reader_of
from routing.agreement.territories import CompiledTerritory, compile_territory
from routing.model.records import Lead
from schemas.agreement import AgreementFile
from schemas.domains import host_of
from schemas.market import Employees, FitRule, IntentRule, Segment
from schemas.places import word_key
from schemas.signals import Kind


class CompiledFit(NamedTuple):
    rule: FitRule
    when: Expression


class CompiledIntent(NamedTuple):
    """`when` None holds always. `counted`: the instants that the lead keeps of each touch serve; else its own."""

    name: str
    on: Kind
    when: Expression | None
    points: int
    most: int | None
    half_life: float
    counted: bool


class CompiledSegment(NamedTuple):
    """`when` None holds always; names of industries and countries as they are compared; `least` and `most` employees."""

    when: Expression | None
    industries: frozenset[str]
    countries: frozenset[str]
    accounts: frozenset[str]
    only_accounts: bool
    least: float | None
    most: float | None


class Gained(msgspec.Struct, frozen=True):
    """Whole points, and what each rule gave that gave any."""

    total: int
    parts: dict[str, float]


class Standards(NamedTuple):
    """What the expressions of an agreement are held against: its segments and its scoring.

    `apart` are the rules for intent, by kind, of which the lead keeps instants of their own. `reader` reads all that the rules for `fit` depend on, and `fits` keeps what they give by it; None where one depends on
    more than its words say.
    """

    segments: dict[str, CompiledSegment]
    fit: tuple[CompiledFit, ...]
    intent: tuple[CompiledIntent, ...]
    apart: dict[Kind, tuple[CompiledIntent, ...]]
    territories: Mapping[str, CompiledTerritory]
    reader: Reader | None
    fits: dict[object, Gained]


NONE = Standards(segments={}, fit=(), intent=(), apart={}, territories={}, reader=None, fits={})
_NOTHING = Gained(0, {})
_word = lru_cache(maxsize=2048)(word_key)
_host = lru_cache(maxsize=2048)(host_of)
_OF_TERRITORY = ("company.country", "company.region", "company.city", "company.postcode")


def compile_standards(file: AgreementFile) -> Standards:
    """Raises DefinitionError."""
    scoring = file.scoring
    segments = {name: _segment(segment) for name, segment in file.segments.items()}
    fit = tuple(CompiledFit(rule, compile_expression(rule.when)) for rule in scoring.fit)
    intent = tuple(_intent(rule, rule.half_life or scoring.half_life) for rule in scoring.intent)
    apart = [rule for rule in intent if not rule.counted]
    return Standards(
        segments=segments,
        fit=fit,
        intent=intent,
        apart={rule.on: tuple(other for other in apart if other.on == rule.on) for rule in apart},
        territories={name: compile_territory(territory) for name, territory in file.territories.items()},
        reader=_reader([rule.when for rule in fit], segments),
        fits={},
    )


def _reader(rules: list[Expression], segments: Mapping[str, CompiledSegment]) -> Reader | None:
    """A segment and a territory are what they ask for, so that neither has to be judged to look the points up."""
    named = [segments[name] for rule in rules for name in sorted(rule.segments) if name in segments]
    names = dict.fromkeys(name for segment in named for name in _asked_by(segment))
    calls: dict[Call, None] = {}
    for expression in (*rules, *[segment.when for segment in named if segment.when is not None]):
        if expression.foreseen is None:
            return None
        names |= dict.fromkeys(expression.names)
        for call in expression.foreseen:
            if call.function == "in_territory":
                names |= dict.fromkeys(_OF_TERRITORY)
            elif call.function != "in_segment":
                calls[call] = None
    return reader_of(tuple(names), tuple(calls))


def _asked_by(segment: CompiledSegment) -> Iterator[str]:
    if segment.accounts:
        yield "company.domain"
    yield from ("company.industry", "company.country", "company.employees")


def _segment(file: Segment) -> CompiledSegment:
    least, most = _bounds(file.employees)
    return CompiledSegment(
        when=_condition(file.when),
        industries=frozenset(key for name in file.industries if (key := _word(name)) is not None),
        countries=frozenset(file.countries),
        accounts=frozenset(file.accounts),
        only_accounts=file.only_accounts,
        least=least,
        most=most,
    )


def _bounds(employees: Employees | None) -> tuple[float | None, float | None]:
    """An end that is left out is open; None where nothing is asked."""
    if employees is None:
        return None, None
    return employees.least or 0, math.inf if employees.most is None else employees.most


def _intent(rule: IntentRule, half_life: timedelta) -> CompiledIntent:
    when = _condition(rule.when)
    counted = when is None and rule.on in COUNTED
    return CompiledIntent(
        name=rule.name,
        on=rule.on,
        when=when,
        points=rule.points,
        most=rule.most,
        half_life=half_life.total_seconds(),
        counted=counted,
    )


def _condition(text: str) -> Expression | None:
    return None if text == "true" else compile_expression(text)


def intent_of(lead: Lead, standards: Standards, now: int) -> Gained:
    """Intent points at `now` (seconds since 1970). A fact that lies after it counts in full."""
    gained: list[float] = []
    parts: dict[str, float] = {}
    recent, scored = lead.recent, lead.scored
    for name, on, _, each, most, half_life, counted in standards.intent:
        instants = recent.get(on) if counted else scored.get(name)
        if instants:
            points = each * math.fsum([2.0 ** ((at - now) / half_life) if at < now else 1.0 for at in instants])
            if most is not None and not -most <= points <= most:
                points = math.copysign(most, points)
            gained.append(points)
            parts[name] = round(points, 1)
    return Gained(whole(math.fsum(gained)), parts) if parts else _NOTHING


def whole(points: float) -> int:
    """Rounded down; what differs from a whole number by a rounding error of the machine is that number."""
    return math.floor(points + 1e-6)


def company_fits(lead: Lead, segment: CompiledSegment) -> bool | None:
    """Whether the company fits what the segment says of companies; None where something asked for is not known."""
    fits = (
        _among(_word(lead.company_industry), segment.industries),
        _among(lead.company_country, segment.countries),
        _of_size(lead.company_employees, segment),
    )
    if False in fits:
        return False
    return None if None in fits else True


def is_named_account(lead: Lead, segment: CompiledSegment) -> bool | None:
    """Whether the company is one of the named accounts; None where accounts are named and its domain is not known."""
    if not segment.accounts:
        return False
    domain = _host(lead.company_domain)
    return not segment.accounts.isdisjoint(_above(domain)) if domain else None


def _above(domain: str) -> Iterator[str]:
    """The domain and those that it is part of."""
    while domain:
        yield domain
        domain = domain.partition(".")[2]


def _among(value: str | None, allowed: frozenset[str]) -> bool | None:
    if not allowed:
        return True
    return None if value is None else value in allowed


def _of_size(employees: int | None, segment: CompiledSegment) -> bool | None:
    if segment.least is None or segment.most is None:
        return True
    return None if employees is None else segment.least <= employees <= segment.most
