"""How fast a sink may call: a bucket for bursts and one for the day, each with the costs that the vendor counts.

Owners and new offers go first: what may wait (an edit of a note) leaves a part of each bucket to them, and is tried again later. They are this process's own; where several processes deliver, each needs its part of the vendor's limit in the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import NamedTuple

from schemas.sinks.base import Limits
from services.sinks.outcomes import Trouble
from services.sinks.remaining import Remaining

DAY = timedelta(days=1)

OWN_LIMIT = "our_own_limit"
"""The code of a call that our own limit keeps back."""
LEFT_TO_OTHERS = "left_to_owners_and_offers"
"""The code of a call that may wait, while a bucket is short."""
LEFT = 0.25
"""The part of a bucket that is left to what may not wait."""
PATIENCE = timedelta(seconds=15)
"""What may wait is tried again no sooner than this."""
_may_wait: ContextVar[bool] = ContextVar("may_wait", default=False)


@contextmanager
def waiting_where_short(may_wait: bool) -> Iterator[None]:
    """Calls that are made within, by this task, may wait or not."""
    token = _may_wait.set(may_wait)
    try:
        yield
    finally:
        _may_wait.reset(token)


class Usual(NamedTuple):
    """Calls in each window, and calls or tokens a day; None where the vendor has no such limit."""

    burst: int | None = None
    window: timedelta | None = None
    per_day: int | None = None


class Bucket:
    """Lets `capacity` units through in each `window`, evenly refilled; pure, the time is passed in."""

    def __init__(self, capacity: float, window: timedelta) -> None:
        self._capacity, self._window = capacity, window
        self._level, self._at = capacity, None

    _at: datetime | None

    def wait_for(self, cost: float, now: datetime, left: float = 0.0) -> timedelta:
        """How long until `cost` may be taken and that part of the bucket is `left`; nothing where it may be now. What costs more than the
        whole bucket needs a full one."""
        self._refill(now)
        missing = min(cost + left * self._capacity, self._capacity) - self._level
        return self._window * (missing / self._capacity) if missing > 0 else timedelta(0)

    def take(self, cost: float, now: datetime) -> None:
        """Takes it, though the level falls below nothing: whoever asks next waits for that as well."""
        self._refill(now)
        self._level -= cost

    def lower(self, level: float, now: datetime) -> None:
        """No more than `level` is there, whatever was counted."""
        self._refill(now)
        self._level = min(self._level, level)

    def _refill(self, now: datetime) -> None:
        if self._at is not None and now > self._at:
            self._level = min(self._capacity, self._level + self._capacity * ((now - self._at) / self._window))
        self._at = now if self._at is None else max(self._at, now)


class Allowance:
    """Both buckets of a sink. None for a limit that it does not have."""

    def __init__(self, burst: Bucket | None, day: Bucket | None) -> None:
        self._burst, self._day = burst, day

    def reserve(self, cost: int, now: datetime, longest: float = float("inf")) -> timedelta:
        """Takes `cost` and returns how long to wait before the call may leave. Raises Trouble (spent) where the day has no
        more, with how long it takes to have it again; Trouble (throttled), and takes nothing, where it would be more than `longest`
        seconds, which a claim would not outlast; Trouble (locked), and takes nothing, for a call that may wait while a bucket is short."""
        if _may_wait.get() and (missing := self._short_by(cost, now)):
            raise Trouble("locked", LEFT_TO_OTHERS, wait=max(missing, PATIENCE))
        pause = self._burst.wait_for(cost, now) if self._burst is not None else timedelta(0)
        if pause.total_seconds() > longest:
            raise Trouble("throttled", OWN_LIMIT, wait=pause)
        if self._day is not None:
            if missing := self._day.wait_for(cost, now):
                raise Trouble("spent", "our_share_of_the_day", wait=missing)
            self._day.take(cost, now)
        if self._burst is not None:
            self._burst.take(cost, now)
        return pause

    def believe(self, remaining: Remaining, now: datetime) -> None:
        """What the vendor says is left; it counts what others use as well."""
        if self._burst is not None and remaining.burst is not None:
            self._burst.lower(remaining.burst, now)
        if self._day is not None and remaining.day is not None:
            self._day.lower(remaining.day, now)

    def _short_by(self, cost: int, now: datetime) -> timedelta:
        """How long until both buckets have so much that others keep their part."""
        waits = [bucket.wait_for(cost, now, LEFT) for bucket in (self._burst, self._day) if bucket is not None]
        return max(waits, default=timedelta(0))


def allowance_of(limits: Limits, usual: Usual) -> Allowance:
    """What the file says, else what the vendor usually allows."""
    burst, window = limits.burst or usual.burst, limits.window or usual.window
    per_day = limits.per_day or usual.per_day
    return Allowance(
        Bucket(burst, window) if burst is not None and window is not None else None,
        Bucket(per_day * limits.day_share, DAY) if per_day is not None else None,
    )
