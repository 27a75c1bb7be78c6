"""Signs of life: each role's loop says when it takes a step, so that one that stands still is found."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

RECENT = timedelta(minutes=1)
"""A loop without a step for longer stands still, unless its steps may take longer by themselves."""


class Pulses:
    """`ticks` are seconds of a monotonic clock."""

    def __init__(self, ticks: Callable[[], float] = time.monotonic) -> None:
        self._ticks = ticks
        self._seen: dict[str, tuple[float, float]] = {}
        self._watched: dict[str, Callable[[], str]] = {}

    def of(self, role: str, longest: timedelta = timedelta(0)) -> Callable[[], None]:
        """What the loop of this role calls at each step, the first of which is now. `longest` is how long a step of its
        kind may take, beyond RECENT."""
        within = (RECENT + longest).total_seconds()

        def beat() -> None:
            self._seen[role] = self._ticks(), within

        beat()
        return beat

    def watch(self, name: str, state: Callable[[], str]) -> None:
        """Something else that may be in the way: `state` says `ok`, or what is wrong."""
        self._watched[name] = state

    def states(self) -> dict[str, str]:
        """`ok` for each role, or since when it stands still; of what else is watched, what is wrong."""
        now = self._ticks()
        roles = {
            role: "ok" if now - at <= within else f"no step for {now - at:.0f} s"
            for role, (at, within) in sorted(self._seen.items())
        }
        return roles | {name: said for name, state in self._watched.items() if (said := state()) != "ok"}
