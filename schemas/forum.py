"""The weekly forum: when it meets, and what people enter for it (costs, action points, lessons)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from schemas.calendar import Weekday, seconds_of_day
from schemas.notify import Language
from schemas.words import Name, Names, Side
from schemas.yamlfile import FileModel


def _time_of_day(value: object) -> object:
    if isinstance(value, str) and seconds_of_day(value) >= 24 * 3600:
        raise ValueError("the day ends before 24:00; write 00:00 of the next weekday")
    return value


class Forum(FileModel):
    """When both sides meet over the week that ended, in the zone of `calendar` (of the only one, where there is one): the
    report is mailed `to` people of the roster. `channel` is the mail channel of alerts.yaml that it goes through; left out, the first.
    A lead that stays in one stage for more than `stuck_after` days is shown as stuck.
    """

    weekday: Weekday
    time: Annotated[
        str, BeforeValidator(_time_of_day), Field(pattern=r"^\d\d:\d\d$", description="HH:MM on the clocks of the zone")
    ]
    calendar: Name | None = None
    to: Names = ()
    channel: Name | None = None
    language: Language = "en"
    stuck_after: Annotated[int, Field(ge=1, le=365, description="days")] = 14


LONGEST = 1000
Words = Annotated[str, Field(min_length=1, max_length=LONGEST)]
Money = Annotated[Decimal, Field(gt=0, max_digits=15, decimal_places=2)]


class Cost(FileModel):
    """What one side spent to win customers, from the first day to the last, both counted; it is spread evenly over them."""

    kind: Literal["cost"] = "cost"
    side: Side
    amount: Money
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217, for example SEK")]
    since: Annotated[date, Field(alias="from")]
    by: Annotated[date, Field(alias="to")]
    note: Words | None = None

    @model_validator(mode="after")
    def _takes_time(self) -> Cost:
        if self.since > self.by:
            raise ValueError(f"`to: {self.by}` is before `from: {self.since}`")
        return self


class Action(FileModel):
    """What the forum agreed on: who does what by when. `state` is how it stands now."""

    kind: Literal["action"] = "action"
    what: Words
    who: Name
    by: date
    state: Literal["open", "done", "dropped"] = "open"
    note: Words | None = None


class Lesson(FileModel):
    """What the forum learned: about a piece of content, a criterion, or a question that was left unanswered."""

    kind: Literal["lesson"] = "lesson"
    about: Literal["content", "criterion", "question"]
    name: Annotated[str, Field(min_length=1, max_length=200)]
    words: Words

    @field_validator("name")
    @classmethod
    def _is_one_line(cls, name: str) -> str:
        if "\n" in name:
            raise ValueError("the name is one line")
        return name


ForumEntry = Annotated[Cost | Action | Lesson, Field(discriminator="kind")]


class EntriesFile(FileModel):
    """A file of entries for the forum; `stafett report add FILE` takes them all or none."""

    version: Literal[1, "1"]
    entries: Annotated[tuple[ForumEntry, ...], Field(min_length=1, max_length=1000)]
