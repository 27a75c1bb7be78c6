"""What an agreement says that could leave a lead in limbo, or that can never come true: refused before it rules anybody.

Each finding is (path in the file, rule broken and likely fix).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import get_args

from routing.agreement.expressions import ATTRIBUTES, SCORES, DefinitionError, Expression, compile_expression
from routing.agreement.literals import WORDS, misfits, most_counted
from routing.agreement.timing import is_foreseen
from routing.agreement.tracks_lint import tracks_that_cannot
from routing.calendar.business_time import compile_calendar, due_at
from routing.model.errors import BusinessTimeError
from schemas.agreement import AgreementFile, Route, Rule
from schemas.duration import TargetValue
from schemas.events import Track
from schemas.sla import Policy
from schemas.volumes import Volume
from schemas.words import probably

Path = tuple[str | int, ...]
Found = Iterator[tuple[Path, str]]
LEAST_KEPT, MOST_KEPT = 32, 200
"""Instants that are kept of each kind of signal of a lead: as many as the agreement counts, between these."""
_PROBE = datetime(2026, 1, 1, tzinfo=UTC)


def weaknesses(file: AgreementFile) -> Found:
    """Asked of a file all of whose expressions compile."""
    yield from _definitions(file)
    for key, route in file.routing:
        yield from _unreachable_rules(("routing", key, "rules"), route)
    yield from _segments(file)
    yield from _scoring(file)
    for track in get_args(Track):
        yield from tracks_that_cannot(file.nurturing, track)
    yield from _targets(file)
    yield from _counts(file)
    yield from _unwatched_offers(file)
    yield from _conditions_of_promises(file)
    yield from _unforeseen_changes(file)


def expressions_of(file: AgreementFile) -> Iterator[tuple[Path, str]]:
    """(path, text) of every expression of the file: the definitions, and whatever is called `when` or `exit`."""
    for name, text in file.definitions:
        yield ("definitions", name), text
    yield from _conditions(file.model_dump(by_alias=True, exclude_none=True), ())


def _conditions(value: object, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("when", "exit") and isinstance(inner, str):
                yield (*path, key), inner
            else:
                yield from _conditions(inner, (*path, key))
    elif isinstance(value, list | tuple):
        for i, inner in enumerate(value):
            yield from _conditions(inner, (*path, i))


def uncompilable(file: AgreementFile) -> Found:
    """Every expression that does not compile, or that names what is not there: a segment, a kind, a stage, a brand."""
    programmes = [programme.name for track in file.nurturing.all.values() for programme in track.entry]
    words = {
        **WORDS,
        "lead.brand": file.brands,
        "lead.programme": (*programmes, ""),
        "lead.own_track": (*file.nurturing.tracks, ""),
    }
    for path, text in expressions_of(file):
        try:
            expression = compile_expression(text)
        except DefinitionError as error:
            yield path, str(error)
            continue
        for rule in misfits(text, words):
            yield path, rule
        for name in sorted(expression.segments - file.segments.keys()):
            names = ", ".join(sorted(file.segments)) or "none"
            hint = probably(name, file.segments) or f"; there are {names}"
            yield path, f"segment `{name}` is not among `segments`{hint}"
        for function, name in sorted(expression.named):
            yield from ((path, rule) for rule in _problems_of_name(function, name, file))


def _problems_of_name(function: str, name: str, file: AgreementFile) -> Iterator[str]:
    if function == "in_territory":
        if name not in file.territories:
            names = ", ".join(sorted(file.territories)) or "none"
            yield f"territory `{name}` is not among `territories`{probably(name, file.territories) or f'; there are {names}'}"
    elif name not in file.attributes:
        names = ", ".join(sorted(file.attributes)) or "none"
        yield f"attribute `{name}` is not among `attributes`{probably(name, file.attributes) or f'; there are {names}'}"
    elif (kind := file.attributes[name].type) != ATTRIBUTES[function]:
        right_function = next(other for other, type_ in ATTRIBUTES.items() if type_ == kind)
        yield f"attribute `{name}` is of type {kind}; ask `{right_function}('{name}')`"


def _definitions(file: AgreementFile) -> Found:
    for name in ("engaged", "sales_qualified"):
        if compile_expression(getattr(file.definitions, name)).constant is False:
            yield ("definitions", name), "can never be met, so leads would wait for ever; say what it takes"
    if compile_expression(file.definitions.not_now).constant is True:
        yield ("definitions", "not_now"), "is always met, so whoever is not qualified at once is sent back at once"


def _unreachable_rules(path: Path, route: Route) -> Found:
    """A rule is passed over when nobody of its pool is at work, so what comes after `true` is unreachable only where it
    asks a pool that was asked already."""
    earlier_rules: list[tuple[Rule, Expression]] = []
    for i, rule in enumerate(route.rules):
        when = compile_expression(rule.when)
        if when.constant is False:
            yield (*path, i, "when"), "can never hold, so the rule is unreachable; remove it or mend the condition"
        for earlier, before in earlier_rules:
            asks_all = not earlier.match_language or rule.match_language
            pools = (earlier.pool, earlier.overflow.pool if earlier.overflow else None)
            if rule.pool in pools and asks_all and (before.constant is True or before.text == rule.when):
                yield (
                    (*path, i),
                    f"rule `{rule.name}` is unreachable: `{earlier.name}` asks pool `{rule.pool}` before it",
                )
                break
        earlier_rules.append((rule, when))


def _segments(file: AgreementFile) -> Found:
    for name, segment in file.segments.items():
        when = compile_expression(segment.when)
        path: Path = ("segments", name, "when")
        if when.segments or not SCORES.isdisjoint(when.calls):
            yield path, "a segment cannot ask for segments or points, which may ask for it in turn"
        if when.constant is False:
            yield path, "can never hold, so nobody would be in the segment"


def _scoring(file: AgreementFile) -> Found:
    for part in ("fit", "intent"):
        for i, rule in enumerate(getattr(file.scoring, part)):
            when = compile_expression(rule.when)
            path: Path = ("scoring", part, i)
            if not SCORES.isdisjoint(when.calls):
                yield (*path, "when"), "points cannot ask for points"
            if when.constant is False:
                yield (*path, "when"), "can never hold, so nobody would get the points"
            if rule.points == 0:
                yield (*path, "points"), "no points; remove the rule or say how many"
    if any(not SCORES.isdisjoint(compile_expression(text).calls) for _, text in expressions_of(file)) and not (
        file.scoring.fit or file.scoring.intent
    ):
        yield ("definitions",), "points are asked for, and `scoring` gives none; add `fit` or `intent` rules"


def _targets(file: AgreementFile) -> Found:
    for i, policy in enumerate(file.sla.policies):
        yield from _too_long(("sla", "policies", i, "target"), policy.target, _calendar_of(policy, file), file)
    kinds: tuple[tuple[str, tuple[Policy | Volume, ...]], ...] = (
        ("policies", file.sla.policies),
        ("volumes", file.sla.volumes),
    )
    for kind, promises in kinds:
        for i, promise in enumerate(promises):
            for j, warning in enumerate(promise.warnings):
                yield from _too_long(("sla", kind, i, "warnings", j), warning, _calendar_of(promise, file), file)
            for j, after in enumerate([rung.after for rung in promise.ladder]):
                yield from _too_long(("sla", kind, i, "ladder", j, "after"), after, _calendar_of(promise, file), file)
    for key, route in file.routing:
        for i, rule in enumerate(route.rules):
            if rule.overflow is not None and rule.overflow.hold is not None:
                place = ("routing", key, "rules", i, "overflow", "hold")
                yield from _too_long(place, rule.overflow.hold, rule.overflow.calendar, file)
    yield from _waits_of_handover(file)


def _calendar_of(promise: Policy | Volume, file: AgreementFile) -> str | None:
    """Of a promise in somebody's own hours the organisation's: hours that never suffice are as none."""
    own = isinstance(promise, Policy) and promise.is_in_own_hours(file.calendars)
    return promise.organisation_calendar(file.calendars) if isinstance(promise, Policy) and own else promise.calendar


def _waits_of_handover(file: AgreementFile) -> Found:
    if (hunter := file.handover.hunter) is not None:
        yield from _too_long(("handover", "hunter", "waits"), hunter.waits, hunter.calendar, file)
    if file.handover.offer_expires is not None:
        path = ("handover", "offer_expires")
        yield from _too_long(path, file.handover.offer_expires, file.handover.calendar, file)


def counts_of(file: AgreementFile) -> Iterator[tuple[Path, int]]:
    """How many signals of a kind each expression, and each bounded scoring rule, has to know of."""
    for path, text in expressions_of(file):
        yield path, most_counted(text)
    for i, rule in enumerate(file.scoring.intent):
        if rule.most is not None and rule.points:
            yield ("scoring", "intent", i, "most"), -(-rule.most // abs(rule.points))


def _counts(file: AgreementFile) -> Found:
    for path, count in counts_of(file):
        if count > MOST_KEPT:
            yield (
                path,
                f"{count} signals of a kind are asked for, and {MOST_KEPT} are kept of a lead at most; ask for fewer",
            )


def _too_long(path: Path, target: TargetValue, calendar: str | None, file: AgreementFile) -> Found:
    """Computed once to find out: no bound has to be kept in step with the one of business time."""
    if calendar is not None and calendar not in file.calendars:
        return
    try:
        due_at(_PROBE, target, compile_calendar(file.calendars[calendar]) if calendar else None, ())
    except BusinessTimeError:
        yield path, f"`{target}` is longer than calendar `{calendar}` is open in twelve years; shorten it"


def _conditions_of_promises(file: AgreementFile) -> Found:
    """What starts with an offer or a stage sees the signal that brought the lead there; these two start with what sales does."""
    for i, policy in enumerate(file.sla.policies):
        names = compile_expression(policy.when).names
        if policy.starts in ("acceptance", "deal") and "signal.form_id" in names:
            rule = (
                f"`signal.form_id` is never known where a promise starts with `{policy.starts}`, which is no form: so it would "
                "never start; ask for `lead.form_id`, the form that brought the lead on"
            )
            yield ("sla", "policies", i, "when"), rule


def _unforeseen_changes(file: AgreementFile) -> Found:
    """What is asked of a lead again by time alone must say when its answer turns; it would never be asked at the right instant."""
    for path, text in expressions_of(file):
        asked_again = path[0] in ("definitions", "segments") or path[-1] == "exit" or path[:2] == ("scoring", "fit")
        if asked_again and not is_foreseen(text):
            rule = (
                "nobody can tell when this turns with time, so it would not be asked then: compare `now`, or `now - TIME`, by < or > "
                "with one time (lead.stage_since, lead.created_at, last('...'), timestamp('...')) or one duration('...'), and write the "
                "windows of count(...) out"
            )
            yield path, rule


def _unwatched_offers(file: AgreementFile) -> Found:
    if file.handover.offer_expires is None and not any(p.starts in ("offer", "hand_over") for p in file.sla.policies):
        rule = (
            "an offer that never expires, and no promise that starts with `offer` or `hand_over`: a lead could lie there "
            "unnoticed; set `offer_expires`, or add a policy"
        )
        yield ("handover",), rule
