"""Incidents, what waits to be told of them, and the messages on their way; nothing of it is personal.

Every method raises StoreUnavailable. One transaction at a time changes incidents, whichever process it is of: it begins with a lock
on the place in the feed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from routing.incidents.changes import Folded
from routing.incidents.grouping import Composed, LastSent
from routing.incidents.records import Incident, IncidentState, Notice, Notification


class FeedEvent(NamedTuple):
    """An event of the feed, in the half that is kept of every one."""

    position: int
    event_id: str
    subject: str
    type: str
    head: str


class Outgoing(NamedTuple):
    """A message that this process has claimed, with how often it was tried and its incidents as they are now, oldest first."""

    notification: Notification
    attempts: int
    incidents: Sequence[Incident]


class ThreadState(NamedTuple):
    """What a thread at one destination holds: all its incidents as they are now, and what the channel answered to its first message
    (None: nothing was sent yet)."""

    incidents: Sequence[Incident]
    receipt: str | None


class Waiting(NamedTuple):
    """What waits to be told: notices, the incidents that they are of by id, and when each grouping was told there last."""

    notices: Sequence[Notice]
    incidents: Mapping[str, Incident]
    last_sent: LastSent


Fold = Callable[[FeedEvent, Mapping[str, Incident]], Folded]
FoldTargets = Callable[[Mapping[str, Incident]], Folded]
Compose = Callable[[Waiting], Composed]


class NotificationQueue(Protocol):
    """For the role that sends."""

    async def fold_next(self, types: Sequence[str], fold: Fold, limit: int = 500) -> int:
        """The next events change incidents, and the place in the feed moves with them; returns how many events were passed.
        `fold(event, known)` gets those of `types`, in their order, with the incidents of the event's subject by what they are about. Where nothing was read before, it begins with the next event."""

    async def fold_targets(self, fold: FoldTargets) -> None:
        """`fold(known)` says what the state of receivers changes; `known` are their open incidents, by what they are about."""

    async def waiting(self) -> tuple[int, int]:
        """How many notices wait, and a number that rises with each that comes: while both are the same, none came."""

    async def compose(self, compose: Compose) -> int:
        """The notices that wait become messages; returns how many."""

    async def claim(self, channel: str, now: datetime, until: datetime, limit: int) -> list[Outgoing]:
        """Messages of this channel that are due, each the oldest of its destination and thread; nobody else sends them before `until`."""

    async def incidents(
        self, state: IncidentState | None, after: str, limit: int, brands: Sequence[str] | None = None
    ) -> list[Incident]:
        """As `IncidentDesk` has it."""

    async def thread(self, notification: Notification) -> ThreadState:
        """Of the thread of this message at its destination."""

    async def message_of(self, channel: str, receipt: str) -> str | None:
        """The id of the message for which the channel gave this receipt."""

    async def finish(
        self, ident: str, *, now: datetime, state: str, next_at: datetime | None, error: str | None, receipt: str | None
    ) -> None:
        """One try is over: `sent`, `failed` for good, or `pending` with the instant of the next. `receipt` is what the channel
        answered, as far as an update needs it."""


class IncidentDesk(Protocol):
    """For people: what there is, and that somebody has seen it."""

    async def incidents(
        self, state: IncidentState | None, after: str, limit: int, brands: Sequence[str] | None = None
    ) -> list[Incident]:
        """By id; `state` None: all that are not resolved. `brands`: only those about leads of these."""

    async def incident(self, ident: str) -> Incident | None:
        """The one of this id."""

    async def acknowledge(self, ident: str, change: Callable[[Incident], Folded]) -> list[Incident]:
        """`ident` is an incident's, or that of a message, for all that it told of; returns them as they are then. `change` says what
        becomes of each."""


class Incidents(NotificationQueue, IncidentDesk, Protocol):
    """Both."""
