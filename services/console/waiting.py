"""What takes longer than somebody waits for a page: it goes on meanwhile, and the page asks again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")
PATIENCE = 0.7
"""Seconds for which a page waits: with them a first look is under a second, however many leads there are."""
MOST = 8
"""What goes on at a time; more is not begun. So much that is done is kept beside it, the newest of it."""


class Waiting:
    """By a key: the same that is asked for twice is done once. What is done is kept until it is fetched, or `MOST` others are done."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._tasks: dict[Hashable, asyncio.Task[Any]] = {}

    async def result(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T | None:
        """None where it is not done yet, or could not be begun because so much goes on: ask again. Raises what `make` raises."""
        task = self._tasks.get(key) or self._begin(key, make)
        if task is None:
            return None
        done, _ = await asyncio.wait([task], timeout=self._patience)
        if not done:
            return None
        if self._tasks.get(key) is task:
            del self._tasks[key]
        return None if task.cancelled() else task.result()

    def _begin(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> asyncio.Task[T] | None:
        """None where it is full: somebody waits for each of those that go on, so none of them is ended for another."""

        async def whole() -> T:
            return await make()

        done = [key for key, task in self._tasks.items() if task.done()]
        if len(self._tasks) - len(done) >= MOST:
            return None
        for forgotten in done[:-MOST]:
            del self._tasks[forgotten]
        task = asyncio.create_task(whole())
        # One that failed and that nobody fetches any more is nobody's failure.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._tasks[key] = task
        return task
