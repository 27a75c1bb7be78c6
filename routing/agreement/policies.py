"""SLA policies made ready for decisions: conditions compiled, agreed signals found by their kind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, get_args

from routing.agreement.expressions import Expression, compile_expression
from schemas.agreement import AgreementFile
from schemas.signals import Kind
from schemas.sla import OWNER, PERSONAL, Policy, Rung
from schemas.volumes import Told
from schemas.words import TEAM_MANAGER, probably

_ALWAYS = "true"
Part = Literal["start_on", "pause_on", "resume_on", "fulfil_on"]
"""What a policy lists agreed signals for."""
PARTS: tuple[Part, ...] = get_args(Part)

Path = tuple[str | int, ...]


class CompiledPolicy(NamedTuple):
    """A policy with its condition; None holds always."""

    file: Policy
    when: Expression | None

    @property
    def name(self) -> str:
        return self.file.name


class AgreedSignal(NamedTuple):
    """A kind of signal in a part of a policy; `when` None holds always."""

    policy: CompiledPolicy
    part: Part
    when: Expression | None


class Policies(NamedTuple):
    """An agreement's policies in its order: all, by their names, and by what starts them; `agreed` has their agreed signals
    by kind."""

    all: tuple[CompiledPolicy, ...]
    by_name: dict[str, CompiledPolicy]
    by_start: dict[str, tuple[CompiledPolicy, ...]]
    recurring: tuple[CompiledPolicy, ...]
    agreed: dict[Kind, tuple[AgreedSignal, ...]]

    def starting(self, start: str) -> tuple[CompiledPolicy, ...]:
        """Those whose clocks this starts."""
        return self.by_start.get(start, ())


def compile_policies(policies: Sequence[Policy]) -> Policies:
    """Raises DefinitionError."""
    compiled = tuple(CompiledPolicy(policy, condition(policy.when)) for policy in policies)
    by_start: dict[str, tuple[CompiledPolicy, ...]] = {}
    agreed: dict[Kind, tuple[AgreedSignal, ...]] = {}
    for policy in compiled:
        by_start[policy.file.starts] = (*by_start.get(policy.file.starts, ()), policy)
        for kind, signal in _signals_of(policy):
            agreed[kind] = (*agreed.get(kind, ()), signal)
    return Policies(
        all=compiled,
        by_name={policy.name: policy for policy in compiled},
        by_start=by_start,
        recurring=tuple(policy for policy in compiled if policy.file.recurs),
        agreed=agreed,
    )


def _signals_of(policy: CompiledPolicy) -> Iterator[tuple[Kind, AgreedSignal]]:
    for part in PARTS:
        for match in getattr(policy.file, part):
            yield match.kind, AgreedSignal(policy, part, condition(match.when))


def condition(text: str) -> Expression | None:
    """None for one that always holds. Raises DefinitionError."""
    return None if text == _ALWAYS else compile_expression(text)


def ladders_of(file: AgreementFile) -> Iterator[tuple[Path, Rung | Told]]:
    """(path, step) of every step of every ladder, of policies and of volume promises."""
    ladders: list[tuple[str, int, tuple[Rung | Told, ...]]] = [
        *(("policies", i, policy.ladder) for i, policy in enumerate(file.sla.policies)),
        *(("volumes", i, volume.ladder) for i, volume in enumerate(file.sla.volumes)),
    ]
    for kind, i, ladder in ladders:
        for j, step in enumerate(ladder):
            yield ("sla", kind, i, "ladder", j), step


def unknown_calendars(file: AgreementFile) -> Iterator[tuple[Path, str]]:
    """(path, rule) of every calendar that does not exist. Expressions are checked with all the others."""
    named: tuple[tuple[str, list[str | None]], ...] = (
        ("policies", [None if p.is_in_own_hours(file.calendars) else p.calendar for p in file.sla.policies]),
        ("volumes", [volume.calendar for volume in file.sla.volumes]),
    )
    for kind, calendars in named:
        for i, calendar in enumerate(calendars):
            if calendar and calendar not in file.calendars:
                hint = probably(calendar, file.calendars) or f" ({', '.join(sorted(file.calendars)) or 'none'})"
                yield ("sla", kind, i, "calendar"), f"calendar `{calendar}` is not among `calendars`{hint}"


def broken_own_hours(file: AgreementFile) -> Iterator[tuple[Path, str]]:
    """`calendar: owner` where the clock measures nobody, and an `otherwise` that is missing, unknown or says nothing."""
    names = ", ".join(sorted(file.calendars)) or "none"
    for i, policy in enumerate(file.sla.policies):
        path: Path = ("sla", "policies", i)
        if not policy.is_in_own_hours(file.calendars):
            if policy.otherwise is not None:
                yield (
                    (*path, "otherwise"),
                    f"`otherwise` is for `calendar: {OWNER}`: it counts where the owner has no hours",
                )
        elif policy.starts not in PERSONAL:
            rule = (
                f"`calendar: {OWNER}` is for a clock on a person, which starts with {', '.join(PERSONAL)}: a clock that starts "
                f"with `{policy.starts}` is the lead's own, whoever has it; name one of `calendars` ({names})"
            )
            yield (*path, "calendar"), rule
        elif policy.organisation_calendar(file.calendars) is None:
            rule = f"say in `otherwise` which of `calendars` counts for an owner without hours ({names})"
            yield (*path, "calendar"), rule
        elif policy.otherwise is not None and policy.otherwise not in file.calendars:
            hint = probably(policy.otherwise, file.calendars) or f" ({names})"
            yield (*path, "otherwise"), f"calendar `{policy.otherwise}` is not among `calendars`{hint}"


def broken_dossier(file: AgreementFile) -> Iterator[tuple[Path, str]]:
    """An offer that is kept back has to wait under a clock that somebody answers for and that ends the waiting."""
    if file.handover.dossier.incomplete != "block" or any(_ends_waiting(policy) for policy in file.sla.policies):
        return
    rule = (
        "a blocked offer would wait for ever: add an SLA policy with `metric: dossier` for every lead, that nothing pauses, "
        "and with `take_back` in its `ladder`"
    )
    yield ("handover", "dossier", "incomplete"), rule


def _ends_waiting(policy: Policy) -> bool:
    always = policy.when == "true" and not policy.pause_on and not policy.fulfil_on
    return policy.metric == "dossier" and always and any(rung.do == "take_back" for rung in policy.ladder)


def people_named(file: AgreementFile) -> Iterator[tuple[Path, str]]:
    """(path, person) of everybody that a ladder names."""
    for path, step in ladders_of(file):
        for k, person in enumerate(step.to):
            if person != TEAM_MANAGER:
                yield (*path, "to", k), person
