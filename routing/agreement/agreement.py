"""The agreement made ready for decisions: expressions compiled, calendars computed, references checked, hashed."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, timedelta, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

from routing.agreement.alert_channels import unknown_channels
from routing.agreement.attributes import CompiledAttributes, compile_attributes
from routing.agreement.expressions import Expression, compile_expression
from routing.agreement.policies import (
    CompiledPolicy,
    Policies,
    broken_dossier,
    broken_own_hours,
    compile_policies,
    condition,
    people_named,
    unknown_calendars,
)
from routing.agreement.roster_fit import approvers_who_cannot, days_of_nowhere, nobody_to_tell, readers_without_address
from routing.agreement.scoring import Standards, compile_standards
from routing.agreement.soundness import LEAST_KEPT, counts_of, uncompilable, weaknesses
from routing.agreement.timing import NEVER, TimeChanges, Unforeseen, time_changes
from routing.calendar.business_time import BusinessCalendar, compile_calendar
from routing.calendar.holidays import ResolvedHolidays
from routing.people.roster import ROLES, Roster
from schemas.agreement import AgreementFile, Overflow, OwnTrack, Route
from schemas.calendar import Calendar
from schemas.duration import Target
from schemas.handover import PARTS, Part
from schemas.roster import Pool
from schemas.volumes import Volume
from schemas.words import plain, probably
from schemas.yamlfile import FileError, load, plain_data, problems_of

Path = tuple[str | int, ...]
TAKES_LEADS = ("sdr", "sales", "account_manager", "manager")
"""Roles of people who can be given a lead."""


class CompiledRule(NamedTuple):
    name: str
    when: Expression
    pool: str
    match_language: bool = False
    overflow: Overflow | None = None


class CompiledRoute(NamedTuple):
    """Rules in order, then the person of last resort. `pools` are all that they name."""

    name: str
    rules: tuple[CompiledRule, ...]
    fallback: str
    pools: tuple[str, ...]


class CompiledVolume(NamedTuple):
    """A volume promise; `when` None counts every lead."""

    file: Volume
    when: Expression | None


class CompiledTrack(NamedTuple):
    """A track of a name of one's own; `when` None takes every lead. `reasons` are plain, none take any."""

    name: str
    file: OwnTrack
    when: Expression | None
    reasons: frozenset[str]


class Agreement(NamedTuple):
    """A checked agreement. `hash` is the SHA-256 of the file's content as written, without comments and layout; both
    sides approve it, and decisions record it. `exits` say by track, or `track.programme`, what lets a lead leave, and `wakes` after
    how long it leaves in any case; `timing` is what changes with time alone, by definition and `exit:NAME`;
    `own_tracks` are those of a name of one's own, in the order in which they are asked."""

    file: AgreementFile
    hash: str
    definitions: dict[str, Expression]
    routes: dict[str, CompiledRoute]
    calendars: dict[str, BusinessCalendar]
    policies: Policies
    standards: Standards
    exits: dict[str, Expression]
    wakes: dict[str, timedelta]
    timing: dict[str, TimeChanges]
    own_tracks: tuple[CompiledTrack, ...]
    volumes: tuple[CompiledVolume, ...]
    kept: int
    """Instants that a lead keeps of each kind within a pass: as many as the agreement counts."""
    attributes: CompiledAttributes
    sales_ready_tags: frozenset[str]
    dossier: tuple[Part, ...]
    """What a dossier must hold, in the order in which it is told."""
    counted: frozenset[str]
    """What some volume promise counts, or counts against it."""

    @property
    def organisation(self) -> str:
        return self.file.organisation

    @property
    def zone(self) -> tzinfo:
        """Whose days are meant where nobody says otherwise: the zone of most of its calendars, UTC where it has none."""
        zones = Counter(calendar.zone for calendar in self.file.calendars.values())
        return ZoneInfo(zones.most_common(1)[0][0]) if zones else UTC

    def policy(self, name: str) -> CompiledPolicy | None:
        return self.policies.by_name.get(name)

    def volume(self, name: str) -> CompiledVolume | None:
        return next((volume for volume in self.volumes if volume.file.name == name), None)

    def calendar(self, name: str | None) -> BusinessCalendar | None:
        return self.calendars[name] if name else None


def compile_agreement(text: str, name: str = "agreement.yaml", resolved: ResolvedHolidays | None = None) -> Agreement:
    """Reads and checks the file called `name`. `resolved` are the holidays that it was published with: then it was found sound
    by the release that published it, and what a later one would advise against stops nothing. Raises FileError with every
    problem, each with its line and path."""
    file = load(text, AgreementFile, name)
    problems = problems_of(name, text, _broken_rules(file, resolved))
    if resolved is None and not problems:
        problems = problems_of(name, text, weaknesses(file))
    if problems:
        raise FileError(problems)
    routes = {key: _route(key, getattr(file.routing, key)) for key in ("qualification", "hand_over", "growth")}
    definitions = {key: compile_expression(value) for key, value in file.definitions}
    exits, standards = {name: compile_expression(text) for name, text in _exits(file)}, compile_standards(file)
    return Agreement(
        file=file,
        hash=content_hash(text),
        definitions=definitions,
        routes=routes,
        calendars={key: _calendar(key, value, resolved) for key, value in file.calendars.items()},
        policies=compile_policies(file.sla.policies),
        standards=standards,
        exits=exits,
        wakes=dict(_wakes(file)),
        timing=_timing(definitions | {f"exit:{name}": expression for name, expression in exits.items()}, standards),
        own_tracks=tuple(own_track(name, track) for name, track in file.nurturing.tracks.items()),
        volumes=tuple(CompiledVolume(v, condition(v.when)) for v in file.sla.volumes),
        kept=max(LEAST_KEPT, *(count for _, count in counts_of(file))),
        attributes=compile_attributes(file.attributes),
        sales_ready_tags=frozenset(file.sales_ready_tags),
        dossier=tuple(part for part in PARTS if part in file.handover.dossier.requires),
        counted=frozenset(what for v in file.sla.volumes for what in (v.counts, v.against) if what is not None),
    )


def content_hash(text: str) -> str:
    """What the file says, whatever its comments, layout and order of keys; the same in every release."""
    content = json.dumps(plain_data(text), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()


def _calendar(name: str, calendar: Calendar, resolved: ResolvedHolidays | None) -> BusinessCalendar:
    if resolved is None or calendar.holidays is None:
        return compile_calendar(calendar)
    return compile_calendar(calendar, resolved.of(name, calendar.holidays.of_year))


def own_track(name: str, track: OwnTrack) -> CompiledTrack:
    return CompiledTrack(name, track, condition(track.when), frozenset(map(plain, track.reasons)))


def _exits(file: AgreementFile) -> Iterator[tuple[str, str]]:
    for name, track in file.nurturing.all.items():
        if track.exit is not None:
            yield name, track.exit
        for programme in track.entry:
            if programme.exit is not None:
                yield f"{name}.{programme.name}", programme.exit


def _wakes(file: AgreementFile) -> Iterator[tuple[str, timedelta]]:
    for name, track in file.nurturing.all.items():
        if track.wake is not None:
            yield name, track.wake
        for programme in track.entry:
            if programme.wake is not None:
                yield f"{name}.{programme.name}", programme.wake


def _timing(expressions: Mapping[str, Expression], standards: Standards) -> dict[str, TimeChanges]:
    """The expressions whose answer changes with time alone. One that turns at no instant that can be foreseen (it was
    published before that was refused) is asked at signals only."""
    changes: dict[str, TimeChanges] = {}
    for name, expression in expressions.items():
        with suppress(Unforeseen):
            changes[name] = time_changes(expression, standards)
    return {name: one for name, one in changes.items() if one != NEVER}


def check_against(agreement: Agreement, roster: Roster, text: str, name: str) -> list[str]:
    """Problems of the agreement with this roster: pools and people that it names and that do not exist, pools in which
    nobody is left, a last resort who left."""
    return problems_of(name, text, _misfits(agreement, roster))


def _misfits(agreement: Agreement, roster: Roster) -> Iterator[tuple[Path, str]]:
    for key, route in agreement.routes.items():
        for i, rule in enumerate(route.rules):
            path: Path = ("routing", key, "rules", i, "pool")
            if rule.pool not in roster.pools:
                hint = probably(rule.pool, roster.pools) or f"; it has {', '.join(sorted(roster.pools)) or 'none'}"
                yield path, f"pool `{rule.pool}` is not in the roster{hint}"
            else:
                yield from _nobody(path, key, roster.pools[rule.pool], roster)
            yield from _overflow(("routing", key, "rules", i, "overflow"), rule.overflow, key, roster)
        yield from _last_resort(("routing", key, "fallback"), route.fallback, roster)
    yield from _subjects(agreement, roster)
    yield from approvers_who_cannot(agreement.file, roster)
    yield from nobody_to_tell(agreement.file, roster)
    yield from days_of_nowhere(agreement.file, roster)
    yield from readers_without_address(agreement.file, roster)
    for named, person in people_named(agreement.file):
        yield from _person(named, person, roster)


def _nobody(path: Path, route: str, pool: Pool, roster: Roster) -> Iterator[tuple[Path, str]]:
    working = [seat.person for seat in pool.seats if _works(roster, seat.person)]
    if not working:
        yield path, f"pool `{pool.name}` is empty: nobody in it is active; give somebody a seat"
    elif not any(roster.has_role(person, *ROLES[route]) for person in working):
        roles = " or ".join(ROLES[route])
        yield path, f"nobody in pool `{pool.name}` has a role for {route} ({roles}); give it to somebody there"


def _subjects(agreement: Agreement, roster: Roster) -> Iterator[tuple[Path, str]]:
    teams = {member.team for member in roster.people.values() if member.team}
    for i, volume in enumerate(agreement.file.sla.volumes):
        subject, path = volume.subject, ("sla", "volumes", i, "subject")
        if subject is not None and subject.team is not None and subject.team not in teams:
            yield (*path, "team"), f"nobody of the roster is in team `{subject.team}`{probably(subject.team, teams)}"
        if subject is not None and subject.person is not None:
            yield from _person((*path, "person"), subject.person, roster)


def _overflow(path: Path, over: Overflow | None, route: str, roster: Roster) -> Iterator[tuple[Path, str]]:
    if over is not None and over.pool is not None and over.pool not in roster.pools:
        yield (*path, "pool"), f"pool `{over.pool}` is not in the roster{probably(over.pool, roster.pools)}"
    elif over is not None and over.pool is not None:
        yield from _nobody((*path, "pool"), route, roster.pools[over.pool], roster)
    if over is not None and over.person is not None:
        yield from _last_resort((*path, "person"), over.person, roster)


def _last_resort(path: Path, person: str, roster: Roster) -> Iterator[tuple[Path, str]]:
    """Somebody who is there and whose role takes leads."""
    if person not in roster.people:
        yield path, f"`{person}` is not in the roster{probably(person, roster.people)}"
    elif not _works(roster, person):
        yield path, f"`{person}` is not active, and the last resort has to be"
    elif not roster.has_role(person, *TAKES_LEADS):
        yield path, f"`{person}` has none of the roles that take leads: {', '.join(TAKES_LEADS)}"


def _person(path: Path, person: str, roster: Roster) -> Iterator[tuple[Path, str]]:
    if person not in roster.people:
        yield path, f"`{person}` is not in the roster{probably(person, roster.people)}"


def _works(roster: Roster, person: str) -> bool:
    member = roster.people.get(person)
    return member is not None and member.active


def _route(name: str, route: Route) -> CompiledRoute:
    rules = tuple(
        CompiledRule(
            name=rule.name,
            when=compile_expression(rule.when),
            pool=rule.pool,
            match_language=rule.match_language,
            overflow=rule.overflow,
        )
        for rule in route.rules
    )
    overflows = [rule.overflow.pool for rule in rules if rule.overflow is not None and rule.overflow.pool is not None]
    return CompiledRoute(name, rules, route.fallback, tuple(sorted({*[rule.pool for rule in rules], *overflows})))


def _broken_rules(file: AgreementFile, resolved: ResolvedHolidays | None) -> Iterator[tuple[Path, str]]:
    yield from uncompilable(file)
    if resolved is None:  # what was published keeps the names that it was published with
        yield from _unknown_eves(file)
    for key, route in file.routing:
        for i, rule in enumerate(route.rules):
            if rule.overflow and rule.overflow.calendar and rule.overflow.calendar not in file.calendars:
                yield ("routing", key, "rules", i, "overflow", "calendar"), _no_calendar(rule.overflow.calendar, file)
    yield from unknown_channels(file)
    yield from unknown_calendars(file)
    if file.forum is not None and file.forum.calendar and file.forum.calendar not in file.calendars:
        yield ("forum", "calendar"), _no_calendar(file.forum.calendar, file)
    yield from broken_own_hours(file)
    yield from broken_dossier(file)
    yield from _broken_offer(file)


def _unknown_eves(file: AgreementFile) -> Iterator[tuple[Path, str]]:
    for name, calendar in file.calendars.items():
        for i, rule in calendar.unknown_eves():
            yield ("calendars", name, "eves", "before", i), rule


def _broken_offer(file: AgreementFile) -> Iterator[tuple[Path, str]]:
    expires: Target | None = file.handover.offer_expires
    if file.handover.calendar and file.handover.calendar not in file.calendars:
        yield ("handover", "calendar"), _no_calendar(file.handover.calendar, file)
    hunter = file.handover.hunter
    if hunter is not None and hunter.calendar is not None and hunter.calendar not in file.calendars:
        yield ("handover", "hunter", "calendar"), _no_calendar(hunter.calendar, file)
    if expires and (expires.kind != "elapsed") != (file.handover.calendar is not None):
        yield ("handover", "offer_expires"), "business time needs a `calendar`, and elapsed time takes none"


def _no_calendar(name: str, file: AgreementFile) -> str:
    hint = probably(name, file.calendars) or f" ({', '.join(sorted(file.calendars)) or 'none'})"
    return f"calendar `{name}` is not among `calendars`{hint}"
