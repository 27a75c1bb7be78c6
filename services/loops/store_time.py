"""One source of time for all processes: the store's. A machine's own clock decides nothing.

What is due is judged by several processes, and clocks of machines differ. Each asks the store for its time now and then, and counts on
from there by a counter that nobody sets. It is never ahead of the store, but for what the counter gains between two questions; it is
behind by the time that an answer takes, at most.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from services.ports.errors import ClocksDisagree, PortError, StoreUnavailable

log = logging.getLogger("stafett.time")
EVERY = timedelta(seconds=5)
"""Between two questions."""
SOON = timedelta(milliseconds=250)
"""Until the first answer."""
TOLERATED = timedelta(seconds=1)
"""How much a machine's clock may differ before somebody is told."""


def machine_now() -> datetime:
    """The time of this machine; the one place where it is asked for."""
    return datetime.now(UTC)


def ticks() -> float:
    """Seconds since the machine was started, those included in which it slept; whoever sets its clock changes nothing."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class StoreTime:
    """`ask` gives the store's time; None where the machine's clock is the store's. `on_offset` is told by how many seconds the machine's clock is ahead of it (negative: behind).
    Where they differ by more than `bound` one of them is wrong by far, nobody can say which, and nothing is decided."""

    def __init__(
        self,
        ask: Callable[[], Awaitable[datetime]] | None,
        bound: timedelta,
        *,
        machine: Callable[[], datetime] = machine_now,
        ticks: Callable[[], float] = ticks,
        on_offset: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._ask, self._bound, self._machine, self._ticks, self._on_offset = ask, bound, machine, ticks, on_offset
        self._base: datetime | None = None
        self._offset = timedelta(0)

    def now(self) -> datetime:
        """The store's time; the machine's until the store was asked for the first time."""
        return self._machine() if self._base is None else self._base + timedelta(seconds=self._ticks())

    def deciding_now(self) -> datetime:
        """As `now`, for whoever decides what cannot be taken back. Raises ClocksDisagree, and StoreUnavailable where the store was never
        asked: nobody has compared this machine's clock with it yet."""
        if not self._is_known:
            raise StoreUnavailable("the store has not said its time yet")
        if abs(self._offset) > self._bound:
            raise ClocksDisagree(self._offset.total_seconds(), self._bound.total_seconds())
        return self.now()

    @property
    def _is_known(self) -> bool:
        return self._ask is None or self._base is not None

    async def measure(self) -> None:
        """Asks. The answer was true at some instant between question and answer: what we have is moved into that span, and no
        further, so that time does not jump to and fro by what a way takes. Raises PortError."""
        if self._ask is None:
            return
        before, machine = self._ticks(), self._machine()
        there = await self._ask()
        after = self._ticks()
        least, most = there - timedelta(seconds=after), there - timedelta(seconds=before)
        self._base = least if self._base is None else min(max(self._base, least), most)
        took = most - least
        # Of what may be the way's alone nothing is said.
        self._offset = max(machine - there, timedelta(0)) or min(machine - there + took, timedelta(0))
        self._on_offset(self._offset.total_seconds())

    def difference(self) -> str:
        """`ok`, or by how much the machine's clock differs from the store's."""
        seconds = self._offset.total_seconds()
        way = "ahead of" if seconds > 0 else "behind"
        return "ok" if abs(self._offset) <= TOLERATED else f"{abs(seconds):.1f} s {way} the store's"

    def refusal(self) -> str:
        """`ok`, or why nothing is decided."""
        return "ok" if abs(self._offset) <= self._bound else f"nothing is decided: the clock is {self.difference()}"

    async def keep(self, stop: asyncio.Event) -> None:
        """Asks every few seconds until `stop`, and tells in the log when the clocks begin to differ or agree again."""
        known = "ok"
        while not stop.is_set():
            try:
                await self.measure()
            except PortError as error:
                log.debug("the store does not say its time", extra={"error": type(error).__name__})
            said = self.difference()
            if (said == "ok") != (known == "ok"):
                log.log(logging.INFO if said == "ok" else logging.ERROR, "the clock of this machine: %s", said)
            known = said
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), (EVERY if self._is_known else SOON).total_seconds())
