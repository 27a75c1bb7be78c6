"""Segments and points: who they are, and what they did, with half-lives. Reckoned lazily, at the instant asked about.

Of a signal only its instant is kept, so that the same points come out whatever the order of arrival.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import NamedTuple

from routing.expressions import COUNTED, Expression, compile_expression
from routing.model import Lead
from schemas.agreement import AgreementFile
from schemas.market import FitRule, IntentRule, Segment, Territory


class CompiledFit(NamedTuple):
    rule: FitRule
    when: Expression


class CompiledIntent(NamedTuple):
    """`when` None holds always. `counted`: the instants that the lead keeps of each touch serve; else its own."""

    rule: IntentRule
    when: Expression | None
    half_life: float
    counted: bool


class CompiledSegment(NamedTuple):
    """`when` None holds always; names of industries and countries as they are compared."""

    file: Segment
    when: Expression | None
    industries: frozenset[str]
    countries: frozenset[str]


class Standards(NamedTuple):
    """What the expressions of an agreement are held against: its segments and its scoring."""

    segments: dict[str, CompiledSegment]
    fit: tuple[CompiledFit, ...]
    intent: tuple[CompiledIntent, ...]
    territories: Mapping[str, Territory] = MappingProxyType({})


class Intent(NamedTuple):
    """Whole points, and what each rule gave that gave any."""

    total: int
    parts: dict[str, float]


NONE = Standards({}, (), ())


def compile_standards(file: AgreementFile) -> Standards:
    """Raises DefinitionError."""
    scoring = file.scoring
    return Standards(
        {name: _segment(segment) for name, segment in file.segments.items()},
        tuple(CompiledFit(rule, compile_expression(rule.when)) for rule in scoring.fit),
        tuple(_intent(rule, rule.half_life or scoring.half_life) for rule in scoring.intent),
        file.territories,
    )


def _segment(file: Segment) -> CompiledSegment:
    return CompiledSegment(
        file,
        _condition(file.when),
        frozenset(name.casefold() for name in file.industries),
        frozenset(name.casefold() for name in file.countries),
    )


def _intent(rule: IntentRule, half_life: timedelta) -> CompiledIntent:
    when = _condition(rule.when)
    return CompiledIntent(rule, when, half_life.total_seconds(), when is None and rule.on in COUNTED)


def _condition(text: str) -> Expression | None:
    return None if text == "true" else compile_expression(text)


def intent_of(lead: Lead, standards: Standards, now: int) -> Intent:
    """Intent points at `now` (seconds since 1970). A fact that lies after it counts in full."""
    parts: dict[str, float] = {}
    for intent in standards.intent:
        rule = intent.rule
        instants = lead.recent.get(rule.on, ()) if intent.counted else lead.scored.get(rule.name, ())
        if instants:
            left = math.fsum(2.0 ** (-max(0, now - at) / intent.half_life) for at in instants)
            points = rule.points * left
            parts[rule.name] = points if rule.most is None else math.copysign(min(abs(points), rule.most), points)
    return Intent(whole(math.fsum(parts.values())), {name: round(points, 1) for name, points in parts.items()})


def whole(points: float) -> int:
    """Rounded down; what differs from a whole number by a rounding error of the machine is that number."""
    return math.floor(points + 1e-6)


def company_fits(lead: Lead, segment: CompiledSegment) -> bool | None:
    """Whether the company fits what the segment says of companies; None where something asked for is not known."""
    known = (
        _among(lead.company_industry, segment.industries),
        _among(lead.company_country, segment.countries),
        _of_size(lead.company_employees, segment.file),
    )
    if False in known:
        return False
    return None if None in known else True


def is_there(lead: Lead, territory: Territory) -> bool | None:
    """Whether the company is in the territory; None where something that decides it is not known."""
    country, place = _in_country(lead, territory), _placed(lead, territory)
    if country is False or place is False:
        return False
    return None if country is None or place is None else True


def _in_country(lead: Lead, territory: Territory) -> bool | None:
    if not territory.countries:
        return True
    return None if lead.company_country is None else lead.company_country in territory.countries


def _placed(lead: Lead, territory: Territory) -> bool | None:
    code = lead.company_postcode
    found = [_among(lead.company_region, frozenset(territory.regions))] if territory.regions else []
    found += [_among(lead.company_city, frozenset(territory.cities))] if territory.cities else []
    found += [None if code is None else code.startswith(territory.postcodes)] if territory.postcodes else []
    if not found or True in found:
        return True
    return None if None in found else False


def named(lead: Lead, segment: Segment) -> bool | None:
    """Whether the company is one of the named accounts; None where accounts are named and its domain is not known."""
    if not segment.accounts:
        return False
    domain = (lead.company_domain or "").casefold().removeprefix("www.")
    return any(domain == a or domain.endswith(f".{a}") for a in segment.accounts) if domain else None


def _among(value: str | None, allowed: frozenset[str]) -> bool | None:
    if not allowed:
        return True
    return None if value is None else value.casefold() in allowed


def _of_size(employees: int | None, segment: Segment) -> bool | None:
    asked = segment.employees
    if asked is None:
        return True
    if employees is None:
        return None
    return (asked.least is None or asked.least <= employees) and (asked.most is None or employees <= asked.most)
