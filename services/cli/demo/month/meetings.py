"""The weekly forum of the demo's month: what both sides agreed on, what they learned and what it cost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial

from schemas.forum import Action, Cost, Lesson
from services.cli.demo.month.agenda import Cast

MONDAY, FORUM_HOURS = 0, (8.6, 8.9)
AGREED = (
    ("Ask for the size of the company in the demo form", "lena", 9),
    ("Call the same day what comes in on a Friday", "maja", 6),
    ("Write to everybody who said: not this quarter", "lena", 12),
    ("Show a price for forty people on the site", "lena", 5),
    ("Go through the leads that were given back for their budget", "elin", 8),
)
"""(what, who, within so many days)."""
LEARNED = (
    ("content", "pricing", "They ask what it costs for forty people before they ask what it does."),
    ("criterion", "budget", "Schools never have one in autumn."),
    ("question", "CRM", "Nobody could say whether it writes into the CRM that they have."),
    ("content", "demo", "Who asks for a demo has mostly seen one of another vendor already."),
    ("criterion", "too small", "Eight people are too few; twenty are not, if they grow."),
)


class Meetings:
    """Every Monday."""

    def __init__(self, cast: Cast) -> None:
        self._cast = cast
        self._agreed, self._learned = iter(AGREED), iter(LEARNED)

    def plan_weeks(self, begin: datetime, end: datetime) -> None:
        """Costs on the first day, then a forum each Monday."""
        cast = self._cast
        days = (begin.astimezone(cast.zone).date(), end.astimezone(cast.zone).date())
        cast.agenda.plan(begin + timedelta(minutes=5), partial(self._enter_costs, days))
        midnight = datetime.combine(days[0], datetime.min.time(), cast.zone)
        for number in range((days[1] - days[0]).days + 1):
            at = midnight + timedelta(days=number, hours=cast.dice.uniform(*FORUM_HOURS))
            if at.weekday() == MONDAY and begin < at < end:
                cast.agenda.plan(at.astimezone(begin.tzinfo), self._meet)

    async def _enter_costs(self, days: Sequence[date]) -> None:
        costs = [
            Cost.model_validate(
                {
                    "side": side,
                    "amount": Decimal(amount),
                    "currency": "SEK",
                    "from": days[0],
                    "to": days[1],
                    "note": note,
                }
            )
            for side, amount, note in (
                ("marketing", 84_000, "letters, forms and advertisements"),
                ("sales", 61_000, "travel and an event"),
            )
        ]
        await self._cast.world.forum.enter(costs, "maja")

    async def _meet(self) -> None:
        cast, today = self._cast, self._cast.world.now.astimezone(self._cast.zone).date()
        for what, who, days in [agreed for agreed in (next(self._agreed, None),) if agreed is not None]:
            action = Action(what=what, who=who, by=today + timedelta(days=days))
            (record,) = await cast.world.forum.enter([action], "maja")
            if cast.dice.random() < 0.6:
                cast.later((40, 150), partial(self._close, record.id))
        if (learned := next(self._learned, None)) is not None:
            about, name, words = learned
            lesson = Lesson.model_validate({"about": about, "name": name, "words": words})
            await cast.world.forum.enter([lesson], "maja")

    async def _close(self, ident: str) -> None:
        note = "It was quicker than we thought."
        await self._cast.world.forum.close(
            ident, lambda a: a.model_copy(update={"state": "done", "note": note}), "maja"
        )
