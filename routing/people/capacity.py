"""Capacity: who can take no more now, of themselves or of their team. Exact counts, no quota by the day of a month's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo

from routing.lifecycle import WORKED
from routing.model.records import Lead, Load
from routing.people.hindrances import Code
from routing.people.roster import Roster
from schemas.roster import Capacity, Member

KEPT = timedelta(days=32)
"""How long it is remembered when somebody was given a lead: the longest month, and a day for zones."""


def carrier(lead: Lead | None) -> str | None:
    """Who carries this lead as an open one."""
    if lead is None or lead.merged_into is not None or lead.disposition != "active":
        return None
    return lead.owner if lead.stage in WORKED else None


def why_full(person: str, roster: Roster, loads: Mapping[str, Load], now: datetime, zone: tzinfo = UTC) -> Code | None:
    """None for somebody who can take one more, else `full` or `team_full`. `zone`: whose days they are for people without
    hours, where the roster names none."""
    return next(iter(fullness(person, roster, loads=loads, now=now, zone=zone)), None)


def fullness(
    person: str, roster: Roster, loads: Mapping[str, Load], now: datetime, zone: tzinfo = UTC
) -> tuple[Code, ...]:
    """All that leaves somebody no room for one more: `full`, `team_full`, or both."""
    if person not in roster.limited:
        return ()
    member = roster.people[person]
    team = roster.teams.get(member.team or "")
    full = member.capacity is not None and _is_full(
        member.capacity, [member], roster=roster, loads=loads, now=now, zone=zone
    )
    shared = team.capacity if team is not None else None
    mates = roster.team_of(team.name) if team is not None else []
    crowded = shared is not None and _is_full(shared, mates, roster=roster, loads=loads, now=now, zone=zone)
    checks: tuple[tuple[Code, bool], ...] = (("full", full), ("team_full", crowded))
    return tuple([code for code, is_so in checks if is_so])


def people_to_consult(people: Iterable[str], roster: Roster) -> frozenset[str]:
    """Whose loads decide whether one of these people is full."""
    carriers: set[str] = set()
    for person in roster.limited.intersection(people):
        member = roster.people[person]
        if member.capacity is not None:
            carriers.add(person)
        team = roster.teams.get(member.team or "")
        if team is not None and team.capacity is not None:
            carriers.update(mate.id for mate in roster.team_of(team.name))
    return frozenset(carriers)


def is_new_to(lead: Lead, person: str, roster: Roster, now: datetime, zone: tzinfo = UTC) -> bool:
    """Whether the lead counts for this person now: once in a pass, and once in a day whatever the passes."""
    counted = lead.counted.get(person)
    if counted is None:
        return True
    number, at = counted
    zone = roster.zone_of(person, zone)
    return number != lead.pass_number and datetime.fromtimestamp(at, zone).date() != now.astimezone(zone).date()


def without(loads: Mapping[str, Load], lead: Lead, carried_by: str | None) -> Mapping[str, Load]:
    """The loads as they would be without this lead: who has it, or was counted for it in this pass, needs no room for it.
    `carried_by` had it before this decision."""
    changed: dict[str, Load] = {}
    if carried_by is not None and carried_by in loads:
        changed[carried_by] = loads[carried_by].but(open=max(0, loads[carried_by].open - 1))
    for person, (number, at) in lead.counted.items():
        load = changed.get(person) or loads.get(person)
        if load is not None and number == lead.pass_number and at in load.given:
            instants = list(load.given)
            instants.remove(at)
            changed[person] = load.but(given=tuple(instants))
    return {**loads, **changed} if changed else loads


def with_one_more(load: Load, now: datetime) -> Load:
    """The load after one more was given."""
    since = int((now - KEPT).timestamp())
    kept = tuple(at for at in load.given if at > since)
    return load.but(seq=load.seq + 1, given=(*kept, int(now.timestamp())))


def _is_full(
    capacity: Capacity, people: list[Member], roster: Roster, loads: Mapping[str, Load], now: datetime, zone: tzinfo
) -> bool:
    pairs = [(member, loads.get(member.id, Load(person=member.id))) for member in people]
    if capacity.open is not None and sum(load.open for _, load in pairs) >= capacity.open:
        return True
    periods = ((capacity.per_day, 0), (capacity.per_week, 1), (capacity.per_month, 2))
    return any(
        most is not None and sum(_since(load, roster, now=now, zone=zone, which=which) for _, load in pairs) >= most
        for most, which in periods
    )


def _since(load: Load, roster: Roster, now: datetime, zone: tzinfo, which: int) -> int:
    """How many were given in this person's day, week or month of `now`."""
    zone = roster.zone_of(load.person, zone)
    today = now.astimezone(zone).date()
    first = (today, today - timedelta(days=today.weekday()), today.replace(day=1))[which]
    return sum(datetime.fromtimestamp(at, zone).date() >= first for at in load.given)
