"""Bodies that take long are read beside the event loop: a thousand events take half a second, and others wait for answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

from services.door.problems import Trouble
from services.ingest.limits.turns import Job, Turns

LARGE = 64 * 1024
"""Bytes from which on a body is large, whatever is in it."""
_COSTLY = {b"{": 16, b"[": 256, b"<": 400, b"&": 400, b"\n": 1000, b",": 200}
"""How many of such bytes a body may have and still be small: objects, lists, tags, fields of a form, lines, values. So many
values take about a millisecond, or 50 where each is the id of a record, which becomes a signal. To count takes microseconds."""
WORKERS = 16
"""Bodies of so many clients are in progress at once, one of them by turns (`services.ingest.limits.turns`): they share one interpreter.
Each holds a thread, its body and what is read from it."""
SECONDS = 10.0
"""For a large body to be read, with the wait for those before it."""
Done = TypeVar("Done")


def takes_long(body: bytes) -> bool:
    """Whether to read it would take longer than to hand it over and back, which under load is some milliseconds."""
    return len(body) > LARGE or any(body.count(mark) > most for mark, most in _COSTLY.items())


class _Lane:
    """Large bodies of one client, one after the other."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.users = 0


class Offload:
    """A bounded pool of threads, started when the first large body comes, which work by turns. Of one client one body is read
    at a time, so that who sends many waits for themselves. Safe to share within one event loop."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="stafett-bodies")
        self._turns = Turns()
        self._lanes: dict[str, _Lane] = {}

    async def run(self, body: bytes, work: Callable[[], Done], client: str = "") -> Done:
        """What `work` gives, or raises, for this body of a client. Raises Trouble where so many large bodies are before it that
        it would take too long: nothing of it was stored then, and the sender has to try again."""
        if not takes_long(body):
            return work()
        try:
            async with asyncio.timeout(self._seconds), self._lane(client):
                return await self._run_by_turns(work)
        except TimeoutError:
            raise Trouble("unavailable", "too many large bodies are being read", retry_after=5) from None

    async def _run_by_turns(self, work: Callable[[], Done]) -> Done:
        job = Job(self._turns)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, job.run, work)
        finally:
            job.abandon()

    @asynccontextmanager
    async def _lane(self, client: str) -> AsyncIterator[None]:
        lane = self._lanes.setdefault(client, _Lane())
        lane.users += 1
        try:
            async with lane.lock:
                yield
        finally:
            lane.users -= 1
            if not lane.users:
                del self._lanes[client]
