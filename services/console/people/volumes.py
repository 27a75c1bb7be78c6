"""Promises by number that somebody answers for, alone or with their team, beside those about leads. Nothing here asks anybody.

Imported by: screen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from routing.model.records import Clock
from schemas.roster import Member
from services.console.language.reader import Reader
from services.console.language.vocabulary import plain
from services.console.people.leads import LeadLine
from services.ports.rows import ClockRow
from services.ports.workloads import Verdict, Workloads


def volumes_of(member: Member, rows: Iterable[ClockRow]) -> list[Clock]:
    """Those of the person, of whoever has it in their name, and of their team: each of a team answers for it."""
    return [clock for clock in (Clock.read(row.body) for row in rows) if _is_theirs(member, clock)]


def _is_theirs(member: Member, clock: Clock) -> bool:
    if clock.subject_kind == "team":
        return member.team is not None and clock.subject_id == member.team
    named = clock.answerable.person if clock.answerable is not None else clock.person
    return named == member.id


def with_volumes(loads: Workloads, people: Sequence[Member], rows: Sequence[ClockRow]) -> Workloads:
    """What each carries, with the volumes that they kept and broke."""
    counted = dict(loads.people)
    for member in people:
        states = Counter(clock.state for clock in volumes_of(member, rows))
        if states and (load := counted.get(member.id)) is not None:
            kept, broken = load.kept + states["fulfilled"], load.broken + states["breached"]
            counted[member.id] = load._replace(kept=kept, broken=broken)
    return loads._replace(people=counted)


def volume_lines(member: Member, verdict: Verdict, rows: Iterable[ClockRow], reader: Reader) -> list[LeadLine]:
    """The volumes behind a figure, as lines that lead to no lead."""
    return [_line(clock, reader) for clock in volumes_of(member, rows) if clock.state == verdict]


def _line(clock: Clock, reader: Reader) -> LeadLine:
    due = reader.instant(clock.due_at)
    what = reader.say("a promise by number, due %(at)s", at=due)
    if clock.subject_kind == "team":
        what = reader.say("a promise by number of all of %(team)s, due %(at)s", team=plain(clock.subject_id), at=due)
    return LeadLine(lead_id=None, name=plain(clock.policy), company="", stage="", what=what)
