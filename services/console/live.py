"""News for open pages: which events came is told by their position alone, and what is new is asked for by the page itself, under the
rights of whoever looks. So nothing personal goes this way, and a page that was away for an hour misses nothing.

One look at the store serves all pages of a process; the relay of the same process rings when there is something to see. Of each page
only is kept whether it has to be told, so one that does not read what it is told costs as much as any other.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator

from services.console.resting import Rest
from services.loops.doorbell import Doorbell
from services.ports.console import PageReading
from services.ports.errors import StoreUnavailable

log = logging.getLogger("stafett.http")
LOOK = 0.2
"""Seconds between looks at the position of the last event, where nobody rings."""
PAUSE = 0.05
"""Seconds between two looks at least, however often somebody rings."""
PING = 15.0
"""Seconds after which a page without news is told that the line is good."""
LIFE = 600.0
"""Seconds that a page is told news before it has to ask again, and so to be signed in still."""
MOST_PAGES = 500
"""Pages that are told news at a time; others are as they were when they were made."""
MOST_LEADS = 1000
"""Leads that are looked through for those that somebody has open; where more moved, everybody is told."""


class TooManyPages(Exception):
    """As many pages as there may be are told news already."""


class _Page:
    """An open page. `lead` is the one that it is about; None: about all. `head` is the position up to which it was told."""

    def __init__(self, lead: str | None, head: int) -> None:
        self.lead, self.head = lead, head
        self.news = asyncio.Event()

    def tell(self, head: int) -> None:
        """There is news up to this position."""
        self.head = head
        self.news.set()


class Live:
    """`stopping` is set when the process ends: whoever listens is let go then. `bell` rings when events are in the feed; other processes
    ring none, and their events are seen at the next look."""

    def __init__(self, reading: PageReading, stopping: asyncio.Event, bell: Doorbell | None = None) -> None:
        self._reading, self._stopping, self._bell = reading, stopping, bell or Doorbell()
        self._pages: set[_Page] = set()
        self._head = 0
        self._looking: asyncio.Task[None] | None = None
        self._rest = Rest()

    def __len__(self) -> int:
        return len(self._pages)

    def follow(self, lead: str | None, position: int) -> AsyncIterator[bytes]:
        """Server-sent events for a page that knows everything up to `position`. Raises TooManyPages."""
        if len(self._pages) >= MOST_PAGES:
            raise TooManyPages
        return self._events(_Page(lead, position))

    async def _events(self, page: _Page) -> AsyncIterator[bytes]:
        self._pages.add(page)
        try:
            yield b": good\n\n"
            await self._begin_to_look(page)
            until = asyncio.get_running_loop().time() + LIFE
            while asyncio.get_running_loop().time() < until and not self._stopping.is_set():
                if not await self._hears(page.news, PING):
                    yield b": good\n\n"
                    continue
                page.news.clear()
                yield f"id: {page.head}\nevent: news\ndata: {page.head}\n\n".encode()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), self._rest.seconds)
        except StoreUnavailable as error:
            # The page asks again, with the position that it has.
            log.debug("an open page is let go", extra={"error": type(error).__name__})
        finally:
            self._pages.discard(page)

    async def _hears(self, news: asyncio.Event, seconds: float) -> bool:
        """Whether there is news within so many seconds; at once where the process ends."""
        waits = [asyncio.create_task(news.wait()), asyncio.create_task(self._stopping.wait())]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        return news.is_set()

    async def _begin_to_look(self, page: _Page) -> None:
        """What came before the page listened is told at once, what comes from now on by the one look for all."""
        head = await self._reading.head()
        if self._looking is None or self._looking.done():
            self._head = head
            self._looking = asyncio.get_running_loop().create_task(self._look(), name="live pages")
        # Another page that came at the same time may have begun the look, further on than this one has read.
        head = max(head, self._head)
        if head > page.head:
            page.tell(head)

    async def _look(self) -> None:
        """As long as somebody listens."""
        clock = asyncio.get_running_loop().time
        self._rest.begin(clock(), time.process_time())
        while self._pages and not self._stopping.is_set():
            await self._bell.wait(LOOK)
            try:
                await self._tell_what_moved()
            except StoreUnavailable as error:
                log.debug("open pages are not told news", extra={"error": type(error).__name__})
            before = clock()
            await asyncio.sleep(PAUSE)
            self._rest.measure(clock(), time.process_time(), late=clock() - before - PAUSE)

    async def _tell_what_moved(self) -> None:
        head = await self._reading.head()
        if head <= self._head:
            return
        moved: set[str] = set()
        count = head - self._head
        if count <= MOST_LEADS and any(page.lead is not None for page in self._pages):
            moved = set(await self._reading.moved_leads(self._head, head, MOST_LEADS))
        self._head = head
        for page in self._pages:
            if page.lead is None or count > MOST_LEADS or page.lead in moved:
                page.tell(head)
