"""What a clock asks of somebody: by when, while it asks for anything."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from routing.model.records import Clock
from routing.sla.clocks import QUEUE, SILENT


def act_by(clock: Clock) -> datetime | None:
    """When it is due, while somebody of us has still something to do for it: it runs, stands still, or was broken and nobody made
    up for it. None for one that only ends a wait of others."""
    if clock.policy in SILENT and clock.policy != QUEUE:
        return None
    match clock.state:
        case "running" | "paused":
            return clock.due_at
        case "breached":
            return clock.due_at if clock.touched_at is None and clock.cancelled_at is None else None
        case "fulfilled" | "cancelled":
            return None
        case _:
            assert_never(clock.state)
