"""What is kept of incidents, of who has to hear what, and of the messages on their way."""

from __future__ import annotations

from typing import Literal, NamedTuple

from routing.model.ids import promise_named
from routing.model.state import State
from schemas.instants import At

IncidentState = Literal["firing", "acknowledged", "resolved"]
Level = Literal["warning", "breach"]
NoticeKind = Literal["warned", "breached", "escalated", "moved", "acknowledged", "resolved"]
Resolution = Literal[
    "kept", "kept_late", "answered_late", "cancelled", "corrected", "begun_again", "moved_on", "goes_on"
]
"""Why an incident is over: the promise was kept, in time or late, or nothing waits for it any more; or a receiver is sent
events again."""
TARGETS = "target/"
"""Before the name of a receiver of events in what an incident is about."""
DELIVERIES = "deliveries"
"""What stands for a policy in incidents of receivers."""
FIRING: tuple[NoticeKind, ...] = ("warned", "breached", "escalated", "moved")
"""Notices of something that is still so, unless the incident is over by now."""
NotificationKind = Literal["news", "summary", "late", "held", "update"]
"""`news` of a few incidents, `summary` of many, `late` of an outage of ours, `held` of quiet hours, and an `update` of what was told."""


class Destination(NamedTuple):
    """A channel of the alerts' file and, where people are told there one by one, the person."""

    channel: str
    person: str = ""


class Thread(State, frozen=True, kw_only=True):
    """Where an incident was told first at one destination, and up to which level: later messages of it belong to the same thread."""

    channel: str
    person: str = ""
    thread: str
    level: Level


class Incident(State, frozen=True, kw_only=True):
    """Something that people are told of until it is over, by what it is about: `about` is a clock's id, or
    `target/NAME` of a receiver of events. `subject` is a lead's id, `promise:NAME`, or the same `target/NAME`. `detail` says why, of a receiver. `noticed_at` is when the breach was noticed, None for what was only warned of. `resolution` says why it is over. `traceparent` is that of the newest event that changed it, where one had any.
    Nothing in it is personal."""

    id: str
    about: str
    subject: str
    subject_kind: str
    subject_id: str
    policy: str
    metric: str
    level: Level
    state: IncidentState = "firing"
    owner: str | None = None
    team: str | None = None
    started_at: At
    target: str
    due_at: At
    opened_at: At
    updated_at: At
    noticed_at: At | None = None
    rungs: int = 0
    was_warned: bool = False
    counted: int | None = None
    counted_against: int | None = None
    acknowledged_at: At | None = None
    acknowledged_by: str | None = None
    resolved_at: At | None = None
    resolution: Resolution | None = None
    detail: str | None = None
    traceparent: str | None = None
    threads: tuple[Thread, ...] = ()

    @property
    def is_of_target(self) -> bool:
        """Whether it is about a receiver of events."""
        return self.about.startswith(TARGETS)

    @property
    def lead(self) -> str | None:
        """The lead that it is about; None for a promise by number and for a receiver."""
        return None if self.is_of_target or promise_named(self.subject) is not None else self.subject

    @property
    def is_open(self) -> bool:
        """Whether it is not over."""
        return self.state != "resolved"

    @property
    def grouping(self) -> str:
        """What is told together: policy and team."""
        return f"{self.policy}/{self.team or ''}"

    def thread_at(self, where: Destination) -> str | None:
        """The thread in which it was told there; None where it was not."""
        return next((t.thread for t in self.threads if (t.channel, t.person) == where), None)


class Notice(State, frozen=True, kw_only=True):
    """One thing of one incident that one destination has to hear: it waits until a notification takes it up."""

    id: str
    channel: str
    person: str = ""
    incident: str
    kind: NoticeKind
    grouping: str
    at: At
    is_late: bool = False

    @property
    def where(self) -> Destination:
        """Who has to hear it."""
        return Destination(self.channel, self.person)


class Notification(State, frozen=True, kw_only=True):
    """One message on its way to one destination. `thread` is an incident's id where it is of one alone, else the id of the notification
    that began the thread."""

    id: str
    channel: str
    person: str = ""
    thread: str
    grouping: str
    kind: NotificationKind
    incidents: tuple[str, ...]
    created_at: At
