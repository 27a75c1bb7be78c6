"""The feed by gapless position, for consumers without Kafka, and the snapshot to begin it from."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from schemas.envelope import whole
from schemas.events import Topic
from schemas.http import FeedPage, Snapshot
from services.api.access import Access, Key, route
from services.api.scoped import Scoped
from services.api.views import MAX_NUMBER, After, Limit, lead_view, may_see
from services.door.problems import Trouble
from services.ports.reading import FeedReading
from services.ports.rows import EventRow

MAX_WAIT = 60
"""Seconds that a request may wait for news; under the idle time-outs of common proxies."""
MAX_WAITING = 256
"""Requests that may wait at a time in one process."""
LOOK = 0.2
"""Seconds between looks at the feed's head."""


class Feed:
    """`stopping` is set when the process ends: whoever waits is answered then."""

    def __init__(self, stopping: asyncio.Event) -> None:
        self._stopping, self._waiting = stopping, 0

    async def page(
        self, reading: FeedReading, request: Request, after: int, topic: Topic | None, limit: int, wait: int
    ) -> tuple[int, int, Sequence[EventRow]]:
        """(head, where to go on, events): at once where there are some, else after `wait` seconds at most.

        Raises Trouble where too many wait already.
        """
        head, following, rows = await _look(reading, after, topic, limit)
        if rows or not wait:
            return head, following, rows
        if self._waiting >= MAX_WAITING:
            raise Trouble("too_many", "too many readers wait for news here", retry_after=1)
        self._waiting += 1
        try:
            until = asyncio.get_running_loop().time() + wait
            while not rows and not self._stopping.is_set() and asyncio.get_running_loop().time() < until:
                await self._pause()
                if await request.is_disconnected():
                    break
                head, following, rows = await _look(reading, following, topic, limit)
        finally:
            self._waiting -= 1
        return head, following, rows

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), LOOK)


async def _look(
    reading: FeedReading, after: int, topic: Topic | None, limit: int
) -> tuple[int, int, Sequence[EventRow]]:
    """The head is read first, so that nothing between it and the rows is passed over."""
    head = await reading.head()
    rows = await reading.events(after, topic, limit) if head > after else []
    return head, rows[-1].position if rows else max(after, head), rows


def add_feed(router: APIRouter, scoped: Scoped, access: Access, stopping: asyncio.Event) -> None:
    feed = Feed(stopping)

    @route(
        router,
        "/events",
        "too_many",
        scope="events:read",
        operation="listEvents",
        tag="feed",
        summary="Follow events",
        response_model=FeedPage,
    )
    async def events(
        request: Request,
        key: Key = access.needs("events:read"),
        after: Annotated[
            int, Query(ge=0, le=MAX_NUMBER, description="`next` of the page before; 0 for all.", examples=[41])
        ] = 0,
        topic: Annotated[Topic | None, Query(description="Only events of this topic.", examples=["handovers"])] = None,
        limit: Limit = 100,
        wait: Annotated[
            int, Query(ge=0, le=MAX_WAIT, description="Seconds to wait for the first event.", examples=[20])
        ] = 0,
    ) -> Response:
        """The feed by gapless position. Ask again with `after` = `next`; with `wait` an answer comes as soon as there
        is news, or empty when the time is over. Without `personal:read` the personal part of each event is null."""
        head, following, rows = await feed.page(
            scoped.of(key), request, after=after, topic=topic, limit=limit, wait=wait
        )
        return Response(page_text(rows, following, head, may_see(key)), media_type="application/json")

    @route(router, "/snapshot", scope="leads:read", operation="getSnapshot", tag="feed", summary="Begin with all leads")
    async def snapshot(key: Key = access.needs("leads:read"), after: After = "", limit: Limit = 500) -> Snapshot:
        """A page of all leads, and the feed's position before it was read: follow the feed from the first page's
        position, and pass over events whose `sequence` is not above their lead's."""
        position, rows = await scoped.of(key).snapshot(after, limit)
        following = rows[-1].id if len(rows) == limit else None
        return Snapshot(position=position, leads=[lead_view(row, key) for row in rows], next=following)


def page_text(rows: Sequence[EventRow], following: int, head: int, personal: bool) -> str:
    """The page as JSON, put together from the events' own bytes, which are the same as on the topic."""
    entries = (
        f'{{"position":{entry.position},"event":{whole(entry.row.head, entry.row.personal if personal else None)}}}'
        for entry in rows
    )
    return f'{{"events":[{",".join(entries)}],"next":{following},"head":{head}}}'
