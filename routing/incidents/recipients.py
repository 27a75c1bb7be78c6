"""Who hears of an incident, by the routes of the alerts' file and the addresses in the roster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, assert_never

from routing.incidents.records import Destination, Incident
from routing.people.roster import Roster
from schemas.alert_channels import Channel
from schemas.alerts import AlertRoute, AlertsFile, Occasion

DEFAULT: dict[Occasion, tuple[str, ...]] = {
    "warning": ("owner",),
    "breach": ("owner", "manager"),
    "rung": ("named",),
    "target": ("manager",),
}
"""Who hears of it where a route does not say."""


class Audience(NamedTuple):
    """What it takes to say who hears of something: the file, the roster in force, and the time."""

    file: AlertsFile
    roster: Roster
    now: datetime


def destinations(
    audience: Audience, incident: Incident, occasion: Occasion, named: Sequence[str] = (), room: str | None = None
) -> list[Destination]:
    """Each once. `named` are those that a rung names, `room` the channel that it names: where the file has a channel of this name, it
    hears the rung whatever the routes say."""
    found = [
        where
        for route in audience.file.routes_in_force()
        if route.fits(occasion, incident.policy, incident.team)
        for where in _by_route(audience, route, _people(audience, route, incident, occasion=occasion, named=named))
    ]
    if room is not None and (channel := audience.file.channel(room)) is not None:
        found += _on(channel, audience.roster, named)
    return list(dict.fromkeys(found))


def _by_route(audience: Audience, route: AlertRoute, people: Sequence[str]) -> Iterator[Destination]:
    for name in route.channels:
        if (channel := audience.file.channel(name)) is not None:
            yield from _on(channel, audience.roster, people)


def _on(channel: Channel, roster: Roster, people: Sequence[str]) -> Iterator[Destination]:
    if channel.is_shared:
        yield Destination(channel.name)
        return
    for person in people:
        if address_of(roster, person, channel) is not None:
            yield Destination(channel.name, person)


def address_of(roster: Roster, person: str, channel: Channel) -> str | None:
    """Where somebody is told on this channel; None for who has no such address, or left."""
    member = roster.people.get(person)
    if member is None or not member.active or member.notify is None:
        return None
    match channel.address:
        case "email":
            return member.notify.email
        case "slack":
            return member.notify.slack
        case "teams":
            return member.notify.teams
        case "phone":
            return member.notify.phone
        case None:
            return None
        case _:
            assert_never(channel.address)


def _people(
    audience: Audience, route: AlertRoute, incident: Incident, occasion: Occasion, named: Sequence[str]
) -> list[str]:
    people: list[str] = []
    for word in route.to or DEFAULT[occasion]:
        match word:
            case "owner":
                people += [incident.owner] if incident.owner is not None else []
            case "manager":
                people += managers_of(audience, incident)
            case "named":
                people += named
            case person:
                people.append(person)
    return people


def managers_of(audience: Audience, incident: Incident) -> Sequence[str]:
    """Who is told above the person or the team that it is about."""
    if incident.owner is None and incident.subject_kind == "team":
        return audience.roster.above_team(incident.subject_id, audience.now)
    return audience.roster.above(incident.owner, audience.now)
