"""When a message that was not taken is tried again. No I/O: it judges what came of the try."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import NamedTuple

from services.alerts.channels.sender import Outcome

PAUSES = tuple(timedelta(seconds=s) for s in (5, 30, 60, 300, 600, 1800, 3600, 7200, 14400, 28800))
"""Before the second and further tries: about sixteen hours in all. Who has not been told by then is not helped by it."""


class Verdict(NamedTuple):
    """What becomes of the message: `sent`, `failed`, or `pending` after `wait`. `hold` stops the whole channel for so long."""

    state: str
    wait: timedelta | None = None
    hold: timedelta | None = None


def judge_try(ident: str, attempts: int, outcome: Outcome) -> Verdict:
    """`attempts` were made before this one."""
    match outcome.state:
        case "sent":
            return Verdict("sent")
        case "refused":
            return Verdict("failed")
        case _ if attempts >= len(PAUSES):
            return Verdict("failed")
        case _:
            own = PAUSES[attempts] * _jitter(ident, attempts)
            return Verdict("pending", max(own, outcome.pause or timedelta(0)), outcome.pause)


def _jitter(ident: str, attempts: int) -> float:
    """0.9 to 1.1, from the message and the try: spread out, and the same in a replay."""
    return 0.9 + hashlib.sha256(f"{ident}.{attempts}".encode()).digest()[0] / 255 * 0.2
