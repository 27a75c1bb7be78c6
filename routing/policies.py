"""SLA policies made ready for decisions: conditions compiled, agreed signals found by their kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from routing.expressions import Expression, compile_expression
from schemas.agreement import AgreementFile
from schemas.signals import Kind
from schemas.sla import Policy
from schemas.words import probably

_ALWAYS = "true"
PARTS = ("start_on", "pause_on", "resume_on", "fulfil_on")

Path = tuple[str | int, ...]


class CompiledPolicy(NamedTuple):
    """A policy with its conditions; `when` None holds always. `on` has the conditions of each part by signal kind."""

    file: Policy
    when: Expression | None
    on: dict[Kind, tuple[tuple[str, Expression | None], ...]]

    @property
    def name(self) -> str:
        return self.file.name


def compile_policy(policy: Policy) -> CompiledPolicy:
    """Raises DefinitionError."""
    on: dict[Kind, tuple[tuple[str, Expression | None], ...]] = {}
    for part in PARTS:
        for match in getattr(policy, part):
            on[match.kind] = (*on.get(match.kind, ()), (part, _condition(match.when)))
    return CompiledPolicy(policy, _condition(policy.when), on)


def _condition(text: str) -> Expression | None:
    return None if text == _ALWAYS else compile_expression(text)


def broken_policies(file: AgreementFile) -> Iterator[tuple[Path, str]]:
    """(path, rule) of every calendar that does not exist. Expressions are checked with all the others."""
    for i, policy in enumerate(file.sla.policies):
        if policy.calendar and policy.calendar not in file.calendars:
            hint = probably(policy.calendar, file.calendars) or f" ({', '.join(sorted(file.calendars)) or 'none'})"
            yield ("sla", "policies", i, "calendar"), f"calendar `{policy.calendar}` is not among `calendars`{hint}"


def broken_dossier(file: AgreementFile) -> Iterator[tuple[Path, str]]:
    """An offer that is kept back has to wait under a clock that somebody answers for."""
    if file.handover.dossier.incomplete != "block":
        return
    if not any(policy.metric == "dossier" and policy.ladder for policy in file.sla.policies):
        rule = "a blocked offer would wait for ever: add an SLA policy with `metric: dossier` and a `ladder`"
        yield ("handover", "dossier", "incomplete"), rule


def people_named(file: AgreementFile) -> Iterator[tuple[Path, str]]:
    """(path, person) of everybody whom a ladder names."""
    for i, policy in enumerate(file.sla.policies):
        for j, rung in enumerate(policy.ladder):
            for k, person in enumerate(rung.to):
                yield ("sla", "policies", i, "ladder", j, "to", k), person
