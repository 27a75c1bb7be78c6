"""Events that are sent once more: rows of `deliveries` wait again, or are made again where they were removed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.adapters.sql import tables as t
from services.adapters.sql.engine import Dialect, Engines, scalar
from services.adapters.sql.receivers import COLUMNS, begin, cursor_of, new_row
from services.ports.deliveries import Matches, Replayed, Window
from services.ports.instants import micros

SLACK = timedelta(minutes=10)
"""Clocks of relays that took over from each other differ by less, so instants of recording rise but for so much."""
_EVENT = "position, event_id, lead_id, topic, type, head"
_ONCE_MORE = """ON CONFLICT (id) DO UPDATE SET next_at = excluded.next_at, finished_at = NULL, claimed_until = 0,
    spared = CASE WHEN deliveries.state = 'pending' THEN deliveries.spared ELSE deliveries.attempts END, state = 'pending'"""
"""One that is under way is no longer whoever's sends it: what came of that is not noted, and it goes out once more."""


class SqlReplays:
    """The port `DeliveryReplays`."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    async def position_before(self, at: datetime) -> int:
        """Events have no index by time, so the position is searched for: by turns where it would be if as much came at all times, which
        is most often near, and by halves, which is never far."""
        wanted = micros(at - SLACK)
        async with self._engines.read(patient=True) as conn:
            low, high = 0, await scalar(conn, "SELECT coalesce(max(position), 0) FROM events")
            begun, ended = await _recorded_at(conn, 0), await _recorded_at(conn, high)
            by_halves = False
            while low < high:
                middle = (low + high + 1) // 2 if by_halves else _guess(low, high, (wanted - begun, ended - begun))
                by_halves = not by_halves
                found = await _recorded_at(conn, middle)
                if found < wanted:
                    low, begun = middle, found
                else:
                    high, ended = middle - 1, found
        return low

    async def replay(
        self, subscription: str, matches: Matches, now: datetime, *, window: Window, after: int, limit: int = 500
    ) -> Replayed:
        statement = f"""SELECT {_EVENT}, recorded_at FROM events
            WHERE position > :after AND position <= :end ORDER BY position LIMIT :n"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        end = await self.position_before(window.until + 2 * SLACK)
        async with self._engines.write(patient=True) as conn:
            place = await self._place(conn, subscription)
            given = {"after": after, "end": min(place, end), "n": limit}
            events = (await conn.execute(text(statement), given)).all()
            chosen = [e for e in events if micros(window.since) <= e.recorded_at < micros(window.until)]
            count = await put_back(conn, self._engines.dialect, subscription, _matching(chosen, matches), now=now)
        return Replayed(count, len(events), events[-1].position if events else after)

    async def replay_event(self, subscription: str, event_id: str, matches: Matches, now: datetime) -> bool | None:
        by_delivery = f"""SELECT {_EVENT} FROM events
            WHERE position = (SELECT position FROM deliveries WHERE id = :d)"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        by_id = f"SELECT {_EVENT} FROM events WHERE event_id = :e AND position <= :end"  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        async with self._engines.write(patient=True) as conn:
            place = await self._place(conn, subscription)
            given = {"d": f"{event_id}.{subscription}"}
            event = (await conn.execute(text(by_delivery), given)).one_or_none()
            if event is None:
                event = (await conn.execute(text(by_id), {"e": event_id, "end": place})).one_or_none()
            if event is None:
                return None
            return bool(await put_back(conn, self._engines.dialect, subscription, _matching([event], matches), now=now))

    async def _place(self, conn: AsyncConnection, subscription: str) -> int:
        await begin(conn, subscription)
        cursor = await cursor_of(conn, self._engines.dialect, subscription)
        return cursor.position if cursor is not None else 0


async def _recorded_at(conn: AsyncConnection, position: int) -> int:
    """Of the event at this position, or the next one; 0 where there is none."""
    statement = "SELECT recorded_at FROM events WHERE position >= :p ORDER BY position LIMIT 1"
    return int(await scalar(conn, statement, p=position) or 0)


def _guess(low: int, high: int, part: tuple[int, int]) -> int:
    """So much of the way from `low` to `high` as the first of `part` is of the second; behind `low` in any case."""
    first, whole = part
    share = (high - low) * first // whole if whole > 0 else 0
    return min(high, max(low + 1, low + share))


def _matching(events: Sequence[Any], matches: Callable[[str, str, str], bool]) -> list[Any]:
    return [event for event in events if matches(event.topic, event.type, event.head)]


async def put_back(
    conn: AsyncConnection, dialect: Dialect, subscription: str, events: Sequence[Any], now: datetime
) -> int:
    """These wait for the subscription, whose row is locked; returns how many."""
    # By id, as those who finish have it, so that none waits for the other.
    rows = sorted(new_row(subscription, event, now) for event in events)
    await dialect.insert(conn, t.deliveries, COLUMNS, rows, tail=_ONCE_MORE)
    return len(rows)
