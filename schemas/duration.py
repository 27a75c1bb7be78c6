"""Targets with their unit spelled out: `24h elapsed`, `8h business`, `1 business day`. Never guessed."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Literal, NamedTuple

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

_PART = re.compile(r"(?<!\d)(\d++)(d|h|m|s)")
_AMOUNT = re.compile(r"(?:\d+[dhms])+")
_DAYS = re.compile(r"(\d+) business days?")
_SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
FORMS = "`24h elapsed`, `90s elapsed`, `8h business`, `1h30m business`, `1 business day`, `3 business days`"
LONGEST = timedelta(days=3660)


class TargetValue(NamedTuple):
    """How long something may take: wall time, open time, or whole business days."""

    kind: Literal["elapsed", "business", "business_days"]
    amount: timedelta
    days: int
    text: str

    def __str__(self) -> str:
        return self.text


LENGTH = 100
"""Characters of a target; what is longer is no number of hours."""


def parse_duration(text: str) -> timedelta:
    """`30m`, `1h30m`, `2d` as a timedelta. Raises ValueError."""
    if len(text) > LENGTH or not _AMOUNT.fullmatch(text):
        raise ValueError(f"`{text[:LENGTH]}` is no duration; write it as 90s, 15m, 1h30m or 2d")
    try:
        return timedelta(seconds=sum(int(n) * _SECONDS[unit] for n, unit in _PART.findall(text)))
    except OverflowError:
        raise ValueError(f"`{text[:20]}` is longer than any calendar") from None


def parse_target(text: str) -> TargetValue:
    """Raises ValueError with the accepted forms and, where it can be told, what was probably meant."""
    words = " ".join(text.split())
    if len(words) > LENGTH:
        raise ValueError(f"`{words[:20]}...` is longer than any calendar")
    if days := _DAYS.fullmatch(words):
        return _check_bounds(TargetValue("business_days", timedelta(0), int(days[1]), words))
    amount, _, unit = words.partition(" ")
    if _AMOUNT.fullmatch(amount) and unit in ("elapsed", "business"):
        kind: Literal["elapsed", "business"] = "elapsed" if unit == "elapsed" else "business"
        if kind == "business" and "d" in amount:
            raise ValueError(f"`{text}`: a day of open time has no length; say `N business days`, or hours")
        return _check_bounds(TargetValue(kind, parse_duration(amount), 0, words))
    if _AMOUNT.fullmatch(words):
        raise ValueError(f"`{text}` does not say which time; write `{words} elapsed` or `{words} business`")
    raise ValueError(f"`{text}` is no target; write one of {FORMS}")


def _check_bounds(target: TargetValue) -> TargetValue:
    if target.amount > LONGEST or target.days > LONGEST.days:
        raise ValueError(f"`{target.text}` is over ten years")
    if target.kind == "business_days" and target.days < 1:
        raise ValueError(f"`{target.text}`: at least one business day")
    return target


def _validate(value: object) -> TargetValue:
    if isinstance(value, TargetValue):
        return value
    if isinstance(value, str):
        return parse_target(value)
    raise ValueError(f"write a target as one of {FORMS}")


Target = Annotated[
    TargetValue,
    PlainValidator(_validate),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["24h elapsed", "8h business", "1 business day"]}),
]
"""A field that is written as text and read as `TargetValue`."""


def _window(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    window = parse_duration(value) if isinstance(value, str) else None
    if window is None or not timedelta(seconds=1) <= window <= LONGEST_WINDOW:
        raise ValueError(f"write how long it is, between 1s and {LONGEST_WINDOW.days}d, as 90s, 10m, 12h or 2d")
    return window


LONGEST_WINDOW = timedelta(days=30)
Window = Annotated[
    timedelta,
    PlainValidator(_window),
    PlainSerializer(lambda window: f"{int(window.total_seconds())}s", return_type=str),
    WithJsonSchema({"type": "string", "examples": ["10m", "12h"]}),
]
"""A length of time that is written as text, a month at most."""


def _wake(value: object) -> timedelta:
    wake = value if isinstance(value, timedelta) else parse_duration(value) if isinstance(value, str) else None
    if wake is None or not timedelta(hours=1) <= wake <= LONGEST:
        raise ValueError(f"write after how long, between 1h and {LONGEST.days}d, as 12h, 90d or 30d12h")
    return wake


Wake = Annotated[
    timedelta,
    PlainValidator(_wake),
    PlainSerializer(lambda wake: f"{int(wake.total_seconds())}s", return_type=str),
    WithJsonSchema({"type": "string", "examples": ["90d", "12h"]}),
]
"""A length of time that is written as text, ten years at most."""
