"""Whoever reads a page: their language, their zone, the moment at which it is made. All words, dates and lengths of time of a page
come from here, so that it is told as they would tell it.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_datetime
from babel.numbers import format_decimal

from schemas.notify import Language
from services.console.language.words import Words, words_in
from services.forum.names import spell_person

_DAY, _HOUR, _MINUTE = 86400, 3600, 60


class Reader(NamedTuple):
    """`now` is aware; every instant that is said is in `zone`, which is written beside it."""

    words: Words
    zone: ZoneInfo
    now: datetime

    @property
    def language(self) -> Language:
        """The code of their language."""
        return self.words.language

    def say(self, text: str, **values: object) -> str:
        """As `Words.say`."""
        return self.words.say(text, **values)

    def plural(self, one: str, many: str, n: int, **values: object) -> str:
        """As `Words.plural`."""
        return self.words.plural(one, many, n, **values)

    def instant(self, at: datetime) -> str:
        """`Mon 30 Nov, 14:57 CET`; with the year where it is another than now's."""
        local, today = at.astimezone(self.zone), self.now.astimezone(self.zone)
        year = "" if local.year == today.year else " y"
        return f"{self._format(local, f'EEE d MMM{year}, HH:mm')} {local.tzname()}"

    def day(self, at: datetime) -> str:
        """`Monday 30 November`; with the year where it is another than now's."""
        local = at.astimezone(self.zone)
        year = "" if local.year == self.now.astimezone(self.zone).year else " y"
        return self._format(local, f"EEEE d MMMM{year}")

    def date(self, day: date) -> str:
        """`Monday 30 November` of a day that is the same in every zone."""
        return self.day(datetime.combine(day, time(12), self.zone))

    def time_of_day(self, at: datetime) -> str:
        """`14:57 CET`."""
        local = at.astimezone(self.zone)
        return f"{local:%H:%M} {local.tzname()}"

    def tonight(self) -> datetime:
        """When their day ends."""
        local = self.now.astimezone(self.zone) + timedelta(days=1)
        return local.replace(hour=0, minute=0, second=0, microsecond=0)

    def length(self, seconds: float) -> str:
        """In its two largest units, `2 h 10 min`; what is shorter than a minute is said to be so."""
        whole = int(abs(seconds))
        if whole < _MINUTE:
            return self.say("less than a minute")
        days, hours, minutes = whole // _DAY, whole % _DAY // _HOUR, whole % _HOUR // _MINUTE
        parts = [
            *([self.plural("%(n)s day", "%(n)s days", days)] if days else []),
            *([self.say("%(n)s h", n=hours)] if hours else []),
            *([self.say("%(n)s min", n=minutes)] if minutes else []),
        ]
        return " ".join(parts[:2])

    def hours(self, seconds: float) -> str:
        """In hours and minutes, as working time is told: `29 h`, `1 h 30 min`, `45 min`."""
        hours, minutes = divmod(round(abs(seconds) / _MINUTE), 60)
        parts = [
            *([self.say("%(n)s h", n=hours)] if hours else []),
            *([self.say("%(n)s min", n=minutes)] if minutes or not hours else []),
        ]
        return " ".join(parts)

    def money(self, amount: float, currency: str | None) -> str:
        """`125,000 SEK`, without decimals that say nothing."""
        number = format_decimal(amount, "#,##0.##", locale=self.language)
        return f"{number} {currency}" if currency else number

    def several(self, items: list[str]) -> str:
        """`Elin, Johan and Karin`."""
        *before, last = items
        return self.say("%(several)s and %(last)s", several=", ".join(before), last=last) if before else last

    def _format(self, local: datetime, pattern: str) -> str:
        return format_datetime(local, pattern, tzinfo=self.zone, locale=self.language)


def reader_of(language: Language, zone: str, now: datetime) -> Reader:
    """For somebody who is signed in. The zone is one that the roster or the agreement names, which were checked."""
    return Reader(words_in(language), ZoneInfo(zone), now)


def person_name(person: str) -> str:
    """Somebody of the roster as people call them: `elin` is Elin, `anna-maria` Anna-Maria, `bo_ek` Bo Ek."""
    return spell_person(person)


def country_name(code: str, language: Language) -> str:
    """`SE` is Sweden; a code that nobody knows stays as it is."""
    name: str = Locale(language).territories.get(code, code)
    return name
