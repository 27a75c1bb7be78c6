"""Public holidays of an agreement as they were when it was published: newer calendar data moves none of its instants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta

from pydantic import BaseModel, ConfigDict

from routing.calendar.business_time import EVE, HORIZON_YEARS, OfYear, compile_calendar
from schemas.agreement import AgreementFile
from schemas.calendar import Calendar, Holidays

YEARS_BACK = 2
"""For clocks that started before the publication and go under it, and for facts that come late."""


class ResolvedHolidays(BaseModel):
    """The days of the whole years `first` to `last`: {calendar: {day: its name}}."""

    model_config = ConfigDict(frozen=True)
    first: int
    last: int
    days: dict[str, dict[date, str]]

    def of(self, calendar: str, otherwise: OfYear) -> OfYear:
        """The days of a calendar by year; years that were not resolved are asked of `otherwise`."""
        days = self.days.get(calendar, {})

        def of_year(year: int) -> Mapping[date, str]:
            if not self.first <= year <= self.last:
                return otherwise(year)
            return {day: name for day, name in days.items() if day.year == year}

        return of_year


def early_days(calendar: Calendar, holidays: Mapping[date, str]) -> dict[date, str]:
    """Days that close early because one of these public holidays follows: {day: the holiday's name}."""
    compiled = compile_calendar(
        calendar, lambda year: {day: name for day, name in holidays.items() if day.year == year}
    )
    before = {day - timedelta(days=1): name for day, name in sorted(holidays.items())}
    return {day: name for day, name in before.items() if compiled.hours(day)[1].startswith(EVE)}


def resolve_holidays(
    file: AgreementFile,
    now: date,
    since: date,
    of_year: Callable[[Holidays, int], Mapping[date, str]] = Holidays.of_year,
) -> ResolvedHolidays:
    """For an agreement that is published `now` and rules from `since`: as far ahead as a clock can reach then."""
    # The last day of the last year is the eve of the first of the next.
    ahead = HORIZON_YEARS + any(calendar.eves is not None for calendar in file.calendars.values())
    first, last = now.year - YEARS_BACK, since.year + ahead
    days = {
        name: {
            day: holiday
            for year in range(first, last + 1)
            for day, holiday in sorted(of_year(calendar.holidays, year).items())
            if day.year == year
        }
        for name, calendar in file.calendars.items()
        if calendar.holidays is not None
    }
    return ResolvedHolidays(first=first, last=last, days=days)
