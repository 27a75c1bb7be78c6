"""How fast due clocks are announced: no faster than the router decides on them, so that a signal which comes meanwhile is decided
after some of them and not after all.

Nothing of it is kept: a watcher that begins again announces as many as one that has announced none.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

AHEAD = 1000
"""Announcements that the router may have before it: two of its batches, so that it never waits for the next ones."""
PATIENCE = timedelta(seconds=1)
"""After it an announcement counts no longer: a router that is far behind for other reasons is told of clocks all the same."""


class _Page(NamedTuple):
    """Announcements that were appended together; the log held no more than `ends` then."""

    size: int
    ends: Mapping[int, int]
    at: datetime


class Pace:
    """What was announced and is not decided on yet, as far as it counts."""

    def __init__(self, ahead: int = AHEAD) -> None:
        self._ahead, self._pages = ahead, list[_Page]()

    def note(self, count: int, ends: Mapping[int, int], now: datetime) -> None:
        """So many were announced; the log ends there now."""
        self._pages.append(_Page(count, ends, now))

    def room(self, reached: Mapping[int, int], now: datetime) -> int:
        """How many more may be announced, `reached` being the router's positions."""
        self._pages = [
            page
            for page in self._pages
            if now < page.at + PATIENCE and any(reached.get(partition, 0) < end for partition, end in page.ends.items())
        ]
        return max(0, self._ahead - sum(page.size for page in self._pages))
