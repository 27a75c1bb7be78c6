"""A bound on what an unsigned source may send: a token bucket per source, refilled with time."""

from __future__ import annotations

import math


class RateLimit:
    """`rate` requests a second on average, `burst` at once. Times are seconds of a monotonic clock, given by the caller."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate, self._burst = rate, burst
        self._tokens: dict[str, tuple[float, float]] = {}

    def wait(self, source: str, at: float) -> int:
        """0 where the request may pass, else whole seconds until it is worth trying again."""
        tokens, seen = self._tokens.get(source, (float(self._burst), at))
        tokens = min(self._burst, tokens + (at - seen) * self._rate)
        if tokens >= 1:
            self._tokens[source] = (tokens - 1, at)
            return 0
        self._tokens[source] = (tokens, at)
        return max(1, math.ceil((1 - tokens) / self._rate))
