"""What rules a batch: the files' agreement and roster, with the changes of the roster that were recorded since."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from pydantic import TypeAdapter

from routing.model.errors import RoutingError
from routing.model.ids import derive
from routing.model.records import Lead
from routing.people.commands import SOURCE
from routing.people.permissions import refusal
from routing.people.roster import Roster
from routing.people.roster_changes import ChangeRefused, NotAllowed, apply, apply_all
from schemas.certain import certain
from schemas.roster import RosterChange
from schemas.signals import Commanded, Kind, Signal
from services.ports.rows import LeadRow
from services.rules.ruling import Ruling

_CHANGES = TypeAdapter(tuple[RosterChange, ...])


class InForce:
    """Computed once for each state of the changes, since almost every batch finds it as the one before did."""

    def __init__(self, files: Callable[[], Ruling]) -> None:
        self._files = files
        self._kept: tuple[Ruling, str | None, Ruling] | None = None

    def __call__(self, changes: str | None) -> Ruling:
        """`changes` as the store keeps them."""
        files = self._files()
        if self._kept is None or self._kept[0] is not files or self._kept[1] != changes:
            self._kept = files, changes, _with(files, changes)
        return self._kept[2]


def _with(files: Ruling, changes: str | None) -> Ruling:
    if changes is None:
        return files
    return files._replace(roster=Roster(apply_all(files.roster.file, read_changes(changes))))


def read_changes(text: str | None) -> tuple[RosterChange, ...]:
    return _CHANGES.validate_json(text) if text else ()


def write_changes(changes: tuple[RosterChange, ...]) -> str:
    return _CHANGES.dump_json(changes, by_alias=True, exclude_defaults=True).decode()


def apply_roster_change(ruling: Ruling, signal: Signal, change: RosterChange) -> Ruling:
    """What rules after this change of the roster. Raises ChangeRefused."""
    command, roster = signal.command, ruling.roster
    if command is not None:
        why = refusal(command.name, command.person, roster, owner=None, about=change.person)
        if why is not None:
            raise NotAllowed(why)
    if change.change == "left" and (last := _last_resort(ruling, change.person, signal.received_at)) is not None:
        raise ChangeRefused(f"{change.person} is {last}; agree on somebody else first")
    try:
        return ruling._replace(roster=Roster(apply(roster.file, change)))
    except ChangeRefused:
        raise
    except RoutingError as error:  # hours that never open, say
        raise ChangeRefused(str(error)) from error


def _last_resort(ruling: Ruling, person: str | None, now: datetime) -> str | None:
    """Of what somebody is the last resort, in the agreement that rules or in one that was published for later."""
    later = ((since, agreement) for since, agreement in ruling.timeline if since > now)
    for since, agreement in ((None, ruling.agreement), *later):
        route = next((r.name for r in agreement.routes.values() if r.fallback == person), None)
        if route is not None:
            when = f", which rules from {since.isoformat()}" if since else ""
            return f"the last resort of {route} in agreement {agreement.hash[:12]}{when}"
    return None


def who_is_away(cause: Signal) -> str:
    change = certain(cause.roster, "only a change of the roster takes somebody away")
    return certain(change.person, "who is away is named")


def away_signals(cause: Signal, rows: Sequence[LeadRow], now: datetime) -> list[Signal]:
    """One for each lead of somebody who is away now: it hands back what waits for that person."""
    command = Commanded(
        name="leave" if cause.kind == Kind.ROSTER_LEFT else "absence",
        principal=cause.command.principal if cause.command else cause.source,
        person=who_is_away(cause),
    )
    found = []
    for row in rows:
        ident = derive("sig", cause.id, row.id)
        lead = Lead.read(row.state)
        found.append(
            Signal(
                kind=Kind.OWNER_AWAY,
                id=ident,
                dedupe_key=ident,
                source=SOURCE,
                brand=row.brand,
                occurred_at=now,
                received_at=now,
                partition_key=lead.partition_key,
                lead_id=row.id,
                command=command,
                reason=cause.reason,
            )
        )
    return found
