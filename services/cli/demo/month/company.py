"""The month, from its first day to now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from schemas.json_values import JsonObject
from services.cli.demo.month.agenda import Agenda, Cast
from services.cli.demo.month.buyers import Buyers
from services.cli.demo.month.meetings import Meetings
from services.cli.demo.month.workers import Workers
from services.cli.demo.month.world import World, due_before
from services.cli.demo.senders import Senders

SEED = 48


class Company:
    """Who buys, who works and what is agreed on. `on_day` is told each day that begins, for who waits in front of a terminal."""

    def __init__(
        self, world: World, senders: Senders, zone: ZoneInfo, on_day: Callable[[datetime], object] = lambda _: None
    ) -> None:
        self._world, self._on_day = world, on_day
        self._cast = Cast(world=world, agenda=Agenda(), senders=senders, dice=Random(SEED), zone=zone)  # noqa: S311 - a story, not a secret
        self._workers = Workers(self._cast)
        self.events: list[JsonObject] = []

    async def live(self, until: datetime) -> None:
        """All that happens until then. Raises Stuck."""
        world, agenda, begin = self._world, self._cast.agenda, self._world.now
        self._plan_mornings(begin, until)
        Buyers(self._cast).plan_days(begin, until)
        Meetings(self._cast).plan_weeks(begin, until)
        while True:
            at = agenda.first()
            if events := await due_before(world, until if at is None else min(at, until)):
                self._note(events)
            elif at is None or at > until:
                break
            else:
                world.pass_to(at)
                await agenda.take()()
                self._note(await world.settle())
        world.pass_to(until)

    def _note(self, events: Sequence[JsonObject]) -> None:
        self.events += events
        self._workers.react(events)

    def _plan_mornings(self, begin: datetime, until: datetime) -> None:
        day = begin
        while day <= until:
            self._cast.agenda.plan(day, self._begin_day)
            day += timedelta(days=1)

    async def _begin_day(self) -> None:
        self._on_day(self._world.now)
        await self._world.look_around()
