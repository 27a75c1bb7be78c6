"""Working time, as sentences."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from babel.dates import format_date

from schemas.agreement import AgreementFile
from schemas.calendar import WEEKDAYS, Calendar, Interval
from services.console.agreement.handing_over import weekday_name
from services.console.agreement.items import Item
from services.console.language.reader import Reader, country_name
from services.console.language.vocabulary import plain


def calendar_items(file: AgreementFile, reader: Reader) -> Iterator[Item]:
    """One for each calendar."""
    for name, calendar in file.calendars.items():
        yield Item(name, plain(name), list(_calendar_lines(calendar, reader)))


def _calendar_lines(calendar: Calendar, reader: Reader) -> Iterator[str]:
    for day in WEEKDAYS:
        if hours := calendar.week.get(day):
            yield f"{weekday_name(day, reader)}: {_hours_text(hours)}"
    yield reader.say("Clocks are those of %(zone)s.", zone=calendar.zone)
    if calendar.holidays is not None:
        place = country_name(calendar.holidays.country, reader.language)
        if calendar.holidays.subdivision is not None:
            place += f", {calendar.holidays.subdivision}"
        yield reader.say("Closed on the public holidays of %(place)s.", place=place)
        if others := [plain(one) for one in calendar.holidays.categories if one != "public"]:
            yield reader.say("Days off of these kinds count as holidays too: %(kinds)s.", kinds=", ".join(others))
    if calendar.eves is not None:
        yield reader.say("The day before a holiday ends at %(time)s.", time=calendar.eves.closes)
        if calendar.eves.before:
            yield reader.say("That is so before %(holidays)s.", holidays=reader.several([*calendar.eves.before]))
    if calendar.closed_days:
        days = reader.several([_day_text(day, reader) for day in calendar.closed_days])
        yield reader.say("Also closed: %(days)s.", days=days)
    for special, hours in calendar.special_days.items():
        yield reader.say("Other hours on %(day)s: %(hours)s.", day=_day_text(special, reader), hours=_hours_text(hours))


def _hours_text(hours: tuple[Interval, ...]) -> str:
    return ", ".join(f"{since}–{until}" for since, until in hours) or "–"


def _day_text(day: date, reader: Reader) -> str:
    text: str = format_date(day, "d MMMM y", locale=reader.language)
    return text
