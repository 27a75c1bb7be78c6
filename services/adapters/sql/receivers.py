"""How the receiver of each subscription is, in the row that holds the subscription's place in the feed.

Whoever changes that row and rows of `deliveries` in one transaction locks that row first: two who did it the other way round
could wait for each other.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.adapters.sql.engine import Dialect
from services.ports.deliveries import Change, Health
from services.ports.instants import instant_or_none, micros

COLUMNS = (
    "id",
    "subscription",
    "position",
    "event_id",
    "lead_id",
    "state",
    "attempts",
    "next_at",
    "claimed_until",
    "created_at",
)
"""What a delivery that waits begins with."""
_HEALTH = "failures, failing_since, openings, pause, paused_until, disabled_reason"


class Cursor(NamedTuple):
    """A subscription's place in the feed, how its receiver is, and up to when its pace is used up."""

    position: int
    spent_until: datetime | None
    health: Health


def new_row(subscription: str, event: Any, now: datetime) -> tuple[Any, ...]:
    """A delivery that waits, in the order of COLUMNS, of a row of `events`."""
    ident, at = f"{event.event_id}.{subscription}", micros(now)
    return (ident, subscription, event.position, event.event_id, event.lead_id, "pending", 0, at, 0, at)


async def begin(conn: AsyncConnection, subscription: str) -> None:
    """A subscription that is new begins with the next event."""
    await conn.execute(
        text(
            "INSERT INTO delivery_cursors (subscription, position, failures, openings) VALUES (:s,"
            " coalesce((SELECT value FROM counters WHERE name = 'events'), 0), 0, 0) ON CONFLICT DO NOTHING"
        ),
        {"s": subscription},
    )


async def cursor_of(conn: AsyncConnection, dialect: Dialect, subscription: str, *, lock: bool = True) -> Cursor | None:
    """None for a subscription that never ran."""
    statement = (
        f"SELECT position, spent_until, {_HEALTH} FROM delivery_cursors WHERE subscription = :s"  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        f" {dialect.lock if lock else ''}"
    )
    row = (await conn.execute(text(statement), {"s": subscription})).one_or_none()
    if row is None:
        return None
    health = Health(
        failures=row.failures,
        failing_since=instant_or_none(row.failing_since),
        openings=row.openings,
        pause=row.pause,
        paused_until=instant_or_none(row.paused_until),
        disabled=row.disabled_reason,
    )
    return Cursor(row.position, instant_or_none(row.spent_until), health)


def pauses(cursor: Cursor, now: datetime) -> bool:
    """Whether nothing may be sent now."""
    health = cursor.health
    return health.disabled is not None or (health.paused_until is not None and health.paused_until > now)


async def spend(
    conn: AsyncConnection, subscription: str, spent_until: datetime | None, *, paused_until: datetime | None
) -> None:
    """Notes what was claimed: how far the pace is used up, and until when a probe is under way; None leaves it as it is."""
    if spent_until is None and paused_until is None:
        return
    await conn.execute(
        text(
            "UPDATE delivery_cursors SET spent_until = coalesce(:spent, spent_until),"
            " paused_until = coalesce(:paused, paused_until) WHERE subscription = :s"
        ),
        {
            "s": subscription,
            "spent": micros(spent_until) if spent_until is not None else None,
            "paused": micros(paused_until) if paused_until is not None else None,
        },
    )


async def change_health(
    conn: AsyncConnection, dialect: Dialect, subscription: str, judge: Callable[[Health], Health]
) -> Change | None:
    """What follows from a try, by what others left meanwhile; None where it changes nothing. The row is locked only where
    something changes, for most tries of a sound receiver change nothing."""
    seen = await cursor_of(conn, dialect, subscription, lock=False)
    if seen is None or judge(seen.health) == seen.health:
        return None
    cursor = await cursor_of(conn, dialect, subscription)
    if cursor is None or (after := judge(cursor.health)) == cursor.health:
        return None
    await conn.execute(
        text(
            "UPDATE delivery_cursors SET failures = :failures, failing_since = :since, openings = :openings,"
            " pause = :pause, paused_until = :until, disabled_reason = :disabled WHERE subscription = :s"
        ),
        {
            "s": subscription,
            "failures": after.failures,
            "since": micros(after.failing_since) if after.failing_since is not None else None,
            "openings": after.openings,
            "pause": after.pause,
            "until": micros(after.paused_until) if after.paused_until is not None else None,
            "disabled": after.disabled,
        },
    )
    return Change(cursor.health, after)
