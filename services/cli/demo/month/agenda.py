"""What happens next in the month, and what everybody in it shares."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.json_values import JsonValue
from services.cli.demo.month.calendar import at_work
from services.cli.demo.month.world import World
from services.cli.demo.senders import Senders

Act = Callable[[], Awaitable[None]]


class Agenda:
    """What comes first is done first; of the same instant in the order of planning."""

    def __init__(self) -> None:
        self._items: list[tuple[datetime, int, Act]] = []
        self._numbers = count()

    def plan(self, at: datetime, act: Act) -> None:
        """One thing to do."""
        heappush(self._items, (at, next(self._numbers), act))

    def first(self) -> datetime | None:
        """When something is to be done next."""
        return self._items[0][0] if self._items else None

    def take(self) -> Act:
        """It is taken off. Raises IndexError where there is nothing."""
        return heappop(self._items)[2]


class Cast(NamedTuple):
    """`dice` decide what people do; the same seed is the same month, but for the days that are not worked."""

    world: World
    agenda: Agenda
    senders: Senders
    dice: Random
    zone: ZoneInfo

    def later(self, hours: tuple[float, float], act: Act, *, works: bool = True) -> None:
        """Between so many hours from now; where it `works`, in somebody's working time."""
        at = self.world.now + timedelta(hours=self.dice.uniform(*hours))
        self.agenda.plan(at_work(at, self.zone, self.dice) if works else at, act)

    async def tell(self, fact: str, email: str, **more: JsonValue) -> None:
        """A fact of a lead, from the company's own systems."""
        await self.world.post(self.senders.fact(fact=fact, email=email, **more))
