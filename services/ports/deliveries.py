"""Events on their way to subscribers: fanned out from the feed, claimed for a time, finished or put off.

Every method raises StoreUnavailable.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple, Protocol


class Due(NamedTuple):
    """A delivery that this process has claimed; `body` is the envelope's text."""

    id: str
    event_id: str
    attempts: int
    body: str


class Attempt(NamedTuple):
    """What one try gave: the HTTP status, or the class of the error."""

    at: datetime
    status: int | None
    error: str | None
    duration_ms: int


class Tried(NamedTuple):
    """One try of one event, with what became of the event: `delivered`, `failed` for good, or `pending`."""

    event_id: str
    lead_id: str
    position: int
    state: str
    number: int
    at: datetime
    status: int | None
    error: str | None
    duration_ms: int


class State(NamedTuple):
    """How far a subscription is in the feed, why it is disabled (None while it is not), how many events wait for it and
    how many it did not take in the end."""

    subscription: str
    position: int
    disabled: str | None
    pending: int
    failed: int


class DeliveryQueue(Protocol):
    """For the role that sends."""

    async def fan_out(
        self, subscription: str, matches: Callable[[str, str, str], bool], now: datetime, limit: int = 500
    ) -> int:
        """The next events become deliveries, the cursor moves with them; returns how many events were looked at.
        `matches(topic, type, head)` says which of them the subscription gets.

        A subscription that is new begins with the next event. Two processes do not fan out the same event: one of them
        finds the cursor moved and does nothing.
        """

    async def claim(self, subscription: str, now: datetime, until: datetime, limit: int) -> list[Due]:
        """Due deliveries, each the oldest pending one of its lead; nobody else sends them before `until`."""

    async def finish(self, due: Due, attempt: Attempt, state: str, next_at: datetime | None) -> None:
        """One try is over: `delivered`, `failed` for good, or `pending` with the instant of the next."""

    async def disable(self, subscription: str, reason: str | None) -> bool:
        """Nothing is sent until it is enabled (`reason` None); its place in the feed is kept, so that nothing is lost.
        False for a subscription that never ran."""


class DeliveryReports(Protocol):
    """For whoever looks after the subscriptions."""

    async def states(self) -> list[State]:
        """Each subscription that ever ran, by name."""

    async def attempts(self, subscription: str, *, failed: bool = False, limit: int = 10_000) -> list[Tried]:
        """What was tried last, in the order of the feed; `failed`: only of events that were given up."""


class Deliveries(DeliveryQueue, DeliveryReports, Protocol):
    """Both."""
