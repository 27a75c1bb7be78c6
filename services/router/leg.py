"""A batch under way, as the one after it sees it: how it was decided, and whether that was written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from services.ports import Conflict, StoreRejected, StoreUnavailable
from services.router.fold import Fold
from services.router.loaded import NOTHING, Overlay
from services.signal_records import Incoming


class Abandoned(Exception):
    """What a batch was decided upon did not come true."""


class Leg:
    """One batch's way through its transaction, as a task. `work` tells what it decided and returns what it committed."""

    def __init__(
        self, batch: Sequence[Incoming], work: Callable[[Callable[[Fold], None]], Coroutine[Any, Any, Fold]]
    ) -> None:
        self.batch = batch
        self.fold: Fold | None = None
        self._decided = asyncio.Event()
        self._task = asyncio.create_task(work(self._decide), name="router-batch")
        self._task.add_done_callback(lambda _: self._decided.set())

    def _decide(self, fold: Fold) -> None:
        self.fold = fold
        self._decided.set()

    async def decided(self) -> None:
        """Waits for it, or for another end."""
        await self._decided.wait()

    async def committed(self) -> Fold:
        """Waits for its end. Raises Abandoned where nothing was committed."""
        await asyncio.wait([self._task])
        if self._task.cancelled() or self._task.exception() is not None:
            raise Abandoned
        return self._task.result()

    async def left(self) -> Overlay:
        """What it leaves for the batch after it, once it was decided on; nothing that the store does not say where it
        concerns all that follows, and has been committed therefore. Raises Abandoned where it ended otherwise."""
        await self.decided()
        if self.fold is None:
            raise Abandoned
        if self.fold.beyond_one:
            await self.committed()
            return NOTHING
        return self.fold.overlay()

    async def went_well(self) -> bool:
        """Waits for its end. False where it has to be done again; raises what else went wrong."""
        await asyncio.wait([self._task])
        try:
            self._task.result()
        except (Abandoned, Conflict, StoreRejected, StoreUnavailable):
            return False
        return True

    async def stop(self) -> None:
        """Ends it, if it has not ended, and takes no notice of how."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
