"""Large bodies are read beside the event loop: a mebibyte of events takes half a second, and others wait for answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from services.problems import Trouble

LARGE = 64 * 1024
"""Bytes from which on a body is large. Smaller ones are read in less time than it costs to hand them over and back under
load; they are nearly all."""
WORKERS = 2
"""More would not read faster: they share one interpreter, and each holds a body and what is read from it."""
SECONDS = 10.0
"""For a large body to be read, with the wait for those before it."""
Done = TypeVar("Done")


class Offload:
    """A bounded pool of threads, started when the first large body comes. Safe to share within one event loop."""

    def __init__(self, large: int = LARGE, seconds: float = SECONDS) -> None:
        self._large, self._seconds = large, seconds
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="stafett-bodies")

    async def run(self, size: int, work: Callable[[], Done]) -> Done:
        """What `work` gives, or raises, for a body of `size` bytes. Raises Trouble where so many large bodies are before it
        that it would take too long: nothing of it was stored then, and the sender has to try again."""
        if size <= self._large:
            return work()
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        except TimeoutError:
            raise Trouble("unavailable", "too many large bodies are being read", retry_after=5) from None
