"""Threads that work by turns, one piece of one body at a time: short bodies first, and long ones in the order in which they came."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from services.ingest.parsers.bounds.pieces import in_pieces
from services.ingest.parsers.bounds.unreadable import EndsReading

SHORT = 8
"""Pieces of a body that come before the rest of longer ones: about 0.3 s of CPU, as much as any body of a sender who proves
nothing may take."""
PAUSE = 0.005
"""Seconds between two pieces in which no thread of ours works: without them the event loop, which shares the interpreter, would
wait at each of its steps until the interpreter makes the thread stop."""
Done = TypeVar("Done")


class Abandoned(EndsReading):
    """Nobody waits for this work any more; what it read is dropped."""


class Turns:
    """One thread at a time has the turn; of those that wait the one of the smallest rank has the next. Safe to share between
    threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[tuple[tuple[int, int], threading.Event]] = []
        self._is_taken = False

    def take(self, rank: tuple[int, int]) -> None:
        """Returns once it is this thread's turn. No two that wait have the same rank."""
        with self._lock:
            if not self._is_taken:
                self._is_taken = True
                return
            called = threading.Event()
            heapq.heappush(self._waiting, (rank, called))
        called.wait()

    def give_up(self) -> None:
        """The next one's turn; only who has it may give it up."""
        with self._lock:
            if self._waiting:
                heapq.heappop(self._waiting)[1].set()
            else:
                self._is_taken = False


class Job:
    """One body that is read by turns, from the loop's side and from the thread's. `number`: in the order in which they came."""

    _numbers = itertools.count()

    def __init__(self, turns: Turns) -> None:
        self._turns, self._number = turns, next(self._numbers)
        self._pieces = 0
        self._is_wanted = True

    def run(self, work: Callable[[], Done]) -> Done:
        """What `work` gives or raises. To be called on a thread that may wait. Raises Abandoned."""
        self._take_turn()
        try:
            self._go_on_if_wanted()
            with in_pieces(self._let_others_work):
                return work()
        finally:
            self._turns.give_up()

    def abandon(self) -> None:
        """The work ends with the piece that it is at."""
        self._is_wanted = False

    def _take_turn(self) -> None:
        """Beyond its first pieces a body waits for all that came before it, so that under load some end rather than none."""
        self._turns.take((min(self._pieces, SHORT), self._number))

    def _let_others_work(self) -> None:
        self._pieces += 1
        self._turns.give_up()
        time.sleep(PAUSE)  # this is a thread of the pool, never the event loop, which needs the interpreter now
        self._take_turn()
        self._go_on_if_wanted()

    def _go_on_if_wanted(self) -> None:
        if not self._is_wanted:
            raise Abandoned
