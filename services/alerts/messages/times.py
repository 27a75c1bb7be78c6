"""Instants and lengths of time as people read them: `Tue 24 Nov 10:00 CET`, `3 h 20 min`."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from schemas.notify import Language

_DAYS: dict[Language, tuple[str, ...]] = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "sv": ("mån", "tis", "ons", "tors", "fre", "lör", "sön"),
}
_MONTHS: dict[Language, tuple[str, ...]] = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "sv": ("jan", "feb", "mars", "apr", "maj", "juni", "juli", "aug", "sep", "okt", "nov", "dec"),
}
_UNITS: dict[Language, tuple[str, str, str]] = {"en": ("d", "h", "min"), "sv": ("dygn", "tim", "min")}
_SHORT: dict[Language, str] = {"en": "less than 1 min", "sv": "mindre än 1 min"}


def instant_text(at: datetime, zone: tzinfo, language: Language) -> str:
    """To the minute, with the zone's own abbreviation, for the reader may be elsewhere."""
    local = at.astimezone(zone)
    day, month = _DAYS[language][local.weekday()], _MONTHS[language][local.month - 1]
    return f"{day} {local.day} {month} {local:%H:%M} {local.tzname()}"


def length_text(length: timedelta, language: Language) -> str:
    """In its two largest units, down to the minute; what is shorter is said to be so."""
    minutes = int(length.total_seconds()) // 60
    if minutes < 1:
        return _SHORT[language]
    counts = (minutes // 1440, minutes // 60 % 24, minutes % 60)
    parts = [f"{count} {unit}" for count, unit in zip(counts, _UNITS[language], strict=True) if count]
    return " ".join(parts[:2])
