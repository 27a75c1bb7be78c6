"""The breaker between ingest and the log: who may try a log that failed, and when. Pure: the time is passed in."""

from __future__ import annotations


class Breaker:
    """Closed, everybody tries. After a failure it is open and nobody does, for `first` seconds; then one call at a time
    probes. Each probe that fails doubles the wait, up to `longest` seconds; one that succeeds closes the breaker.

    A try is a number that goes back with its outcome, so that calls from before the breaker opened, which fail late,
    neither end a probe nor lengthen the wait. Times are seconds of a monotonic clock.
    """

    def __init__(self, first: float = 1.0, longest: float = 30.0) -> None:
        self._first, self._longest = first, longest
        self._number = 0
        self._wait = 0.0
        self._open_until = 0.0
        self._probing = False

    def ask(self, now: float) -> int | None:
        """The number of a try, which has to be told `record_success` or `record_failure`; None for those who must not try now."""
        if self._wait:
            if self._probing or now < self._open_until:
                return None
            self._probing = True
        return self._number

    def record_success(self, number: int) -> None:
        if number == self._number:
            self._wait, self._probing = 0.0, False

    def record_failure(self, number: int, now: float) -> None:
        if number != self._number:
            return
        self._number += 1
        self._wait = min(2 * self._wait, self._longest) if self._wait else self._first
        self._open_until, self._probing = now + self._wait, False

    def release_probe(self, number: int) -> None:
        """Nothing was learned, so that somebody else may probe."""
        if number == self._number:
            self._probing = False
