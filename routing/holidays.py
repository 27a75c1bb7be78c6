"""Public holidays of an agreement as they were when it was published: newer calendar data moves none of its instants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from pydantic import BaseModel, ConfigDict

from routing.business_time import HORIZON_YEARS, OfYear
from schemas.agreement import AgreementFile
from schemas.calendar import Holidays

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


def resolve_holidays(
    file: AgreementFile,
    now: date,
    since: date,
    of_year: Callable[[Holidays, int], Mapping[date, str]] = Holidays.of_year,
) -> ResolvedHolidays:
    """For an agreement that is published `now` and rules from `since`: as far ahead as a clock can reach then."""
    first, last = now.year - YEARS_BACK, since.year + HORIZON_YEARS
    days = {
        name: {
            day: said
            for year in range(first, last + 1)
            for day, said in sorted(of_year(calendar.holidays, year).items())
            if day.year == year
        }
        for name, calendar in file.calendars.items()
        if calendar.holidays is not None
    }
    return ResolvedHolidays(first=first, last=last, days=days)
