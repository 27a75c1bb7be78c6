"""Bounds on how much somebody sends: token buckets, refilled with time, and log lines that say it once a second."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Hashable
from typing import NamedTuple


class _Level(NamedTuple):
    tokens: float
    at: float


class Buckets:
    """A bucket for each name: `rate` tokens a second on average, `burst` at once. A cost beyond what is there leaves a debt,
    which is paid before the next may pass. Times are seconds of a monotonic clock, given by the caller.

    Names are strangers' to choose, so those that were not used for longest are forgotten beyond `most`.
    """

    def __init__(self, rate: float, burst: float, most: int = 10_000) -> None:
        self._rate, self._burst, self._most = rate, burst, most
        self._levels: OrderedDict[Hashable, _Level] = OrderedDict()

    def wait(self, name: Hashable, at: float) -> int:
        """0 where something of this name may pass, else whole seconds until it is worth trying again."""
        tokens = self._tokens(name, at)
        return 0 if tokens >= 1 else max(1, math.ceil((1 - tokens) / self._rate))

    def charge(self, name: Hashable, at: float, cost: float = 1.0) -> None:
        """Takes what it cost, known before or afterwards."""
        # A debt is paid within a minute at the latest: nobody is locked out for a single delivery.
        lowest = -max(self._burst, 60 * self._rate)
        self._levels[name] = _Level(max(lowest, self._tokens(name, at) - cost), at)
        self._levels.move_to_end(name)
        if len(self._levels) > self._most:
            self._levels.popitem(last=False)

    def _tokens(self, name: Hashable, at: float) -> float:
        level = self._levels.get(name)
        if level is None:
            return float(self._burst)
        return min(self._burst, level.tokens + (at - level.at) * self._rate)


class Sampled:
    """What happens often is logged at most once every so many seconds, with how often it happened since."""

    def __init__(self, every: float = 1.0, most: int = 1000) -> None:
        self._every, self._most = every, most
        self._seen: OrderedDict[Hashable, tuple[float, int]] = OrderedDict()

    def count(self, name: Hashable, at: float) -> int | None:
        """How many times since the last line, this one counted; None where this is not the time for a line."""
        before = self._seen.get(name)
        said_at, unsaid = before if before is not None else (-math.inf, 0)
        is_due = at - said_at >= self._every
        self._seen[name] = (at, 0) if is_due else (said_at, unsaid + 1)
        self._seen.move_to_end(name)
        if len(self._seen) > self._most:
            self._seen.popitem(last=False)
        return unsaid + 1 if is_due else None
