"""The agreement made ready for decisions: expressions compiled, calendars reckoned, references checked, hashed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

from routing.business_time import BusinessCalendar, compile_calendar
from routing.definitions import DefinitionError, Expression, compile_expression
from routing.policies import CompiledPolicy, broken_dossier, broken_policies, compile_policy, people_named
from routing.roster import Roster
from schemas.agreement import AgreementFile, Overflow, Route
from schemas.duration import Target
from schemas.yamlfile import FileError, load, problem

Path = tuple[str | int, ...]


class CompiledRule(NamedTuple):
    name: str
    when: Expression
    pool: str
    match_language: bool = False
    overflow: Overflow | None = None


class CompiledRoute(NamedTuple):
    """Rules in order, then the person of last resort."""

    name: str
    rules: tuple[CompiledRule, ...]
    fallback: str


class Agreement(NamedTuple):
    """A checked agreement. `hash` is the SHA-256 of the file's content as parsed; decisions record it."""

    file: AgreementFile
    hash: str
    definitions: dict[str, Expression]
    routes: dict[str, CompiledRoute]
    calendars: dict[str, BusinessCalendar]
    policies: tuple[CompiledPolicy, ...]

    @property
    def organisation(self) -> str:
        return self.file.organisation

    def policy(self, name: str) -> CompiledPolicy | None:
        return next((policy for policy in self.policies if policy.name == name), None)

    def calendar(self, name: str | None) -> BusinessCalendar | None:
        return self.calendars[name] if name else None


def compile_agreement(text: str, name: str = "agreement.yaml") -> Agreement:
    """Reads and checks the file called `name`. Raises FileError with every problem, each with its line and path."""
    file = load(text, AgreementFile, name)
    problems = [problem(name, text, path, rule) for path, rule in _broken_rules(file)]
    if problems:
        raise FileError(problems)
    routes = {key: _route(key, getattr(file.routing, key)) for key in ("qualification", "hand_over", "growth")}
    return Agreement(
        file=file,
        hash=hashlib.sha256(file.model_dump_json(by_alias=True).encode()).hexdigest(),
        definitions={key: compile_expression(value) for key, value in file.definitions},
        routes=routes,
        calendars={key: compile_calendar(value) for key, value in file.calendars.items()},
        policies=tuple(compile_policy(policy) for policy in file.sla.policies),
    )


def check_against(agreement: Agreement, roster: Roster, text: str, name: str) -> list[str]:
    """Problems of the agreement with this roster: pools and people that it names and that do not exist."""
    found: list[str] = []
    for key, route in agreement.routes.items():
        for i, rule in enumerate(route.rules):
            if rule.pool not in roster.pools:
                rules = f"pool `{rule.pool}` is not in the roster; it has {', '.join(sorted(roster.pools)) or 'none'}"
                found.append(problem(name, text, ("routing", key, "rules", i, "pool"), rules))
            over = rule.overflow
            if over is not None and over.pool is not None and over.pool not in roster.pools:
                path: Path = ("routing", key, "rules", i, "overflow", "pool")
                found.append(problem(name, text, path, f"pool `{over.pool}` is not in the roster"))
            if over is not None and over.person is not None and over.person not in roster.people:
                path = ("routing", key, "rules", i, "overflow", "person")
                found.append(problem(name, text, path, f"`{over.person}` is not in the roster"))
        if route.fallback not in roster.people:
            found.append(problem(name, text, ("routing", key, "fallback"), f"`{route.fallback}` is not in the roster"))
    for path, person in people_named(agreement.file):
        if person not in roster.people:
            found.append(problem(name, text, path, f"`{person}` is not in the roster"))
    return found


def _route(name: str, route: Route) -> CompiledRoute:
    rules = tuple(
        CompiledRule(rule.name, compile_expression(rule.when), rule.pool, rule.match_language, rule.overflow)
        for rule in route.rules
    )
    return CompiledRoute(name, rules, route.fallback)


def _broken_rules(file: AgreementFile) -> Iterator[tuple[Path, str]]:
    for key, text in file.definitions:
        yield from _does_not_compile(("definitions", key), text)
    for key, route in file.routing:
        for i, rule in enumerate(route.rules):
            yield from _does_not_compile(("routing", key, "rules", i, "when"), rule.when)
            if rule.overflow and rule.overflow.calendar and rule.overflow.calendar not in file.calendars:
                yield ("routing", key, "rules", i, "overflow", "calendar"), _no_calendar(rule.overflow.calendar, file)
    yield from broken_policies(file)
    yield from broken_dossier(file)
    yield from _broken_offer(file)


def _broken_offer(file: AgreementFile) -> Iterator[tuple[Path, str]]:
    expires: Target | None = file.handover.offer_expires
    if file.handover.calendar and file.handover.calendar not in file.calendars:
        yield ("handover", "calendar"), _no_calendar(file.handover.calendar, file)
    if expires and (expires.kind != "elapsed") != (file.handover.calendar is not None):
        yield ("handover", "offer_expires"), "business time needs a `calendar`, and elapsed time takes none"


def _no_calendar(name: str, file: AgreementFile) -> str:
    return f"calendar `{name}` is not among `calendars` ({', '.join(sorted(file.calendars)) or 'none'})"


def _does_not_compile(path: Path, text: str) -> Iterator[tuple[Path, str]]:
    try:
        compile_expression(text)
    except DefinitionError as error:
        yield path, str(error)
