"""Instants that people and programs write: aware, in UTC, and of a time in which leads exist."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from pydantic import AfterValidator, AwareDatetime

FIRST = datetime.fromtimestamp(1e8, UTC)
LAST = datetime.fromtimestamp(1e10, UTC)
"""1973 to 2286. What is outside is no time but a sender's word for none (0001-01-01, 1970-01-01, 9999-12-31), and near the
ends of the calendar no other zone and no due instant could be computed."""
RULE = f"an instant is from {FIRST.year} to {LAST.year}; leave it out where it is not known"


def plausible(at: datetime) -> datetime | None:
    """In UTC; None where it is outside `FIRST` to `LAST`. It has to be aware."""
    try:
        in_utc = at.astimezone(UTC)
    except OverflowError:
        return None
    return in_utc if FIRST <= in_utc <= LAST else None


def _check_plausible(at: datetime) -> datetime:
    if plausible(at) is None:
        raise ValueError(RULE)
    return at


def _in_utc(at: datetime) -> datetime:
    return at.astimezone(UTC)


At = Annotated[datetime, AwareDatetime, msgspec.Meta(tz=True)]
"""An aware instant, for structs of msgspec and models of pydantic alike; ours are in UTC."""

InUTC = Annotated[At, AfterValidator(_in_utc)]
"""The same instant in UTC. Two that have the very same zone object are compared ten times as fast as two that do not."""

Instant = Annotated[AwareDatetime, AfterValidator(_check_plausible)]
"""For what is written by hand or by a sender; what we wrote ourselves was checked."""


def read_instant(text: str) -> datetime:
    """Of the command line, in UTC. Raises ValueError with what to write."""
    instant = plausible(read_any(text))
    if instant is None:
        raise ValueError(f"{text}: an instant is from {FIRST.year} to {LAST.year}")
    return instant


def read_any(text: str) -> datetime:
    """An aware instant of any year. Raises ValueError with what to write."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text} is no instant; write it as 2026-06-05T16:00:00+02:00") from None
    if at.tzinfo is None:
        raise ValueError(f"{text} has no zone; add Z, or an offset as +02:00")
    return at
