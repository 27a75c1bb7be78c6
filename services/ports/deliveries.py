"""Events on their way to subscribers: fanned out from the feed, claimed for a time, finished or put off.

How a receiver is (`Health`) is kept beside the place in the feed, so that all processes of the role know it and a restart
forgets nothing. Every method raises StoreUnavailable.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple, Protocol

Matches = Callable[[str, str, str], bool]
"""(topic, type, head) of an event: whether a subscription gets it."""
HELD = datetime(9999, 1, 1, tzinfo=UTC)
"""The instant of the next try of what waits for somebody: none by itself. What is held so is in no index of what may be due."""
Pause = Literal["throttled", "open"]
"""Why nothing is sent for a while: the receiver asked for it, or it failed so often that its breaker is open."""


class Due(NamedTuple):
    """A delivery that this process has claimed until `until`, by which instant `finish` knows the claim; `body` is the envelope's
    text. `spared`: how many of its attempts do not count towards giving it up. `is_probe`: the one try that a breaker which is
    open lets through."""

    id: str
    event_id: str
    attempts: int
    body: str
    spared: int = 0
    subscription: str = ""
    is_probe: bool = False
    until: datetime | None = None


class Attempt(NamedTuple):
    """What one try gave: the HTTP status, or the class of the error."""

    at: datetime
    status: int | None
    error: str | None
    duration_ms: int


class Health(NamedTuple):
    """How a receiver is. `failures`: tries that failed one after the other, `failing_since` the instant of the first of
    them; `openings`: how often its breaker opened since then. Nothing is sent before `paused_until`, for the reason `pause`,
    nor while it is `disabled`, which says why."""

    failures: int = 0
    failing_since: datetime | None = None
    openings: int = 0
    pause: Pause | None = None
    paused_until: datetime | None = None
    disabled: str | None = None


class Change(NamedTuple):
    """How a receiver was before a try, and how it is after it."""

    before: Health
    after: Health


class Pace(NamedTuple):
    """One event each `interval`, and after a rest `burst` of them at once."""

    interval: timedelta
    burst: int

    def allowance(self, spent_until: datetime | None, now: datetime) -> int:
        """How many may go now. `spent_until`: the instant up to which what went before has used the pace up."""
        debt = max(spent_until - now, timedelta(0)) if spent_until is not None else timedelta(0)
        return max(0, (self.burst * self.interval - debt) // self.interval)

    def spend(self, spent_until: datetime | None, now: datetime, count: int) -> datetime:
        """`spent_until` after so many more went."""
        return max(spent_until or now, now) + count * self.interval


class Outcome(NamedTuple):
    """What came of one try, as `DeliveryQueue.finish` takes it."""

    due: Due
    attempt: Attempt
    state: str
    next_at: datetime | None
    spare: bool = False
    judge: Callable[[Health], Health] | None = None


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
    how many it did not take in the end; the rest as in `Health`."""

    subscription: str
    position: int
    disabled: str | None
    pending: int
    failed: int
    failures: int = 0
    failing_since: datetime | None = None
    pause: Pause | None = None
    paused_until: datetime | None = None


def pause_now(state: State, now: datetime) -> Pause | None:
    """Why nothing is sent now; what a receiver asked for is over with its time, an open breaker with what is taken."""
    if state.pause == "throttled" and state.paused_until is not None and state.paused_until <= now:
        return None
    return state.pause


class DeliveryQueue(Protocol):
    """For the role that sends."""

    async def fan_out(
        self, subscription: str, matches: Matches, now: datetime, limit: int = 500, *, begins: bool = True
    ) -> int:
        """The next events become deliveries, the cursor moves with them; returns how many events were looked at.
        `matches(topic, type, head)` says which of them the subscription gets.

        A subscription that is new begins with the next event, unless `begins` is false: then nothing is looked at. Two processes do not fan out the same event: one of them
        finds the cursor moved and does nothing.
        """

    async def claim(
        self, subscription: str, now: datetime, until: datetime, limit: int, pace: Pace | None = None
    ) -> list[Due]:
        """Due deliveries, each the oldest pending one of its lead; nobody else sends them before `until`. None while the
        subscription is paused; once a breaker's pause is over one, the probe, and no other until `until` or until it is
        finished. `pace` holds over all processes together: what is claimed is spent."""

    async def finish(
        self,
        due: Due,
        attempt: Attempt,
        state: str,
        next_at: datetime | None,
        *,
        spare: bool = False,
        judge: Callable[[Health], Health] | None = None,
    ) -> Change | None:
        """One try is over: `delivered`, `failed` for good, or `pending` with the instant of the next. Where its claim ran out and
        somebody else holds the event now, the try is noted and the event is left to them. `spare`: it does not count towards
        giving the event up. `judge` says what follows for the subscription, in the same transaction; what it
        changed is returned. Where it ends an open breaker's pause, all that waits is due at once."""

    async def finish_all(self, outcomes: Sequence[Outcome]) -> Change | None:
        """As `finish`, for tries of one subscription, in one transaction: a receiver that takes hundreds a second would
        otherwise wait for as many commits. The change is from before the first to after the last."""

    async def release(self, dues: Sequence[Due]) -> None:
        """These were claimed and nothing was sent of them: they wait as they did before. One whose claim ran out is left to whoever
        holds it now. What they spent of a pace stays spent."""

    async def is_paused(self, subscription: str, now: datetime) -> bool:
        """Whether `claim` gives nothing now: the subscription is disabled, or its receiver is spared."""

    async def disable(self, subscription: str, reason: str | None) -> bool:
        """Nothing is sent until it is enabled (`reason` None); its place in the feed is kept, so that nothing is lost. What
        was tried before is due at once then, and no failure of before counts. False for a subscription that never ran."""


class DeliveryReports(Protocol):
    """For whoever looks after the subscriptions."""

    async def states(self) -> list[State]:
        """Each subscription that ever ran, by name."""

    async def attempts(self, subscription: str, *, failed: bool = False, limit: int = 10_000) -> list[Tried]:
        """What was tried last, in the order of the feed; `failed`: only of events that were given up."""


class Window(NamedTuple):
    """From an instant on, up to another that is no part of it."""

    since: datetime
    until: datetime


class Replayed(NamedTuple):
    """A page of a replay: how many events are sent once more, how many were looked at, and the position of the last."""

    events: int
    looked_at: int
    position: int


class DeliveryReplays(Protocol):
    """For who sends once more what was sent before. Events that are not fanned out yet are left out: they go anyway."""

    async def position_before(self, at: datetime) -> int:
        """A position before that of each event that was recorded at `at` or later, and not far before."""

    async def replay(
        self, subscription: str, matches: Matches, now: datetime, *, window: Window, after: int, limit: int = 500
    ) -> Replayed:
        """Events behind the position `after` that were recorded in the window and that the subscription gets wait for it
        once more, due now, with the same id and all their tries before them. What waits already is due now. One
        transaction; ask again from `position` until nothing was looked at. A subscription that never ran begins here."""

    async def replay_event(self, subscription: str, event_id: str, matches: Matches, now: datetime) -> bool | None:
        """The same for one event; None where there is no such event behind the subscription's place in the feed, False
        where the subscription does not get it."""


class Deliveries(DeliveryQueue, DeliveryReports, DeliveryReplays, Protocol):
    """All of it."""
