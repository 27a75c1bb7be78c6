"""What follows from a try to deliver: done, once more and when, or given up. No I/O: it judges what came of the try.

What follows for the subscription as a whole is in `breaker.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from services.ports.deliveries import Due

SCHEDULE = tuple(timedelta(seconds=s) for s in (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400))
"""Pauses before the second and further tries, as Standard Webhooks recommends: about three days in all."""
MOST_SPARED = 1000
"""Tries of one event that do not count; those after them do, so that none is tried for ever."""


class Verdict(NamedTuple):
    """What follows from a try. `pause`: nothing is sent to the subscription for so long. `spare`: the try does not count
    towards giving the event up."""

    state: str
    wait: timedelta | None = None
    pause: timedelta | None = None
    spare: bool = False


def judge_attempt(
    due: Due, status: int | None, pause: timedelta | None = None, schedule: Sequence[timedelta] = SCHEDULE
) -> Verdict:
    """Only 2xx is success; a redirect is none. `status` is None where there was no answer, `pause` the one that it asks for
    (Retry-After), which is honoured.

    A receiver that says it is asked too much (429, or 503 with a pause) is asked nothing for that long, and the try does not
    count: it says nothing of the event. Nor does a probe. After a 410 the subscription is disabled, and the event waits with
    those that follow until somebody enables it.
    """
    if status is not None and 200 <= status < 300:
        return Verdict("delivered")
    if status == 410:
        return Verdict("pending", timedelta(0))
    is_throttled = status == 429 or (status == 503 and pause is not None)
    spare = (is_throttled or due.is_probe) and due.spared < MOST_SPARED
    if is_throttled and spare:
        pause = max(schedule[0] if schedule else timedelta(0), pause or timedelta(0))
        return Verdict("pending", pause * _jitter(due), pause, spare=True)
    counted = due.attempts - due.spared
    if counted >= len(schedule) and not spare:
        return Verdict("failed")
    planned = schedule[min(counted, len(schedule) - 1)] if schedule else timedelta(0)
    wait = max(planned, pause or timedelta(0))
    return Verdict("pending", wait * _jitter(due), spare=spare)


def outcome_of(verdict: Verdict, status: int | None, error: str | None) -> str:
    """One of the words of the metric on attempts."""
    if verdict.state != "pending":
        return {"failed": "given_up"}.get(verdict.state, verdict.state)
    if error is not None and "Timeout" in error:
        return "timeout"
    return "refused" if error == "AddressRefused" or (status is not None and 400 <= status < 500) else "failed"


def _jitter(due: Due) -> float:
    """0.9 to 1.1, from the delivery's id and number: spread out, and the same in a replay."""
    drawn = hashlib.sha256(f"{due.id}.{due.attempts}".encode()).digest()[0]
    return 0.9 + drawn / 255 * 0.2
