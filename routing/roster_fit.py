"""What an agreement asks of the roster that it is to rule with, beside that pools and people are there.

Each finding is (path in the agreement's file, rule broken and likely fix).
"""

from __future__ import annotations

from collections.abc import Iterator

from routing.roster import Roster
from schemas.agreement import AgreementFile

Path = tuple[str | int, ...]


def days_of_nowhere(file: AgreementFile, roster: Roster) -> Iterator[tuple[Path, str]]:
    """A capacity by the day of somebody whose days have no zone."""
    if file.calendars or roster.file.zone is not None:
        return
    for member in roster.file.people:
        team = roster.teams.get(member.team or "")
        capacities = (member.capacity, team.capacity if team is not None else None)
        if member.hours is None and any(c.by_period for c in capacities if c is not None):
            rule = f"`{member.id}` has a capacity by day, week or month, and nothing says in which time zone; say `zone` in the roster"
            yield ("calendars",), rule
