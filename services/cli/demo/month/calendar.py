"""When people work: in the story as in life, a call that comes to mind on a Friday evening is made on Monday."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

OPENS, CLOSES = time(8, 15), time(16, 45)
SATURDAY = 5


def at_work(at: datetime, zone: ZoneInfo, dice: Random) -> datetime:
    """The same instant where somebody works then, else some time in the first hour of the next working day."""
    local = at.astimezone(zone)
    if local.weekday() < SATURDAY and OPENS <= local.time() <= CLOSES:
        return at
    day = local.date() if local.time() < OPENS else local.date() + timedelta(days=1)
    while day.weekday() >= SATURDAY:
        day += timedelta(days=1)
    opens = datetime.combine(day, OPENS, zone)
    return (opens + timedelta(minutes=dice.uniform(0, 60))).astimezone(at.tzinfo)
