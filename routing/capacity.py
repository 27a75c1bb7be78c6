"""Capacity: who can take no more now, of themselves or of their team. Exact counts, no quota by the day of a month's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from routing.lifecycle import WORKED
from routing.model import Lead, Load
from routing.roster import Roster
from schemas.roster import Capacity, Member

KEPT = timedelta(days=32)
"""How long it is remembered when somebody was given a lead: the longest month, and a day for zones."""


def limited(roster: Roster) -> frozenset[str]:
    """Everybody whose load matters: with a capacity, or of a team that has one."""
    return roster.limited


def carrier(lead: Lead | None) -> str | None:
    """Who carries this lead as an open one."""
    if lead is None or lead.merged_into is not None or lead.disposition != "active":
        return None
    return lead.owner if lead.stage in WORKED else None


def why_full(person: str, roster: Roster, loads: Mapping[str, Load], now: datetime) -> str | None:
    """None for somebody who can take one more, else `full` or `team_full`."""
    if person not in roster.limited:
        return None
    member = roster.people[person]
    if member.capacity is not None and _is_full(member.capacity, [member], loads, now):
        return "full"
    team = roster.teams.get(member.team or "")
    if team is not None and _is_full(team.capacity, roster.team_of(team.name), loads, now):
        return "team_full"
    return None


def consulted(people: Iterable[str], roster: Roster) -> frozenset[str]:
    """Whose loads decide whether one of these people is full."""
    found: set[str] = set()
    for person in roster.limited.intersection(people):
        member = roster.people[person]
        if member.capacity is not None:
            found.add(person)
        if member.team is not None:
            found.update(mate.id for mate in roster.team_of(member.team))
    return frozenset(found)


def given(load: Load, now: datetime) -> Load:
    """The load after one more was given."""
    since = int((now - KEPT).timestamp())
    kept = tuple(at for at in load.given if at > since)
    return load.but(seq=load.seq + 1, given=(*kept, int(now.timestamp())))


def _is_full(capacity: Capacity, people: list[Member], loads: Mapping[str, Load], now: datetime) -> bool:
    known = [(member, loads.get(member.id, Load(person=member.id))) for member in people]
    if capacity.open is not None and sum(load.open for _, load in known) >= capacity.open:
        return True
    periods = ((capacity.per_day, 0), (capacity.per_week, 1), (capacity.per_month, 2))
    return any(
        most is not None and sum(_since(member, load, now, which) for member, load in known) >= most
        for most, which in periods
    )


def _since(member: Member, load: Load, now: datetime, which: int) -> int:
    """How many were given in this person's day, week or month of `now`."""
    zone = ZoneInfo(member.hours.zone) if member.hours is not None else UTC
    today = now.astimezone(zone).date()
    first = (today, today - timedelta(days=today.weekday()), today.replace(day=1))[which]
    return sum(datetime.fromtimestamp(at, zone).date() >= first for at in load.given)
