"""Sends a window of events once more, page by page. On kill -9 the pages before are on their way: asked again, the same events
are sent with the same ids."""

from __future__ import annotations

from datetime import datetime

from services.ports.deliveries import DeliveryReplays, Matches, Window


class TooMany(Exception):
    """There are more events in the window than may be looked at in one go."""


async def replay_window(
    deliveries: DeliveryReplays,
    subscription: str,
    matches: Matches,
    now: datetime,
    *,
    window: Window,
    most: int | None = None,
) -> int:
    """How many events wait for the subscription again. `most`: events that are looked at. Raises TooMany, before anything is
    sent; StoreUnavailable."""
    after = await deliveries.position_before(window.since)
    if most is not None and await deliveries.position_before(window.until) - after > most:
        raise TooMany
    count = 0
    while True:
        page = await deliveries.replay(subscription, matches, now, window=window, after=after)
        if not page.looked_at:
            return count
        count, after = count + page.events, page.position
