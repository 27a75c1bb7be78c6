"""Which messages the waiting notices make: grouped by policy and team, a summary of many, one of an outage of ours, one after quiet
hours. A breach silences its own warning, and what was over before anybody was told is not told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

from routing.incidents.quiet import quiet_until
from routing.incidents.recipients import Audience
from routing.incidents.records import (
    FIRING,
    Destination,
    Incident,
    Notice,
    Notification,
    NotificationKind,
    Thread,
)
from routing.model.ids import derive
from schemas.alert_channels import Channel
from schemas.notify import QuietHours

FOUND_LATE = "found late"
"""The grouping of an outage of ours, whatever the policy and team; no policy's name has a space."""
HELD = "held"
LastSent = Mapping[tuple[Destination, str], datetime]
"""When something of a grouping was sent there last."""


class Composed(NamedTuple):
    """Messages to send, incidents with the threads that they are in, and of each notice that no longer waits the message that took it up
    (None: nobody has to hear it any more). `next_at`: nothing of what still waits is ready before; None where nothing waits."""

    notifications: Sequence[Notification]
    incidents: Sequence[Incident]
    spent: Mapping[str, str | None]
    next_at: datetime | None = None


def compose(
    pending: Iterable[Notice],
    incidents: Mapping[str, Incident],
    last_sent: LastSent,
    audience: Audience,
    usual_zone: tzinfo,
) -> Composed:
    """`pending` are all that wait, `incidents` those that they are of, by id."""
    by_place: dict[Destination, list[Notice]] = defaultdict(list)
    for notice in sorted(pending, key=lambda n: (n.at, n.id)):
        by_place[notice.where].append(notice)
    composer = _Composer(incidents, last_sent, audience, usual_zone)
    for where, notices in by_place.items():
        composer.compose_for(where, notices)
    return composer.result()


class _Composer:
    def __init__(
        self, incidents: Mapping[str, Incident], last_sent: LastSent, audience: Audience, usual_zone: tzinfo
    ) -> None:
        self._incidents, self._last_sent, self._audience = dict(incidents), last_sent, audience
        self._zone = usual_zone
        self._notifications: list[Notification] = []
        self._changed: dict[str, Incident] = {}
        self._spent: dict[str, str | None] = {}
        self._ready_at: list[datetime] = []

    def result(self) -> Composed:
        next_at = min(self._ready_at, default=None)
        return Composed(self._notifications, list(self._changed.values()), self._spent, next_at)

    def compose_for(self, where: Destination, notices: Sequence[Notice]) -> None:
        channel = self._audience.file.channel(where.channel)
        if channel is None:
            self._drop(notices)
            return
        quiet = self._quiet_hours(where, channel)
        zone = self._zone_of(where, channel)
        if quiet is not None and (until := quiet_until(quiet, zone, self._audience.now)) is not None:
            self._ready_at.append(until)
            return
        held = [n for n in notices if quiet is not None and quiet_until(quiet, zone, n.at) is not None]
        if held:
            self._send(where, HELD, held, "held")
            notices = [n for n in notices if n.id not in self._spent]
        live = self._drop_moot(notices)
        for grouping, group in _groups(live, self._audience.file.found_late.more_than).items():
            if (at := self._ready(where, grouping, group)) <= self._audience.now:
                self._send_group(channel, where, grouping, group)
            else:
                self._ready_at.append(at)

    def _quiet_hours(self, where: Destination, channel: Channel) -> QuietHours | None:
        if not where.person:
            return channel.quiet_hours
        member = self._audience.roster.people.get(where.person)
        own = member.quiet_hours if member is not None else None
        return own or self._audience.file.quiet_hours

    def _zone_of(self, where: Destination, channel: Channel) -> tzinfo:
        return zone_at(self._audience, where, channel, self._zone)

    def _drop(self, notices: Iterable[Notice]) -> None:
        self._spent.update(dict.fromkeys((n.id for n in notices), None))

    def _drop_moot(self, notices: Sequence[Notice]) -> list[Notice]:
        moot = [n for n in notices if is_moot(n, self._incidents.get(n.incident))]
        self._drop(moot)
        return [n for n in notices if n.id not in self._spent]

    def _ready(self, where: Destination, grouping: str, group: Sequence[Notice]) -> datetime:
        """From when it can be told: what is no news at once."""
        file = self._audience.file
        if not any(n.kind in FIRING for n in group):
            return group[0].at
        waited = group[0].at + file.group_wait
        last = self._last_sent.get((where, grouping))
        return waited if last is None else max(waited, last + file.group_interval)

    def _send_group(self, channel: Channel, where: Destination, grouping: str, group: Sequence[Notice]) -> None:
        """Where a place keeps what it was told by threads, each thread has a message of its own."""
        if not channel.has_threads:
            self._send(where, grouping, group, self._kind(grouping, group))
            return
        by_thread: dict[str | None, list[Notice]] = defaultdict(list)
        for notice in group:
            by_thread[self._incidents[notice.incident].thread_at(where)].append(notice)
        for notices in by_thread.values():
            self._send(where, grouping, notices, self._kind(grouping, notices))

    def _kind(self, grouping: str, group: Sequence[Notice]) -> NotificationKind:
        if not any(n.kind in FIRING for n in group):
            return "update"
        if grouping == FOUND_LATE:
            return "late"
        return "summary" if len({n.incident for n in group}) > self._audience.file.summary_over else "news"

    def _send(self, where: Destination, grouping: str, group: Sequence[Notice], kind: NotificationKind) -> None:
        known = dict.fromkeys(n.incident for n in group if n.incident in self._incidents)
        self._drop(n for n in group if n.incident not in self._incidents)
        ident = derive("ntf", where.channel, where.person, *(n.id for n in group))
        threads = {self._incidents[i].thread_at(where) for i in known}
        thread = next(iter(threads), None) if len(threads) == 1 else None
        if thread is None:
            thread = next(iter(known)) if len(known) == 1 else ident
        self._notifications.append(
            Notification(
                id=ident,
                channel=where.channel,
                person=where.person,
                thread=thread,
                grouping=grouping,
                kind=kind,
                incidents=tuple(known),
                created_at=self._audience.now,
            )
        )
        self._spent.update(dict.fromkeys((n.id for n in group if n.incident in known), ident))
        for incident in known:
            self._incidents[incident] = self._changed[incident] = _in_thread(self._incidents[incident], where, thread)


def zone_at(audience: Audience, where: Destination, channel: Channel, usual: tzinfo) -> tzinfo:
    """In which zone instants are told there: the person's, else the channel's, else the organisation's."""
    if not where.person and channel.zone is not None:
        return ZoneInfo(channel.zone)
    return audience.roster.zone_of(where.person, usual)


def is_moot(notice: Notice, incident: Incident | None) -> bool:
    """Whether nobody has to hear it any more."""
    if incident is None:
        return True
    match notice.kind:
        case "warned":
            return not incident.is_open or incident.level == "breach"
        case "breached" | "escalated" | "moved":
            return not incident.is_open
        case "acknowledged":
            return incident.state != "acknowledged"
        case "resolved":
            return incident.is_open


def _groups(notices: Sequence[Notice], more_than: int) -> dict[str, list[Notice]]:
    late = {n.incident for n in notices if n.is_late}
    if len(late) <= more_than:
        late = set()
    groups: dict[str, list[Notice]] = defaultdict(list)
    for notice in notices:
        groups[FOUND_LATE if notice.incident in late else notice.grouping].append(notice)
    return groups


def _in_thread(incident: Incident, where: Destination, thread: str) -> Incident:
    """With the thread that it is told in there from now on, or that it was."""
    others = tuple(t for t in incident.threads if (t.channel, t.person) != where)
    kept = incident.thread_at(where) or thread
    return incident.but(
        threads=(*others, Thread(channel=where.channel, person=where.person, thread=kept, level=incident.level))
    )
