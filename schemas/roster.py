"""The roster file: people, their ids in each system, the pools they stand in. It seeds; signals change it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from schemas.calendar import Calendar, zone_name
from schemas.instants import Instant
from schemas.notify import Language, Notify, QuietHours
from schemas.places import language_code
from schemas.words import TEAM_MANAGER, Name, probably
from schemas.yamlfile import BrokenAt, FileModel

Role = Literal["sdr", "sales", "account_manager", "marketing", "manager"]


def _known_zone(name: str | None) -> str | None:
    return zone_name(name) if name is not None else None


def _spoken(text: str) -> str:
    if (code := language_code(text)) is None:
        raise ValueError(f"`{text}` is no language we know of; write two letters, such as sv")
    return code


Spoken = Annotated[str, AfterValidator(_spoken)]


class Absence(FileModel):
    """Half-open [from, to): nobody is given a lead while away. `to` left out means until they return."""

    since: Annotated[Instant, Field(alias="from")]
    until: Annotated[Instant | None, Field(alias="to")] = None

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Absence:
        if self.until is not None and self.until <= self.since:
            raise ValueError("`to` is not after `from`")
        return self


class Capacity(FileModel):
    """How much somebody takes. `open`: leads at a time in qualification, hand-over and deal; the others: leads given in a
    calendar day, week (from Monday) or month of their zone. Owners by hand, hunters and accounts count and are not limited."""

    open: Annotated[int, Field(ge=1)] | None = None
    per_day: Annotated[int, Field(ge=1)] | None = None
    per_week: Annotated[int, Field(ge=1)] | None = None
    per_month: Annotated[int, Field(ge=1)] | None = None

    @property
    def by_period(self) -> bool:
        """Whether it is counted by days, weeks or months."""
        return any(most is not None for most in (self.per_day, self.per_week, self.per_month))


class Team(FileModel):
    """People who are led together: who is in it says so by `team`. They share its `capacity`, and its `manager` is theirs
    unless they name another. A pool is only who takes turns, and may have people of several teams."""

    name: Name
    capacity: Capacity | None = None
    manager: Name | None = None


class Member(FileModel):
    """One person, at work in their `hours` (always where left out). `ids` are theirs in each system: `{pipedrive: "123", hubspot: "456"}`. `successor` takes
    what would be this person's while they are away, and is offered first what they hand back when ill or gone. `manager` is
    told where a ladder says `team_manager`; left out, their team's. `languages` are those they speak with leads, `language` is the
    one in which they are told; `quiet_hours` hold what they are told. `brands`: whose leads they see on the page; left out, all."""

    id: Name
    roles: Annotated[tuple[Role, ...], Field(min_length=1)]
    ids: dict[str, str] = {}
    absences: tuple[Absence, ...] = ()
    active: bool = True
    successor: Name | None = None
    hours: Calendar | None = None
    capacity: Capacity | None = None
    team: Name | None = None
    manager: Name | None = None
    languages: tuple[Spoken, ...] = ()
    notify: Notify | None = None
    quiet_hours: QuietHours | None = None
    language: Language | None = None
    brands: Annotated[tuple[Name, ...], Field(min_length=1)] | None = None


class Seat(FileModel):
    """A person's place in a pool; twice the weight is twice the leads."""

    person: Name
    weight: Annotated[float, Field(gt=0, le=100)] = 1.0


class Pool(FileModel):
    """Who takes turns. A paused pool gives leads to nobody: the next rule decides."""

    name: Name
    seats: Annotated[tuple[Seat, ...], Field(min_length=1)]
    paused: bool = False

    @model_validator(mode="after")
    def _one_seat_each(self) -> Pool:
        people = [seat.person for seat in self.seats]
        if len(people) != len(set(people)):
            raise ValueError("somebody has two seats in this pool; give one seat a higher weight instead")
        return self


class RosterFile(FileModel):
    """The whole file, as written. `version` is the version of the file's format. `zone` is the organisation's: the days of
    who has no `hours` are days there; left out, it is the zone of the agreement's calendars."""

    version: Literal[1, "1"]
    zone: Annotated[str | None, AfterValidator(_known_zone)] = None
    people: Annotated[tuple[Member, ...], Field(min_length=1)]
    pools: tuple[Pool, ...] = ()
    teams: tuple[Team, ...] = ()

    @model_validator(mode="after")
    def _names_are_known(self) -> RosterFile:
        people = [member.id for member in self.people]
        for i, member in enumerate(self.people):
            if member.id == TEAM_MANAGER:
                raise BrokenAt(
                    f"`{TEAM_MANAGER}` is a word of the agreement's ladders; choose another id", "people", i, "id"
                )
            if member.id in people[:i]:
                raise BrokenAt("two people have the same id", "people", i, "id")
            if member.successor is not None and (member.successor not in people or member.successor == member.id):
                rule = f"the successor is not another of the `people`{probably(member.successor, people)}"
                raise BrokenAt(rule, "people", i, "successor")
        names = [pool.name for pool in self.pools]
        for i, pool in enumerate(self.pools):
            if pool.name in names[:i]:
                raise BrokenAt("two pools have the same name", "pools", i, "name")
            for j, seat in enumerate(pool.seats):
                if seat.person not in people:
                    rule = f"`{seat.person}` is not among `people`{probably(seat.person, people)}"
                    raise BrokenAt(rule, "pools", i, "seats", j, "person")
        return self

    @model_validator(mode="after")
    def _ids_are_one_persons(self) -> RosterFile:
        people: dict[tuple[str, str], str] = {}
        for i, member in enumerate(self.people):
            for system, ident in member.ids.items():
                other = people.setdefault((system, ident), member.id)
                if other != member.id:
                    rule = (
                        f"`{other}` and `{member.id}` have the same id in {system}, so nobody could tell who did what"
                    )
                    raise BrokenAt(f"{rule} there; each has a user of their own", "people", i, "ids", system)
        return self

    @model_validator(mode="after")
    def _eves_are_known(self) -> RosterFile:
        for i, member in enumerate(self.people):
            for j, rule in member.hours.unknown_eves() if member.hours is not None else ():
                raise BrokenAt(rule, "people", i, "hours", "eves", "before", j)
        return self

    @model_validator(mode="after")
    def _teams_are_known(self) -> RosterFile:
        names = [team.name for team in self.teams]
        for i, name in enumerate(names):
            if name in names[:i]:
                raise BrokenAt("two teams have the same name", "teams", i, "name")
        for i, member in enumerate(self.people):
            if member.team is not None and member.team not in names:
                rule = f"`{member.team}` is not among `teams`{probably(member.team, names)}"
                raise BrokenAt(rule, "people", i, "team")
        return self

    @property
    def managers(self) -> dict[str, str]:
        """By person: their manager, else their team's. Nobody is their own."""
        of_team = {team.name: team.manager for team in self.teams}
        managers = {member.id: member.manager or of_team.get(member.team or "") for member in self.people}
        return {person: manager for person, manager in managers.items() if manager is not None and manager != person}

    @model_validator(mode="after")
    def _managers_are_known(self) -> RosterFile:
        active = {member.id: member.active for member in self.people}
        named: list[tuple[str | None, tuple[str | int, ...]]] = [
            *((member.manager, ("people", i, "manager")) for i, member in enumerate(self.people)),
            *((team.manager, ("teams", i, "manager")) for i, team in enumerate(self.teams)),
        ]
        for manager, path in named:
            if manager is not None and manager not in active:
                raise BrokenAt(f"`{manager}` is not among `people`{probably(manager, active)}", *path)
            if manager is not None and not active[manager]:
                raise BrokenAt(f"`{manager}` is not active, so nobody would be told; name who manages now", *path)
        for i, member in enumerate(self.people):
            if member.manager == member.id:
                raise BrokenAt("nobody is their own manager; leave it out for who has none", "people", i, "manager")
            if circle := circle_above(member.id, self.managers):
                rule = (
                    f"the managers go round in a circle: {' -> '.join(circle)}; one of them has no manager, or another"
                )
                raise BrokenAt(rule, "people", i)
        return self


def circle_above(person: str, managers: dict[str, str]) -> list[str]:
    """The way from this person to their manager, and so on, where it comes back to them; empty where it ends."""
    way = [person]
    while (above := managers.get(way[-1])) is not None and above not in way:
        way.append(above)
    return [*way, person] if above == person else []


class RosterChange(FileModel):
    """One change on top of the file: who is away or back, joins or leaves, which pool is paused or goes on.

    `at` is when it was asked for. `since` and `until` belong to an absence; `member` and `seats` ({pool: weight}) to
    somebody who joins.
    """

    change: Literal["absent", "returned", "joined", "left", "pool_paused", "pool_resumed"]
    at: AwareDatetime
    person: Name | None = None
    pool: Name | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    member: Member | None = None
    seats: dict[Name, Annotated[float, Field(gt=0, le=100)]] = {}
