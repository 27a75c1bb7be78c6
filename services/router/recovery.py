"""A batch that did not go well: tried again, narrowed to its halves, and down to the one signal at fault, which is set aside.

What passes is waited for, however long it takes: a store that cannot be reached, another router that was quicker. Whatever
else stops a batch is a fault of its own, and it would stop the batch at every attempt: so nothing that anybody sends or
commands stops a partition.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence

from services.ports.errors import Conflict, PortError, StoreRejected, StoreTooSlow, StoreUnavailable
from services.ports.signal_records import Incoming
from services.privacy.faults import Fault, place_of

log = logging.getLogger("stafett.router")
ATTEMPTS = 3
"""How often one signal is tried before it is set aside."""
RACES = 10
"""Conflicts after which a batch is narrowed: a smaller one meets fewer other routers."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds before another attempt, doubled each time."""
Fields = Mapping[str, str | int]


def is_own_fault(error: BaseException) -> bool:
    """Whether the batch fails for a reason of its own, as far as the error tells: the store refuses what is in it, it
    conflicts, or there is a defect of ours. Every other error of a port is about the world."""
    return isinstance(error, Conflict | StoreRejected) or not isinstance(error, PortError)


def describe_fault(error: Exception) -> Fault:
    """What the dead letter says of it; no error's own message, which may hold personal data."""
    match error:
        case StoreRejected():
            return Fault("the store refused it", type(error).__name__, refused=True)
        case Conflict():
            return Fault("an identity in it is another's already, at every attempt", type(error).__name__)
        case _:
            return Fault(place_of(error), type(error).__name__)


class Recovery:
    """`commit` is one transaction with these signals; `set_aside` makes a dead letter of the one signal that fails so."""

    def __init__(
        self,
        commit: Callable[[Sequence[Incoming]], Awaitable[object]],
        set_aside: Callable[[Incoming, Exception], Awaitable[None]],
    ) -> None:
        self._commit, self._set_aside = commit, set_aside

    async def process(self, batch: Sequence[Incoming], fields: Fields) -> None:
        """Returns once each signal is committed or set aside. Raises what only an operator, or a new start, can end."""
        fault = await commit_or_fault(lambda: self._commit(batch), len(batch) > 1, fields)
        if fault is None:
            return
        if len(batch) == 1:
            await self._set_aside(batch[0], fault)
            return
        middle = len(batch) // 2
        await self.process(batch[:middle], fields)
        await self.process(batch[middle:], fields)


async def commit_or_fault(
    commit: Callable[[], Awaitable[object]], may_narrow: bool, fields: Fields
) -> Exception | None:
    """Commits, and returns None once that is done; else the fault of its own for which it cannot be. `fields` say in the log
    what it is about. Raises what is neither a fault of its own nor passes."""
    attempt = _Attempts(may_narrow)
    while True:
        try:
            await commit()
        except Exception as error:  # noqa: BLE001 - one signal's defect must stop no partition: it is set aside, and seen
            if attempt.is_over(error):
                return error
            if not is_own_fault(error):
                log.warning("store unavailable, trying again", extra=fields)
            await asyncio.sleep(attempt.pause(error))
        else:
            return None


class _Attempts:
    """Counts failures of one batch, and tells which of them is the last one."""

    def __init__(self, may_narrow: bool) -> None:
        self._may_narrow = may_narrow
        self._races = self._repeated = self._slow = 0
        self._taken: object = None
        self._pause = FIRST_PAUSE

    def is_over(self, error: Exception) -> bool:
        """Whether to try no more: another attempt would end the same way, or a part of the batch may do better. Raises the
        error where neither time nor another batch helps."""
        if isinstance(error, StoreTooSlow):
            self._slow += 1
            return self._may_narrow and self._slow >= ATTEMPTS
        if isinstance(error, StoreUnavailable):
            return False
        if isinstance(error, Conflict):
            return self._is_no_race(error)
        if not is_own_fault(error):
            raise error
        self._repeated += 1
        return self._may_narrow or self._repeated >= ATTEMPTS

    def _is_no_race(self, error: Conflict) -> bool:
        """What another router linked meanwhile is read by the next attempt, which then links no such identity: where the same
        ones are taken again, nobody else moved."""
        self._repeated = self._repeated + 1 if error.taken == self._taken else 1
        self._taken = error.taken
        self._races += 1
        return self._repeated >= ATTEMPTS or (self._may_narrow and self._races >= RACES)

    def pause(self, error: Exception) -> float:
        """Seconds until the next attempt."""
        if isinstance(error, Conflict):
            return 0.0 if self._races < RACES else FIRST_PAUSE
        now, self._pause = self._pause, min(self._pause * 2, LONGEST_PAUSE)
        return now
