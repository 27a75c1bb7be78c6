"""Changes of the roster on top of its file: pure, in the order in which they were recorded."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import assert_never

from routing.model.errors import RoutingError
from schemas.fates import Reason
from schemas.instants import RULE, plausible
from schemas.roster import Absence, Member, Pool, RosterChange, RosterFile, Seat, circle_above


class ChangeRefused(RoutingError):
    """A change names somebody or something that the roster does not have."""

    reason: Reason = "cannot_change_roster"


class NotAllowed(ChangeRefused):
    """Whoever asked has no right to the change."""

    reason: Reason = "not_allowed"


def apply_all(file: RosterFile, changes: Iterable[RosterChange]) -> RosterFile:
    """The roster after the changes. One that no longer fits (its person left the file) is passed over."""
    for change in changes:
        try:
            file = apply(file, change)
        except ChangeRefused:
            continue
    return file


def apply(file: RosterFile, change: RosterChange) -> RosterFile:
    """The roster after one change. Raises ChangeRefused."""
    match change.change:
        case "pool_paused":
            return _with_pool(file, change.pool, paused=True)
        case "pool_resumed":
            return _with_pool(file, change.pool, paused=False)
        case "joined":
            return _add_person(file, change)
        case "absent":
            return _with_member(file, _absent(_member(file, change), change))
        case "returned":
            return _with_member(file, _end_absences(_member(file, change), change.at))
        case "left":
            return _with_member(file, _member(file, change).model_copy(update={"active": False}))
        case _:
            assert_never(change.change)


def is_gone(change: RosterChange, now: datetime) -> bool:
    """Whether its person is away from now on, for a time or for good, so that others take over what they hold."""
    match change.change:
        case "left":
            return True
        case "absent":
            return (change.since or now) <= now
        case "pool_paused" | "pool_resumed" | "joined" | "returned":
            return False
        case _:
            assert_never(change.change)


def _member(file: RosterFile, change: RosterChange) -> Member:
    member = next((m for m in file.people if m.id == change.person), None)
    if member is None:
        raise ChangeRefused(f"{change.person} is not in the roster")
    return member


def _absent(member: Member, change: RosterChange) -> Member:
    since = change.since or change.at
    if change.until is not None and change.until <= since:
        raise ChangeRefused(f"the absence of {change.person} ends before it begins")
    if any(at is not None and plausible(at) is None for at in (since, change.until)):
        raise ChangeRefused(RULE)
    away = Absence.model_validate({"from": since, "to": change.until})
    return member.model_copy(update={"absences": (*member.absences, away)})


def _end_absences(member: Member, at: datetime) -> Member:
    return member.model_copy(update={"absences": tuple(_end_absence(absence, at) for absence in member.absences)})


def _end_absence(absence: Absence, at: datetime) -> Absence:
    if absence.since <= at and (absence.until is None or absence.until > at):
        return absence.model_copy(update={"until": at})
    return absence


def _add_person(file: RosterFile, change: RosterChange) -> RosterFile:
    if change.member is None:
        raise ChangeRefused("who joins has to be described")
    if unknown := sorted(set(change.seats) - {pool.name for pool in file.pools}):
        raise ChangeRefused(f"there is no pool {unknown[0]}")
    _check_newcomer(file, change.member)
    is_known = any(m.id == change.member.id for m in file.people)
    file = _with_member(file, change.member) if is_known else _plus(file, change.member)
    pools = tuple(_give_seat(pool, change) if pool.name in change.seats else pool for pool in file.pools)
    return file.model_copy(update={"pools": pools})


def _check_newcomer(file: RosterFile, member: Member) -> None:
    if member.team is not None and member.team not in {team.name for team in file.teams}:
        raise ChangeRefused(f"there is no team {member.team}")
    people = {m.id for m in file.people}
    _check_manager(file, member)
    for other in file.people:
        shared = sorted(name for name, ident in member.ids.items() if other.ids.get(name) == ident)
        if shared and other.id != member.id:
            raise ChangeRefused(f"{other.id} and {member.id} would have the same id in {shared[0]}")
    if member.successor is not None and (member.successor not in people or member.successor == member.id):
        raise ChangeRefused(f"the successor {member.successor} is not another of the roster")


def _check_manager(file: RosterFile, member: Member) -> None:
    manager = next((m for m in file.people if m.id == member.manager), None)
    if member.manager is not None and (manager is None or not manager.active or manager.id == member.id):
        raise ChangeRefused(f"the manager {member.manager} is not another who is active in the roster")
    others = tuple(m for m in file.people if m.id != member.id)
    after = file.model_copy(update={"people": (*others, member)})
    if circle := circle_above(member.id, after.managers):
        raise ChangeRefused(f"the managers go round in a circle: {' -> '.join(circle)}")


def _give_seat(pool: Pool, change: RosterChange) -> Pool:
    others = tuple(seat for seat in pool.seats if seat.person != change.person)
    seat = Seat(person=change.person or "", weight=change.seats[pool.name])
    return pool.model_copy(update={"seats": (*others, seat)})


def _plus(file: RosterFile, member: Member) -> RosterFile:
    return file.model_copy(update={"people": (*file.people, member)})


def _with_member(file: RosterFile, member: Member) -> RosterFile:
    return file.model_copy(update={"people": tuple(member if m.id == member.id else m for m in file.people)})


def _with_pool(file: RosterFile, name: str | None, *, paused: bool) -> RosterFile:
    if all(pool.name != name for pool in file.pools):
        raise ChangeRefused(f"there is no pool {name}")
    pools = tuple(p.model_copy(update={"paused": paused}) if p.name == name else p for p in file.pools)
    return file.model_copy(update={"pools": pools})
