"""What takes longer than somebody waits for a page: it goes on meanwhile, and the page asks again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")
PATIENCE = 2.0
"""Seconds for which a page waits."""
MOST = 8
"""What goes on at a time; what was asked for first is dropped where there is more."""


class Waiting:
    """By a key: the same that is asked for twice is done once. What is done is kept until it is fetched."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._tasks: dict[Hashable, asyncio.Task[Any]] = {}

    async def result(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T | None:
        """None where it is not done yet. Raises what `make` raises."""
        task = self._tasks.get(key)
        if task is None:
            task = self._begin(key, make)
        done, _ = await asyncio.wait([task], timeout=self._patience)
        if not done:
            return None
        self._tasks.pop(key, None)
        result: T = task.result()
        return result

    def _begin(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> asyncio.Task[T]:
        async def whole() -> T:
            return await make()

        while len(self._tasks) >= MOST:
            self._tasks.pop(next(iter(self._tasks))).cancel()
        task = asyncio.create_task(whole())
        # One that failed and that nobody fetches any more is nobody's failure.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._tasks[key] = task
        return task
