"""What an agreement asks of the roster that it is to rule with, beside that pools and people are there.

Each finding is (path in the agreement's file, rule broken and likely fix).
"""

from __future__ import annotations

from collections.abc import Iterator

from routing.agreement.policies import ladders_of
from routing.people.permissions import SIDES, cannot_sign
from routing.people.roster import Roster
from schemas.agreement import AgreementFile
from schemas.words import TEAM_MANAGER, probably

Path = tuple[str | int, ...]


def nobody_to_tell(file: AgreementFile, roster: Roster) -> Iterator[tuple[Path, str]]:
    """Steps that tell `team_manager` where there is none."""
    led = [person for person in roster.people if roster.manager_of(person) is not None]
    for path, step in ladders_of(file):
        if TEAM_MANAGER in step.to and not led:
            yield (
                (*path, "to"),
                f"nobody of the roster has a `manager`, nor has their team, so `{TEAM_MANAGER}` is nobody",
            )
    yield from _teams_without_manager(file, roster)


def _teams_without_manager(file: AgreementFile, roster: Roster) -> Iterator[tuple[Path, str]]:
    for i, volume in enumerate(file.sla.volumes):
        subject = volume.subject
        if subject is None or not any(TEAM_MANAGER in step.to for step in volume.ladder):
            continue
        team = roster.teams.get(subject.team or "")
        managed = team is not None and team.manager is not None
        if not managed and roster.manager_of(subject.person or "") is None:
            rule = f"`{subject.team or subject.person}` has no `manager` in the roster, and the ladder tells `{TEAM_MANAGER}`"
            yield ("sla", "volumes", i, "subject"), rule


def approvers_who_cannot(file: AgreementFile, roster: Roster) -> Iterator[tuple[Path, str]]:
    """People who are named to approve for a side and could not."""
    for side in SIDES:
        for i, person in enumerate(file.approvers.of(side)):
            if (why := cannot_sign(person, side, roster)) is not None:
                yield ("approvers", side, i), why


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


def readers_without_address(file: AgreementFile, roster: Roster) -> Iterator[tuple[Path, str]]:
    """Who should get the forum's report by mail and cannot."""
    for i, person in enumerate(file.forum.to if file.forum is not None else ()):
        member = roster.people.get(person)
        if member is None:
            yield ("forum", "to", i), f"`{person}` is not in the roster{probably(person, roster.people)}"
        elif member.notify is None or member.notify.email is None:
            yield ("forum", "to", i), f"`{person}` has no address in the roster; say `notify: {{email: ...}}` there"
