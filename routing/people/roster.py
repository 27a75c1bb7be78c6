"""The roster made ready for decisions: who is who in each system, who stands in which pool, who is away."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from routing.calendar.business_time import compile_calendar
from routing.model.errors import RoutingError
from routing.people.hindrances import Code
from schemas.events import Owner
from schemas.roster import Member, Pool, Role, RosterFile, Team
from schemas.signals import Actor, Reference

ROLES: dict[str, tuple[Role, ...]] = {
    "qualification": ("sdr", "sales"),
    "hand_over": ("sales", "account_manager"),
    "growth": ("account_manager",),
}
"""By route: the roles of who may be given a lead on it. The last resort, and a person named by hand, may have others."""


class UnknownPool(RoutingError):
    """The agreement names a pool that the roster does not have."""


_NOT_DECIDED_ON = {"people": {"__all__": {"notify", "quiet_hours", "language", "brands"}}}


def body_of(file: RosterFile) -> str:
    """The file as decisions look at it, JSON: without where and when its people are told and what they see on the page, which decides nothing."""
    return file.model_dump_json(by_alias=True, exclude=_NOT_DECIDED_ON)


class Roster:
    """An immutable view of one roster version; `version` is a digest of its content."""

    def __init__(self, file: RosterFile) -> None:
        self.file = file
        self.version = hashlib.sha256(body_of(file).encode()).hexdigest()[:16]
        self.people: dict[str, Member] = {member.id: member for member in file.people}
        self.pools: dict[str, Pool] = {pool.name: pool for pool in file.pools}
        self.teams: dict[str, Team] = {team.name: team for team in file.teams}
        self._teams = {team: [m for m in file.people if m.team == team] for team in self.teams}
        self._hours = {m.id: compile_calendar(m.hours) for m in file.people if m.hours is not None}
        self._written_hours = {m.id: m.hours.model_dump_json() for m in file.people if m.hours is not None}
        self._zone = ZoneInfo(file.zone) if file.zone is not None else None
        self._zones = {m.id: ZoneInfo(m.hours.zone) for m in file.people if m.hours is not None}
        self._managers = file.managers
        self._owners: dict[str, Owner] = {}
        self._roles = {member.id: frozenset(member.roles) for member in file.people}
        shared = {team.name for team in file.teams if team.capacity is not None}
        self.limited = frozenset(m.id for m in file.people if m.capacity is not None or m.team in shared)
        """Everybody whose load matters: with a capacity, or of a team that has one."""
        self._by_id = {(system, ident): member.id for member in file.people for system, ident in member.ids.items()}
        self._by_address = {
            ident.strip().casefold(): member.id
            for member in file.people
            for ident in member.ids.values()
            if "@" in ident
        }

    def pool(self, name: str) -> Pool:
        """Raises UnknownPool."""
        try:
            return self.pools[name]
        except KeyError:
            raise UnknownPool(f"pool {name} is not in the roster") from None

    def person_of(self, system: str, ident: str | None) -> str | None:
        """Whose id that is in that system; our own person ids are understood too."""
        if ident is None:
            return None
        return self._by_id.get((system, ident)) or (ident if ident in self.people else None)

    def actor_of(self, actor: Actor, references: tuple[Reference, ...], source: str) -> str | None:
        """The person who did it, where the sender tells by an id or an address that the roster knows."""
        return self.colleague(actor.reference, actor.email, references, source)

    def colleague(
        self, ident: str | None, address: str | None, references: tuple[Reference, ...], source: str
    ) -> str | None:
        """Whose id that is in one of the systems that the references are of, or in the source; else whose address it is. An address
        is known where a member has it as an id in any system."""
        if ident is not None:
            for system in (*(reference.system for reference in references), source):
                if person := self.person_of(system, ident):
                    return person
        mail = next((one for one in (address, ident) if one is not None and "@" in one), None)
        return self._by_address.get(mail.strip().casefold()) if mail is not None else None

    def pool_with(self, names: Iterable[str], person: str) -> Pool | None:
        """The first of these pools in which the person has a seat."""
        pools = (self.pools[name] for name in names if name in self.pools)
        return next((pool for pool in pools if any(seat.person == person for seat in pool.seats)), None)

    def why_away(self, person: str, now: datetime) -> Code | None:
        """None for somebody who can take a lead at `now`, else the code of the reason why not."""
        return next(iter(self.why_gone(person, now)), None)

    def why_gone(self, person: str, now: datetime) -> tuple[Code, ...]:
        """The codes of all the reasons why somebody is not there at `now`; none for who is."""
        member = self.people.get(person)
        if member is None:
            return ("unknown",)
        away = any(a.since <= now and (a.until is None or now < a.until) for a in member.absences)
        if member.active:
            return ("absent",) if away else ()
        return ("inactive", "absent") if away else ("inactive",)

    def why_not(self, person: str, now: datetime, had_it: frozenset[str]) -> tuple[Code, ...]:
        """The same, before all that they `had_it`: their chance in this hand-over."""
        gone = self.why_gone(person, now)
        return ("had_it", *gone) if person in had_it else gone

    def hours_of(self, person: str | None) -> str | None:
        """A person's working hours as JSON; None for who has none."""
        return self._written_hours.get(person) if person is not None else None

    def off_hours(self, person: str, now: datetime) -> Code | None:
        """`off_hours` for somebody who is not at work at `now` by their hours; they are asked for no new lead."""
        hours = self._hours.get(person)
        return "off_hours" if hours is not None and not hours.is_open(now) else None

    def back_at(self, person: str, now: datetime) -> datetime | None:
        """When somebody who cannot take a lead now may be able to: back, or at work again; None where nobody knows."""
        member = self.people.get(person)
        if member is None or not member.active:
            return None
        ends = [a.until for a in member.absences if a.since <= now and (a.until is None or now < a.until)]
        if None in ends:
            return None
        back = max((end for end in ends if end is not None), default=now)
        hours = self._hours.get(person)
        return hours.next_open(back) if hours is not None else back

    def zone_of(self, person: str, usual: tzinfo) -> tzinfo:
        """The zone of a person's days: that of their hours, else the organisation's, else the usual one."""
        return self._zones.get(person) or self._zone or usual

    def above(self, person: str | None, now: datetime) -> tuple[str, ...]:
        """Who is told in place of this person's manager: the manager, or where they are away or gone the next above them;
        all managers where nobody above is at work."""
        seen = set()
        while person is not None and (manager := self._managers.get(person)) is not None and manager not in seen:
            if self.why_away(manager, now) is None:
                return (manager,)
            seen.add(manager)
            person = manager
        return self.active_with("manager")

    def above_team(self, team: str, now: datetime) -> tuple[str, ...]:
        """The same for a team as a whole."""
        known_team = self.teams.get(team)
        manager = known_team.manager if known_team is not None else None
        if manager is not None and self.why_away(manager, now) is None:
            return (manager,)
        return self.above(manager, now)

    def manager_of(self, person: str) -> str | None:
        return self._managers.get(person)

    def team_of(self, name: str) -> list[Member]:
        return self._teams.get(name, [])

    def team_with(self, person: str | None) -> str | None:
        """The team that the person is in."""
        member = self.people.get(person) if person is not None else None
        return member.team if member is not None else None

    def has_role(self, person: str | None, *roles: str) -> bool:
        held = self._roles.get(person) if person else None
        return held is not None and not held.isdisjoint(roles)

    def active_with(self, role: Role) -> tuple[str, ...]:
        """Everybody who has this role and did not leave, in the roster's order."""
        return tuple(m.id for m in self.file.people if role in m.roles and m.active)

    def owners(self, people: Iterable[str | None]) -> tuple[Owner, ...]:
        """As events name them; None is left out."""
        return tuple(owner for owner in map(self.owner, people) if owner is not None)

    def owner(self, person: str | None) -> Owner | None:
        """As events name them; somebody who left the roster keeps their id only."""
        if person is None:
            return None
        owner = self._owners.get(person)
        if owner is None:
            member = self.people.get(person)
            owner = self._owners[person] = Owner(person=person, ids=member.ids if member else {})
        return owner
