"""People as the page shows them: from the roster and the store's counts to what is said of each. Nothing here asks anybody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from routing.people.roster import Roster
from schemas.roster import Absence, Capacity, Member
from services.console.language.reader import Reader, person_name
from services.console.language.vocabulary import ROLES, plain
from services.console.people.weeks import Week
from services.ports.workloads import Workload, Workloads


class Figure(NamedTuple):
    """A count, and the address of the leads behind it. `tone` is `late` where it is bad news."""

    name: str
    label: str
    text: str
    url: str
    tone: str = ""


class PersonRow(NamedTuple):
    """Somebody of the roster. `away` are lines for each absence that is or comes, `is_away` says that one is now; `capacity` are lines
    of what they take at most, none for who has no limit."""

    person: str
    name: str
    roles: str
    team: str
    is_away: bool
    away: Sequence[str]
    capacity: Sequence[str]
    figures: Sequence[Figure]


class View(NamedTuple):
    """Which week of promises is shown, and who reads it."""

    week: Week
    reader: Reader


def person_row(member: Member, roster: Roster, loads: Workloads, view: View) -> PersonRow:
    """Somebody, as of now."""
    reader = view.reader
    absences = [absence for absence in member.absences if absence.until is None or absence.until > reader.now]
    load = loads.people.get(member.id, Workload())
    return PersonRow(
        person=member.id,
        name=person_name(member.id),
        roles=", ".join(reader.say(ROLES[role]) for role in member.roles),
        team=plain(member.team) if member.team is not None else "",
        is_away=any(absence.since <= reader.now for absence in absences),
        away=[absence_text(absence, reader) for absence in sorted(absences, key=lambda absence: absence.since)],
        capacity=list(_capacity_lines(member, roster, reader)),
        figures=_figures(member, load, view, "" if loads.is_all else "+"),
    )


def absence_text(absence: Absence, reader: Reader) -> str:
    """When it is, as seen from now."""
    if absence.since <= reader.now:
        if absence.until is None:
            return reader.say("away, nobody knows until when")
        return reader.say("away until %(at)s", at=reader.instant(absence.until))
    since = reader.instant(absence.since)
    if absence.until is None:
        return reader.say("away from %(at)s on", at=since)
    return reader.say("away from %(since)s until %(until)s", since=since, until=reader.instant(absence.until))


def _capacity_lines(member: Member, roster: Roster, reader: Reader) -> Iterator[str]:
    if member.capacity is not None:
        yield from _limits(member.capacity, reader)
    team = roster.teams.get(member.team or "")
    if team is not None and team.capacity is not None:
        for limit in _limits(team.capacity, reader):
            yield reader.say("with all of %(team)s: %(limit)s", team=plain(team.name), limit=limit)


def _limits(capacity: Capacity, reader: Reader) -> Iterator[str]:
    if capacity.open is not None:
        yield reader.say("%(n)s at a time", n=capacity.open)
    if capacity.per_day is not None:
        yield reader.say("%(n)s new a day", n=capacity.per_day)
    if capacity.per_week is not None:
        yield reader.say("%(n)s new a week", n=capacity.per_week)
    if capacity.per_month is not None:
        yield reader.say("%(n)s new a month", n=capacity.per_month)


def _figures(member: Member, load: Workload, view: View, more: str) -> list[Figure]:
    """Each with the way to its leads: those that somebody has to act on are on the screen Now. `more` stands behind what was not counted
    to its end."""
    week, reader = view
    now, own = {"owner": member.id}, f"/people/{member.id}"
    behind = {"week": week.name} if week.name else {}
    most = member.capacity.open if member.capacity is not None else None
    open_text = (
        f"{load.open}{more}" if most is None else reader.say("%(n)s of %(most)s", n=f"{load.open}{more}", most=most)
    )
    figures = [
        Figure("open", reader.say("Open"), open_text, _url(own, {"show": "open", **behind})),
        Figure("overdue", reader.say("Overdue"), f"{load.overdue}{more}", _url("/", {**now, "due": "overdue"})),
        Figure("today", reader.say("Due today"), f"{load.today}{more}", _url("/", {**now, "due": "today"})),
        Figure("kept", reader.say("Kept"), f"{load.kept}{more}", _url(own, {"show": "kept", **behind})),
        Figure("broken", reader.say("Broken"), f"{load.broken}{more}", _url(own, {"show": "broken", **behind})),
    ]
    late = {"overdue": load.overdue, "broken": load.broken}
    return [one._replace(tone="late") if late.get(one.name) else one for one in figures]


def _url(path: str, members: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(members)}"
