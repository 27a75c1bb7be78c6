"""What follows from a try for the subscription as a whole: it goes on, pauses, or is disabled. No I/O and no clock.

closed: events go as they come. After `failures` tries that failed one after the other it opens: nothing is sent for a pause,
then one event is, the probe. Where that fails, the next pause is twice as long, up to the longest; where anything is taken,
all that waits goes at once, in each lead's order. The place in the feed is kept all along.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, assert_never

from schemas.subscriptions import Breaker
from services.delivery.schedule import Verdict
from services.ports.deliveries import Change, Health

GONE = "the receiver answered 410 Gone"
Turn = Literal["opened", "closed", "gone", "failing"]
"""What is worth a line in the log: the breaker opened or closed, or the subscription was disabled, and why."""


def judge_health(
    before: Health, verdict: Verdict, now: datetime, status: int | None, *, breaker: Breaker, is_probe: bool
) -> Health:
    """How the receiver is after a try that gave this verdict."""
    if verdict.state == "delivered":
        return Health(disabled=before.disabled)
    if status == 410:
        return before._replace(disabled=GONE)
    since = before.failing_since or now
    after = before._replace(failing_since=since)
    if verdict.pause is not None:
        after = _throttle(after, now + verdict.pause, is_probe=is_probe)
    else:
        after = _fail(after, now, breaker, is_probe=is_probe)
    if after.disabled is None and now - since >= breaker.disable_after:
        return after._replace(disabled=f"it took nothing since {since:%Y-%m-%dT%H:%MZ}")
    return after


def _throttle(health: Health, until: datetime, *, is_probe: bool) -> Health:
    """A pause that is longer already stays, unless it only waited for this probe; a breaker that is open stays so."""
    kept = health.paused_until if health.paused_until is not None and not is_probe else until
    return health._replace(pause=health.pause or "throttled", paused_until=max(until, kept))


def _fail(health: Health, now: datetime, breaker: Breaker, *, is_probe: bool) -> Health:
    health = health._replace(failures=health.failures + 1)
    opens = health.pause != "open" and health.failures >= breaker.failures
    if not opens and not (is_probe and health.pause == "open"):
        return health  # with an open breaker: a try that was under way when it opened
    until = now + _pause(breaker, health.openings)
    if health.pause == "throttled" and health.paused_until is not None:
        until = max(until, health.paused_until)
    return health._replace(openings=health.openings + 1, pause="open", paused_until=until)


def _pause(breaker: Breaker, openings: int) -> timedelta:
    """`openings`: how often it opened before, without an event taken in between."""
    doublings = min(openings, 30)  # after thirty, one second is thirty years
    return min(breaker.longest, breaker.pause * (1 << doublings))


def turn_of(change: Change) -> Turn | None:
    """What is worth a line in the log."""
    before, after = change
    if after.disabled is not None and before.disabled is None:
        return "gone" if after.disabled == GONE else "failing"
    if after.pause == "open" and before.pause != "open":
        return "opened"
    return "closed" if before.pause == "open" and after.pause is None else None


def text_of(turn: Turn) -> str:
    """The words of the log."""
    match turn:
        case "opened":
            return "subscription paused: its receiver takes nothing; one event is tried now and then"
        case "closed":
            return "subscription goes on: its receiver takes events again"
        case "gone":
            return "subscription disabled: 410 Gone"
        case "failing":
            return "subscription disabled: its receiver took nothing for days"
        case _:
            assert_never(turn)
