"""A batch in flight, as the one after it sees it: how it was decided, and whether that was written."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from schemas.certain import certain
from services.ports.errors import StoreUnavailable
from services.ports.signal_records import Incoming
from services.router.deciding.batch_decider import BatchDecider
from services.router.deciding.snapshot import NOTHING, Overlay
from services.router.recovery import is_own_fault


class Abandoned(Exception):
    """The batch that this one built on was not committed."""


class BatchInFlight:
    """One batch's way through its transaction. It tells the next batch of three steps: that it begins to decide, how it was
    decided first (`decider`), and what the batch before it left in the end (`left_before`)."""

    def __init__(self, batch: Sequence[Incoming]) -> None:
        self.batch = batch
        self.decider: BatchDecider | None = None
        self.left_before = NOTHING
        self._begins, self._is_decided, self._has_base = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._task: asyncio.Task[BatchDecider] | None = None

    def start(self, work: Coroutine[Any, Any, BatchDecider]) -> None:
        """`work` tells of each step and returns what it committed."""
        self._task = asyncio.create_task(work, name="router-batch")
        self._task.add_done_callback(self._tell_all)

    def _tell_all(self, _: object) -> None:
        for step in (self._begins, self._is_decided, self._has_base):
            step.set()

    def tell_begin(self) -> None:
        """It has read what it needs, and begins to decide."""
        self._begins.set()

    def tell_decision(self, decider: BatchDecider) -> None:
        """It was decided; it may be decided again before it is written."""
        self.decider = decider
        self._is_decided.set()

    def tell_base(self, left_before: Overlay) -> None:
        """The batch before it is committed, and left that."""
        self.left_before = left_before
        self._has_base.set()

    async def wait_for_begin(self) -> None:
        """Until it decides, or has ended."""
        await self._begins.wait()

    async def wait_for_overlay(self) -> Overlay | None:
        """What this and the earlier batches leave, once it was decided. If it may concern everything after it: waits for its
        commit, and returns None. Raises Abandoned if it was not decided or not committed."""
        await self._is_decided.wait()
        await self._has_base.wait()
        if self.decider is None:
            raise Abandoned
        if self.decider.next_batch_must_wait:
            await self.wait_for_commit()
            return None
        return self.left_before.followed_by(self.decider.overlay())

    async def wait_for_commit(self) -> BatchDecider:
        """Waits for its end, and returns what was committed. Raises Abandoned if nothing was."""
        task = certain(self._task, "it has begun")
        await asyncio.wait([task])
        if task.cancelled() or task.exception() is not None:
            raise Abandoned
        return task.result()

    async def went_well(self) -> bool:
        """Waits for its end. False where it has to be done again, by itself; raises an error that another attempt cannot cure."""
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
