"""Numbers, shares, money, lengths of time and instants as people of a language read them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import assert_never
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from babel.numbers import format_currency, format_decimal
from babel.units import format_unit

from routing.forum.figures import Figure
from schemas.notify import Language
from services.forum.words import WORDS

HOUR, DAY = 3600, 86400
LOCALES: dict[Language, str] = {"en": "en_GB", "sv": "sv_SE"}


def spell_figure(figure: Figure, language: Language) -> str:
    """What stands in a cell; where there is no figure, why."""
    if figure.value is None:
        return f"({WORDS[language]['why'][figure.why or 'nothing_to_compare']})"
    number = Decimal(figure.value)
    match figure.unit:
        case "count" | "ratio":
            return _number(number, language, 2)
        case "share":
            return f"{_number(number * 100, language, 1)} %"
        case "per_week":
            return WORDS[language]["sentence"]["per_week"].format(value=_number(number, language, 2))
        case "money":
            return format_currency(number, figure.currency or "XXX", locale=LOCALES[language])
        case "seconds":
            return spell_seconds(int(number), language)
        case _:
            assert_never(figure.unit)


def spell_seconds(seconds: int, language: Language) -> str:
    """In minutes below two hours, in hours below two days, else in days."""
    if seconds < 2 * HOUR:
        unit, value = "duration-minute", Decimal(seconds) / 60
    elif seconds < 2 * DAY:
        unit, value = "duration-hour", Decimal(seconds) / HOUR
    else:
        unit, value = "duration-day", Decimal(seconds) / DAY
    return format_unit(value.quantize(Decimal("0.1")).normalize(), unit, length="short", locale=LOCALES[language])


def spell_instant(text: str, zone: str, language: Language) -> str:
    """An instant of the report in its zone, with the zone written."""
    at = datetime.fromisoformat(text).astimezone(ZoneInfo(zone))
    return format_datetime(at, "EEE d MMM y HH:mm", locale=LOCALES[language]) + f" {at.tzname()}"


def _number(number: Decimal, language: Language, places: int) -> str:
    return format_decimal(number, "#,##0." + "#" * places, locale=LOCALES[language])
