"""A business calendar as people write it: a zone, a week of intervals, closed days, special days."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from schemas.words import one_or_more, plain, probably
from schemas.yamlfile import FileModel

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = re.compile(r"([01]\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?")
DAY = 86400
_NAMED_IN = range(2024, 2032)
"""Years that are looked through for the names of holidays: some are not in every year."""


def seconds_of_day(text: str) -> int:
    """`09:00` or `09:00:30` as seconds since midnight; `24:00` is the day's end. Raises ValueError."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"`{text}` is no time of day; write HH:MM, with 24:00 for the end of the day")
    seconds = int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3] or 0)
    if seconds > DAY:
        raise ValueError(f"`{text}` is after 24:00")
    return seconds


def _interval(value: object) -> tuple[str, str]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError('an interval is two times of day, for example ["09:00", "17:00"]')
    start, end = (str(part) for part in value)
    if seconds_of_day(end) <= seconds_of_day(start):
        raise ValueError(f"`{start}`-`{end}` ends before it starts; split what goes past midnight at 24:00")
    return start, end


Interval = Annotated[tuple[str, str], BeforeValidator(_interval)]


class Holidays(FileModel):
    """Public holidays of a country (ISO 3166, two letters) and, where days differ within it, of a part of it.
    `categories` adds days off that are no public holidays by law, such as `de_facto` for the eves in Sweden."""

    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    subdivision: str | None = None
    categories: Annotated[tuple[str, ...], Field(min_length=1)] = ("public",)

    @model_validator(mode="after")
    def _are_known(self) -> Holidays:
        self.of_year(2026)
        return self

    def of_year(self, year: int) -> dict[date, str]:
        """{day: its English name}. Raises ValueError for what the calendar data does not have."""
        import holidays

        try:
            days = holidays.country_holidays(
                self.country, subdiv=self.subdivision, years=year, categories=self.categories, language="en_US"
            )
        except NotImplementedError:  # what the library raises for a country or part of one that it does not know
            place = f"{self.country}-{self.subdivision}" if self.subdivision else self.country
            raise ValueError(f"no holidays are known of `{place}`; list them as closed_days") from None
        except ValueError:  # a category that it does not have for this country
            categories = holidays.country_holidays(self.country, subdiv=self.subdivision).supported_categories
            raise ValueError(f"`categories` of {self.country} are {', '.join(sorted(categories))}") from None
        return {day: str(name) for day, name in days.items()}


def _clock_time(value: object) -> object:
    if seconds_of_day(str(value)) == 0:
        raise ValueError(
            "an eve that closes at 00:00 is a closed day; list it under `closed_days`, or say a later time"
        )
    return value


class Eves(FileModel):
    """Days before public holidays close early: the week's hours of such a day end at `closes`. `before` names the holidays
    that it is so before, by their English names; left out, before each. A special day goes by its own hours."""

    closes: Annotated[str, AfterValidator(_clock_time), Field(examples=["12:00"])]
    before: Annotated[tuple[str, ...], BeforeValidator(one_or_more, json_schema_input_type=str | tuple[str, ...])] = ()

    def come_before(self, holiday: str) -> bool:
        """Whether the day before this holiday closes early."""
        return not self.before or plain(holiday) in map(plain, self.before)


def zone_name(text: str) -> str:
    """The text, which names a time zone. Raises ValueError."""
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"`{text}` is no IANA time zone; write one such as Europe/Stockholm") from None
    return text


class Calendar(FileModel):
    """Open time. A special day's intervals replace the week's; a closed day has none and wins over a special day, and a
    public holiday has none unless it is a special day. `eves` says when days before public holidays close.

    Intervals are half-open wall time in `zone`; those that overlap are one. A calendar that is never open is refused.
    """

    zone: str
    week: dict[Weekday, tuple[Interval, ...]] = {}
    closed_days: tuple[date, ...] = ()
    special_days: dict[date, tuple[Interval, ...]] = {}
    holidays: Holidays | None = None
    eves: Eves | None = None

    @field_validator("zone")
    @classmethod
    def _zone_is_known(cls, value: str) -> str:
        return zone_name(value)

    @model_validator(mode="after")
    def _eves_are_before_something(self) -> Calendar:
        if self.eves is not None and self.holidays is None:
            raise ValueError("`eves` are days before public holidays; say which by `holidays: {country: ...}`")
        return self

    @model_validator(mode="after")
    def _is_ever_open(self) -> Calendar:
        if not any(self.week.values()):
            raise ValueError("the week has no open time, so nothing would ever fall due")
        return self

    def unknown_eves(self) -> Iterator[tuple[int, str]]:
        """(place, rule) of each name in `eves.before` that no holiday of the calendar has, in any of some years."""
        if self.eves is None or self.holidays is None or not self.eves.before:
            return
        names = sorted({name for year in _NAMED_IN for name in self.holidays.of_year(year).values()})
        for i, name in enumerate(self.eves.before):
            if plain(name) not in map(plain, names):
                hint = probably(name, names) or f"; there are {', '.join(names)}"
                yield i, f"`{name}` is no holiday of this calendar{hint}"
