"""What can become of an incident: opened, raised by a rung, handed on, acknowledged, over; each with who has to hear of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from routing.incidents.recipients import Audience, destinations
from routing.incidents.records import Destination, Incident, Level, Notice, NoticeKind, Resolution
from routing.model.ids import derive
from schemas.alerts import Occasion
from schemas.events import (
    LeadOwnerChanged,
    SlaBreached,
    SlaCorrected,
    SlaEscalated,
    SlaWarned,
)

OpeningEvent = SlaWarned | SlaBreached | SlaCorrected | SlaEscalated
_WORDS: dict[Level, tuple[Occasion, NoticeKind]] = {
    "warning": ("warning", "warned"),
    "breach": ("breach", "breached"),
}


class EventRef(Protocol):
    """An event as far as an incident keeps it."""

    @property
    def event_id(self) -> str:
        """Its id."""

    @property
    def subject(self) -> str:
        """A lead's id, or `promise:NAME`."""


class Folded(NamedTuple):
    """What an event leaves: incidents that are new or changed, and notices of them."""

    incidents: Sequence[Incident] = ()
    notices: Sequence[Notice] = ()


def incident_id(about: str) -> str:
    """The same for the same thing, so that a message of it is known again wherever it was sent."""
    return derive("inc", about)


def open_incident(event: EventRef, data: OpeningEvent, before: Incident | None, audience: Audience) -> Folded:
    """A warning or a breach; a breach raises what was a warning, and a warning lowers no breach. What was over begins again, told
    as if it were new."""
    if before is not None and before.is_open and before.level == "breach":
        return Folded()
    opened = _incident_of(event, data, before if before is not None and before.is_open else None, audience)
    occasion, kind = _WORDS[opened.level]
    to = destinations(audience, opened, occasion)
    late = _is_late(data, audience)
    return Folded([opened], notices_to(event.event_id, opened, kind, to=to, audience=audience, is_late=late))


def _incident_of(event: EventRef, data: OpeningEvent, before: Incident | None, audience: Audience) -> Incident:
    now, owner = audience.now, data.owner.person if data.owner is not None else None
    level: Level = "warning" if isinstance(data, SlaWarned) else "breach"
    again = before is not None and before.level == level
    return Incident(
        id=incident_id(data.clock_id),
        about=data.clock_id,
        subject=event.subject,
        subject_kind=data.subject_kind,
        subject_id=data.subject_id,
        policy=data.policy,
        metric=data.metric,
        level=level,
        state=before.state if before is not None and again else "firing",
        owner=owner,
        team=_team(audience, data, owner),
        started_at=data.started_at,
        target=data.target,
        due_at=data.due_at,
        opened_at=before.opened_at if before is not None else now,
        updated_at=now,
        noticed_at=data.noticed_at if isinstance(data, SlaBreached) else (now if level == "breach" else None),
        was_warned=level == "warning" or (before is not None and before.was_warned),
        counted=data.counted,
        counted_against=data.counted_against,
        threads=before.threads if before is not None else (),
    )


def _is_late(data: OpeningEvent, audience: Audience) -> bool:
    """Whether it was noticed so late that we were away; a correction is late for another reason."""
    return isinstance(data, SlaBreached) and data.noticed_at - data.due_at > audience.file.found_late.later


def _team(audience: Audience, data: OpeningEvent, owner: str | None) -> str | None:
    """The event's own; those of an earlier release say none."""
    if data.team is not None:
        return data.team
    return data.subject_id if data.subject_kind == "team" else _team_of(audience, owner)


def climb(event: EventRef, data: SlaEscalated, incident: Incident | None, audience: Audience) -> Folded:
    """A rung of the ladder tells those that it names. One of a breach from before anybody was told opens the incident."""
    if incident is None:
        incident = _incident_of(event, data, None, audience)
    elif not incident.is_open:
        return Folded()
    raised = incident.but(rungs=max(incident.rungs, data.rung), updated_at=audience.now)
    named = [owner.person for owner in data.to]
    to = destinations(audience, raised, "rung", named, room=data.channel)
    return Folded([raised], notices_to(event.event_id, raised, "escalated", to=to, audience=audience))


def hand_on(cause: str, data: LeadOwnerChanged, incidents: Iterable[Incident], audience: Audience) -> Folded:
    """What is about the lead is its new owner's, who hears of it; what measured the person stays theirs."""
    owner = data.to_owner.person if data.to_owner is not None else None
    changed, notices = [], list[Notice]()
    for incident in incidents:
        if not incident.is_open or incident.subject_kind != "lead" or incident.owner == owner:
            continue
        moved = incident.but(owner=owner, team=_team_of(audience, owner), state="firing", updated_at=audience.now)
        changed.append(moved)
        occasion, _ = _WORDS[moved.level]
        to = [where for where in destinations(audience, moved, occasion) if where.person == owner]
        notices += notices_to(cause, moved, "moved", to=to, audience=audience)
    return Folded(changed, notices)


def _team_of(audience: Audience, owner: str | None) -> str | None:
    member = audience.roster.people.get(owner) if owner is not None else None
    return member.team if member is not None else None


def move_due(incident: Incident | None, due_at: datetime, now: datetime) -> Folded:
    """A pause or its end moves what was only warned of; nobody is told."""
    if incident is None or not incident.is_open or incident.level == "breach":
        return Folded()
    return Folded([incident.but(due_at=due_at, updated_at=now)])


def correct(cause: str, data: SlaCorrected, incident: Incident | None, audience: Audience) -> Folded:
    """What was told before is not so. While the clock runs on and nobody is warned, there is nothing left to tell of."""
    if incident is not None and incident.level == "warning" and data.new in ("running", "paused"):
        return move_due(incident, data.due_at, audience.now)
    return end(cause, [incident], "kept" if data.new == "fulfilled" else "corrected", audience)


def end(cause: str, incidents: Iterable[Incident | None], resolution: Resolution, audience: Audience) -> Folded:
    """They are over; those who were told of a breach hear it, and the places that show a state show it."""
    over, notices = [], list[Notice]()
    for incident in incidents:
        if incident is None or not incident.is_open:
            continue
        now = audience.now
        resolved = incident.but(state="resolved", resolved_at=now, resolution=resolution, updated_at=now)
        over.append(resolved)
        notices += _notices_of_state(cause, resolved, "resolved", audience)
    return Folded(over, notices)


def acknowledge(incident: Incident, by: str, audience: Audience) -> Folded:
    """Somebody has seen it: the places that show a state show it, and the clock goes on. Nothing changes where it is over, or was
    acknowledged before."""
    if incident.state != "firing":
        return Folded()
    now = audience.now
    seen = incident.but(state="acknowledged", acknowledged_at=now, acknowledged_by=by, updated_at=now)
    cause = derive("ack", incident.id, now.isoformat())
    return Folded([seen], _notices_of_state(cause, seen, "acknowledged", audience))


def _notices_of_state(cause: str, incident: Incident, kind: NoticeKind, audience: Audience) -> list[Notice]:
    to = []
    for thread in incident.threads:
        channel = audience.file.channel(thread.channel)
        if channel is None:
            continue
        if channel.keeps_state or (kind == "resolved" and thread.level == "breach"):
            to.append(Destination(thread.channel, thread.person))
    return notices_to(cause, incident, kind, to=to, audience=audience)


def notices_to(
    cause: str,
    incident: Incident,
    kind: NoticeKind,
    to: Iterable[Destination],
    audience: Audience,
    *,
    is_late: bool = False,
) -> list[Notice]:
    """One for each destination; their ids come from the event and the destination, so that the same one is the same."""
    return [
        Notice(
            id=derive("nti", cause, incident.id, kind, where.channel, where.person),
            channel=where.channel,
            person=where.person,
            incident=incident.id,
            kind=kind,
            grouping=incident.grouping,
            at=audience.now,
            is_late=is_late,
        )
        for where in to
    ]
