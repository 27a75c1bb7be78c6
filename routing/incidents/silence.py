"""Whether a source is silent against its own usual traffic. Pure, and in whole numbers, so that anybody can count it again.

What is compared: the full hours since the last one in which anything came, at most a week of them, with the same hours of the week (in
UTC) one, two, three and four weeks ago. The source is silent where in each of those weeks `EACH` deliveries came in those hours at
least, and `MEAN` in the mean. With ten on average nothing at all comes once in 22,000 times, were deliveries to come at random (e^-10).
A source with little traffic therefore needs a long silence: with twelve a week six days, with fewer than ten a week it is never told.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)
WEEKS = 4
"""So many weeks before are compared; while fewer are known nobody is told."""
MEAN, EACH = 10, 5
KEPT = WEEK * (WEEKS + 1) + timedelta(days=1)
"""How long counts are needed."""


class Silence(NamedTuple):
    """Nothing came in `hours` full hours from `since` on; `usual` came in the same hours of each of the weeks before, the last one first."""

    since: datetime
    hours: int
    usual: tuple[int, ...]

    def explain(self) -> str:
        counts = ", ".join(map(str, self.usual))
        return f"nothing came for {self.hours} hours; in the same hours of the {len(self.usual)} weeks before it was {counts}"


def hour_of(at: datetime) -> datetime:
    """The hour that an instant lies in, by its begin."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def find_silence(counts: Mapping[datetime, int], now: datetime) -> Silence | None:
    """`counts`: deliveries by the begin of their hour; hours without any may be left out. None where nothing is unusual, or too
    little is known."""
    end = hour_of(now)
    # A source that has just begun has no usual traffic, though it may be counted once in hours long ago.
    if not counts or min(counts) > end - WEEK * WEEKS:
        return None
    since = max(max(counts) + HOUR, end - WEEK)
    hours = [since + HOUR * number for number in range(max(0, (end - since) // HOUR))]
    if not hours:
        return None
    usual = tuple(sum(counts.get(hour - WEEK * week, 0) for hour in hours) for week in range(1, WEEKS + 1))
    is_silent = sum(usual) >= MEAN * WEEKS and min(usual) >= EACH
    return Silence(since, len(hours), usual) if is_silent else None
