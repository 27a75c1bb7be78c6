"""What many open pages ask for at once, made once: all are told news in the same moment, and those of the same rights, filters and language
show the same."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")
KEPT = 1.0
"""Seconds for which what was made is given to others: how long is left is counted on in the browser."""
MOST = 100
"""What is kept at a time."""


class Shared:
    """By a key that says all on which it depends, the position of the last event among it."""

    def __init__(self) -> None:
        self._tasks: dict[Hashable, tuple[float, asyncio.Task[Any]]] = {}

    async def result(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        """As `make` gives it, now or a moment ago. Raises what `make` raises; what failed is not kept."""
        now = asyncio.get_running_loop().time()
        self._tasks = {one: kept for one, kept in self._tasks.items() if now - kept[0] < KEPT}
        if key not in self._tasks:
            self._tasks[key] = (now, asyncio.ensure_future(_make(make)))
            if len(self._tasks) > MOST:
                self._tasks.pop(next(iter(self._tasks)))
        task: asyncio.Task[T] = self._tasks[key][1]
        try:
            # Whoever goes away ends nobody else's.
            return await asyncio.shield(task)
        finally:
            if task.done() and (task.cancelled() or task.exception() is not None):
                self._tasks.pop(key, None)


async def _make(make: Callable[[], Awaitable[T]]) -> T:
    return await make()
