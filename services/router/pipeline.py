"""A batch under way, as the one after it sees it: how it was decided, and whether that was written."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from schemas.certain import certain
from services.ports.errors import StoreUnavailable
from services.ports.signal_records import Incoming
from services.router.batch_decider import Fold
from services.router.recovery import is_own_fault
from services.router.snapshot import NOTHING, Overlay


class Abandoned(Exception):
    """What the batch was decided upon did not come true."""


class Leg:
    """One batch's way through its transaction: it looks, decides, stands on what the batch before left, and commits."""

    def __init__(self, batch: Sequence[Incoming]) -> None:
        self.batch = batch
        self.fold: Fold | None = None
        self.below = NOTHING
        self._deciding, self._decided, self._stands = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._task: asyncio.Task[Fold] | None = None

    def begin(self, work: Coroutine[Any, Any, Fold]) -> None:
        """`work` tells of each step and returns what it committed."""
        self._task = asyncio.create_task(work, name="router-batch")
        self._task.add_done_callback(self._over)

    def _over(self, _: object) -> None:
        for step in (self._deciding, self._decided, self._stands):
            step.set()

    def decides(self) -> None:
        self._deciding.set()

    def decide(self, fold: Fold) -> None:
        self.fold = fold
        self._decided.set()

    def stand(self, below: Overlay) -> None:
        """The batch before it is committed, and left that."""
        self.below = below
        self._stands.set()

    async def deciding(self) -> None:
        """Waits until it decides, or for another end."""
        await self._deciding.wait()

    async def left(self) -> Overlay:
        """What it leaves for the batch after it, and under that what the one before it left, once it was decided on; nothing
        that the store does not say where it concerns all that follows, and has been committed therefore. Raises Abandoned
        where it ended otherwise."""
        await self._decided.wait()
        await self._stands.wait()
        if self.fold is None:
            raise Abandoned
        if self.fold.beyond_one:
            await self.committed()
            return NOTHING
        return self.below.under(self.fold.overlay())

    async def committed(self) -> Fold:
        """Waits for its end. Raises Abandoned where nothing was committed."""
        task = certain(self._task, "it has begun")
        await asyncio.wait([task])
        if task.cancelled() or task.exception() is not None:
            raise Abandoned
        return task.result()

    async def went_well(self) -> bool:
        """Waits for its end. False where it has to be done again, by itself; raises what that would not help."""
        task = certain(self._task, "it has begun")
        await asyncio.wait([task])
        error = task.exception()
        if error is None:
            return True
        if isinstance(error, Exception) and (isinstance(error, StoreUnavailable) or is_own_fault(error)):
            return False
        raise error

    async def stop(self) -> None:
        """Ends it, if it has not ended, and takes no notice of how."""
        task = certain(self._task, "it has begun")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
