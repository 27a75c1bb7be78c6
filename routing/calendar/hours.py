"""Somebody's own working hours as a calendar, and whether a promise can fall due in them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from routing.calendar.business_time import BusinessCalendar, compile_calendar, due_at
from routing.model.errors import BusinessTimeError
from schemas.calendar import Calendar
from schemas.duration import Target


def is_enough(text: str, start: datetime, amounts: Iterable[Target]) -> bool:
    """Whether each of these amounts of time falls due in these hours."""
    calendar = compiled_hours(text)
    try:
        for amount in amounts:
            due_at(start, amount, calendar)
    except BusinessTimeError:
        return False
    return True


@lru_cache(maxsize=2000)
def compiled_hours(text: str) -> BusinessCalendar:
    """Of a roster's hours as JSON. People are few, and each year is computed once."""
    return compile_calendar(Calendar.model_validate_json(text))
