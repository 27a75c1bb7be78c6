"""How somebody is told: where, in which language, in which hours not; and lengths of time as the alerts' file has them."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from schemas.calendar import WEEKDAYS, Weekday
from schemas.duration import parse_duration
from schemas.yamlfile import FileModel

Language = Literal["sv", "en"]
"""Languages that messages are written in."""


def _wait(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


Wait = Annotated[
    timedelta,
    BeforeValidator(_wait),
    Field(ge=timedelta(0), le=timedelta(days=7)),
    WithJsonSchema({"type": "string", "examples": ["30s", "5m", "1h"]}),
]
"""Written as `30s`, `5m`, `1h30m`; a week at most."""


class Notify(FileModel):
    """Where somebody is told, by each kind of channel; personal. `slack` is their member id there (U...)."""

    email: Annotated[str, Field(pattern=r"^[^@\s<>]+@[^@\s<>]+$", max_length=320)] | None = None
    slack: Annotated[str, Field(pattern=r"^[UW][A-Z0-9]{2,30}$")] | None = None
    teams: Annotated[str, Field(min_length=1, max_length=320)] | None = None
    phone: Annotated[str, Field(pattern=r"^\+[0-9]{6,15}$")] | None = None


class QuietHours(FileModel):
    """From `from` to `to` (past midnight where `to` is not later) on each of `days`, the days on which they begin. `whole_days` are
    quiet from midnight to midnight. What happens meanwhile is told at their end, in one message."""

    since: Annotated[time, Field(alias="from")]
    until: Annotated[time, Field(alias="to")]
    days: Annotated[tuple[Weekday, ...], Field(min_length=1)] = WEEKDAYS
    whole_days: tuple[Weekday, ...] = ()

    @model_validator(mode="after")
    def _they_end(self) -> QuietHours:
        if set(self.whole_days) == set(WEEKDAYS):
            raise ValueError("all days are quiet, so nothing would ever be told; leave out the route instead")
        if self.since == self.until:
            raise ValueError("`from` and `to` are the same time; write whole days as `whole_days`")
        if self.since.tzinfo is not None or self.until.tzinfo is not None:
            raise ValueError("times of day have no zone here: they are the reader's")
        return self
