"""Writes that come at the same time, in one commit: while one group is committed, the next one gathers.

Who writes waits for the commit of their group, so a promise that was kept by a commit of its own is kept by this one. Where the
store refuses the data of one of them, each goes alone, so that nobody fails for another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from services.ports.errors import PortError, StoreRejected

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")
MOST = 64
"""Writes in one commit."""


class Grouped(Generic[Item, Outcome]):
    """`write` commits a group, and gives for each of it what came of it, or the error that it alone met."""

    def __init__(self, write: Callable[[Sequence[Item]], Awaitable[Sequence[Outcome | PortError]]]) -> None:
        self._write = write
        self._waiting: list[tuple[Item, asyncio.Future[Outcome]]] = []
        self._task: asyncio.Task[None] | None = None

    async def do(self, item: Item) -> Outcome:
        """Returns once it is committed. Raises what the store says, and what `write` gives for it."""
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._commit())
        return await future

    async def _commit(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            try:
                outcomes = await self._outcomes([item for item, _ in group])
            except BaseException as error:
                for _, future in group:
                    _settle(future, error)
                if not isinstance(error, PortError):
                    raise
                continue
            for (_, future), outcome in zip(group, outcomes, strict=True):
                _settle(future, outcome)

    async def _outcomes(self, items: Sequence[Item]) -> Sequence[Outcome | BaseException]:
        try:
            return await self._write(items)
        except StoreRejected as error:
            if len(items) == 1:
                return [error]
            return [outcome for item in items for outcome in await self._outcomes([item])]


def _settle(future: asyncio.Future[Outcome], outcome: Outcome | BaseException) -> None:
    """Whoever was cancelled meanwhile waits for nothing."""
    if future.done():
        return
    if isinstance(outcome, BaseException):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
