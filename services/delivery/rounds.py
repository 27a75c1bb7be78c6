"""One round of one subscription: what is due is claimed ahead, so many are under way at a time, and what came of them is noted together.

A lead's next event is claimed once the one before it is noted as taken, so nothing of a lead overtakes it, whenever this process dies
(ADR 23). What is claimed ahead is little more than goes out in a moment: who claims it elsewhere, after kill -9, waits for the claim
to run out.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, Protocol

from services.ports.deliveries import Due, Outcome
from services.ports.errors import PortError

STEP = 1.0
"""Seconds after which a round claims no more: who subscribes is looked for."""
MOST_AHEAD, MOST_BYTES = 500, 16 * 1024 * 1024
"""Events that are claimed ahead, and about how many bytes of them."""
BRISK, SLUGGISH = 0.25, 0.5
"""Seconds within which what was claimed is begun: where it took less twice as much is claimed next, where it took more, half."""
STALE = 2.0
"""Seconds after which what was claimed and not begun is given back."""
GATHER, ENOUGH = 0.01, 100
"""Seconds in which outcomes gather while others are under way, and how many do not wait for more."""


class Line(Protocol):
    """What a round needs of its subscription. All raise PortError."""

    async def claim(self, limit: int) -> Sequence[Due]: ...
    async def note(self, outcomes: Sequence[Outcome]) -> None: ...
    async def release(self, dues: Sequence[Due]) -> None:
        """They were claimed and not begun."""

    async def is_paused(self) -> bool:
        """Whether nothing may be sent now."""

    async def fan_out(self) -> bool:
        """Whether the feed may have more."""


class Ahead:
    """How much is claimed at a time, learned from round to round. While a receiver takes events briskly, as many as go out in a
    moment, so that some are at hand while others are noted and claimed; else no more than can go at once, and so where it has a
    pace, since what is claimed is spent."""

    def __init__(self, concurrency: int, *, has_pace: bool) -> None:
        self._least, self.has_pace = concurrency, has_pace
        self._count = concurrency
        self._claimed_at = 0.0

    def limit(self, ready: int, under_way: int) -> int:
        """How many are claimed now; 0 while enough are at hand."""
        if self._count > self._least:
            return self._count - ready if ready <= self._count // 2 else 0
        busy = ready + under_way
        return self._least - busy if busy <= self._least // 2 else 0

    def learn(self, due: Sequence[Due], limit: int) -> None:
        """So many came of a claim of `limit`."""
        now = time.monotonic()
        lasted, self._claimed_at = now - self._claimed_at, now
        if not due or self.has_pace:
            return
        if lasted > SLUGGISH:
            self._count //= 2
        elif lasted < BRISK and len(due) == limit:
            self._count = min(MOST_AHEAD, 2 * self._count)
        size = sum(len(item.body) for item in due) // len(due) + 1
        self._count = max(self._least, min(self._count, MOST_BYTES // size))

    def hesitate(self) -> None:
        """Something was not begun in time."""
        self._count = self._least


class _Ready(NamedTuple):
    due: Due
    since: float


class Round:
    """`run` once. `attempt` makes one try and raises nothing; `concurrency` of them are under way at most. `has_more`: the feed
    may have more than was fanned out."""

    def __init__(
        self,
        line: Line,
        attempt: Callable[[Due], Awaitable[Outcome]],
        *,
        concurrency: int,
        ahead: Ahead,
        has_more: bool,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._line, self._attempt, self._concurrency = line, attempt, concurrency
        self._ahead, self._is_stopping = ahead, is_stopping
        self._ready: deque[_Ready] = deque()
        self._tries: set[asyncio.Task[None]] = set()
        self._outcomes: list[Outcome] = []
        self._news = asyncio.Event()
        self._count, self._under_way = 0, 0
        self._may_claim, self._has_more = True, has_more
        self._is_dry = False
        """All that is due is claimed; what is noted may make more due: the next events of those leads."""
        self._is_held = False
        """A try was not taken, and that is not noted yet: it may be that nothing may be sent any more."""
        self._fault: BaseException | None = None

    async def run(self) -> int:
        """How many were tried. Raises PortError, when all that were under way are over, where something could not be noted: it is sent
        again once its claim runs out."""
        begun = time.monotonic()
        try:
            while True:
                if self._is_stopping() or time.monotonic() - begun >= STEP:
                    self._may_claim = False
                await self._go_on()
                is_idle = not self._tries and not self._outcomes and not self._ready
                if is_idle and (self._is_dry or not self._may_claim):
                    break
        finally:
            for task in self._tries:
                task.cancel()
        if self._fault is not None:
            raise self._fault
        return self._count

    async def _go_on(self) -> None:
        """Notes and claims beside one another, so that neither keeps the other from the store."""
        results = await asyncio.gather(self._fill(), self._note_what_came(), return_exceptions=True)
        for result in results:
            if isinstance(result, PortError):
                self._break_off(result)
            elif isinstance(result, BaseException):
                raise result

    def _break_off(self, fault: BaseException) -> None:
        """Nothing more is begun; what was claimed and not begun is left to its claim's end."""
        self._fault = self._fault or fault
        self._may_claim, self._is_held = False, True
        self._ready.clear()

    async def _fill(self) -> None:
        """Claims while there is room; where the feed may have more than is fanned out, some more of it is."""
        while self._may_claim and not self._is_held and not self._is_dry:
            if (limit := self._ahead.limit(len(self._ready), self._under_way)) < 1:
                return
            due = await self._line.claim(limit)
            self._ahead.learn(due, limit)
            now = time.monotonic()
            self._ready.extend([_Ready(item, now) for item in due])
            self._begin()
            if len(due) < limit:
                self._has_more = self._has_more and await self._line.fan_out()
                if not self._has_more:
                    self._is_dry = True
                    return

    def _begin(self) -> None:
        wanted = 0 if self._is_held else min(self._concurrency - len(self._tries), len(self._ready))
        for _ in range(wanted):
            task = asyncio.create_task(self._work())
            self._tries.add(task)
            task.add_done_callback(self._end)

    async def _work(self) -> None:
        """One after the other, while there are any."""
        while self._ready and not self._is_held and time.monotonic() - self._ready[0].since <= STALE:
            due = self._ready.popleft().due
            self._count += 1
            self._under_way += 1
            try:
                outcome = await self._attempt(due)
            finally:
                self._under_way -= 1
            self._outcomes.append(outcome)
            if outcome.state != "delivered":
                self._is_held = True
            self._news.set()

    def _end(self, task: asyncio.Task[None]) -> None:
        self._tries.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._break_off(error)
        self._news.set()

    async def _note_what_came(self) -> None:
        self._begin()
        await self._gather()
        await self._note()
        await self._give_back(self._stale())

    async def _gather(self) -> None:
        """Until something came, and a little longer while more is about to."""
        if not self._tries:
            return
        await self._news.wait()
        self._news.clear()
        if self._under_way and not self._is_held and len(self._outcomes) < ENOUGH:
            await asyncio.sleep(GATHER)

    async def _note(self) -> None:
        outcomes, self._outcomes = self._outcomes, []
        if outcomes:
            await self._line.note(outcomes)
            self._is_dry = False
        if self._is_held and self._fault is None and all(outcome.state == "delivered" for outcome in self._outcomes):
            self._is_held = False
            if self._ready and await self._line.is_paused():
                await self._give_back(self._all_ready())

    def _all_ready(self) -> list[Due]:
        dues = [item.due for item in self._ready]
        self._ready.clear()
        return dues

    def _stale(self) -> list[Due]:
        """What will not be begun: it waited too long, or this process ends."""
        if self._is_stopping():
            return self._all_ready()
        oldest, dues = time.monotonic() - STALE, []
        while self._ready and self._ready[0].since < oldest:
            dues.append(self._ready.popleft().due)
        if dues:
            self._ahead.hesitate()
        return dues

    async def _give_back(self, dues: Sequence[Due]) -> None:
        if dues:
            await self._line.release(dues)
