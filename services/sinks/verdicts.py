"""What follows from trouble: who waits, how long, and who has to do something. Pure."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import NamedTuple, assert_never

from services.sinks.outcomes import Trouble

SCHEDULE = tuple(timedelta(seconds=s) for s in (2, 10, 60, 300, 900, 1800, 3600))
"""Pauses of a lead before its further tries; the last one holds for ever, since nothing that was handed over is given up."""
SHORT = timedelta(seconds=5)


class Verdict(NamedTuple):
    """`wait`: until this lead's event is tried again; None: until somebody says `retry`. `hold`: so long the whole sink calls nobody.
    `pause`: why the sink stops until somebody resumes it."""

    wait: timedelta | None
    hold: timedelta = timedelta(0)
    pause: str | None = None


def judge_trouble(trouble: Trouble, attempts: int, troubles_in_a_row: int, seed: str) -> Verdict:
    """What follows. `attempts` is how often this step, or else this event, was tried before, `troubles_in_a_row` how many calls of the
    sink came to nothing one after the other, whichever lead they were for: many in a row are an outage. `seed` spreads the pauses."""
    match trouble.kind:
        case "throttled":
            pause = trouble.wait or SHORT
            return Verdict(pause, hold=pause)
        case "spent":
            pause = trouble.wait or timedelta(hours=1)
            return Verdict(pause, hold=pause)
        case "locked":
            return Verdict((trouble.wait or SHORT) * _jitter(seed))
        case "unknown":
            return Verdict(trouble.wait or _pause(attempts, seed), hold=_outage(troubles_in_a_row))
        case "transient":
            return Verdict(max(_pause(attempts, seed), trouble.wait or timedelta(0)), hold=_outage(troubles_in_a_row))
        case "refused_data" | "gone":
            return Verdict(None)
        case "refused_setup":
            return Verdict(timedelta(0), pause=str(trouble))
        case _:
            assert_never(trouble.kind)


def _pause(attempts: int, seed: str) -> timedelta:
    return SCHEDULE[min(attempts, len(SCHEDULE) - 1)] * _jitter(f"{seed}.{attempts}")


def _outage(troubles: int) -> timedelta:
    """Nothing for a single mishap; from the fifth in a row on the sink is left in peace, a minute at most."""
    return timedelta(seconds=min(60, 2 ** (troubles - 4))) if troubles >= 5 else timedelta(0)


def _jitter(seed: str) -> float:
    """0.8 to 1.2, the same in a replay."""
    return 0.8 + hashlib.sha256(seed.encode()).digest()[0] / 255 * 0.4
