"""A promise's clock in words and as what its picture and its table are drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, assert_never

from schemas.certain import certain
from schemas.explain import ClockExplanation, IntervalCode, IntervalView
from services.console.language.reader import Reader, person_name
from services.console.language.targets import target_text
from services.console.language.vocabulary import plain, task_name
from services.console.lead.picture import Picture, draw

LONGEST = 60
"""Intervals that a table shows; a promise that takes longer says how many more there are."""


class IntervalRow(NamedTuple):
    """A stretch of time on the way: counted or skipped, and why."""

    since: str
    until: str
    length: str
    counted: bool
    why: str


class ClockView(NamedTuple):
    """One promise. `due_ms` is there while a countdown runs; `state` chooses the colour, `verdict` says it."""

    clock_id: str
    name: str
    task: str
    target: str
    state: str
    verdict: str
    due: str
    due_ms: int | None
    counted: str
    rows: Sequence[IntervalRow]
    more: int
    picture: Picture


def clock_view(made: ClockExplanation, reader: Reader) -> ClockView:
    """With every stretch of the way."""
    rows = [_row(interval, made, reader) for interval in made.intervals[:LONGEST]]
    due = reader.instant(made.due_at) if made.due_at is not None else reader.say("stands still")
    return ClockView(
        clock_id=made.clock_id,
        name=plain(made.policy),
        task=task_name(made.metric, reader),
        target=target_text(made.target, reader),
        state=made.state,
        verdict=_verdict(made, reader),
        due=due,
        due_ms=_milliseconds(made.due_at) if made.state == "running" and made.due_at is not None else None,
        counted=reader.hours(made.counted_seconds),
        rows=rows,
        more=len(made.intervals) - len(rows),
        picture=draw(made, reader),
    )


def _verdict(made: ClockExplanation, reader: Reader) -> str:
    match made.state:
        case "fulfilled":
            return reader.say("Kept %(at)s", at=_at(made.kept_at, reader))
        case "breached" if made.kept_at is not None:
            return reader.say("Broken; done late, %(at)s", at=_at(made.kept_at, reader))
        case "breached":
            return reader.say("Broken, and not done yet")
        case "paused":
            return reader.say("Stands still")
        case "cancelled":
            return reader.say("Holds no more since %(at)s", at=_at(made.ended_at, reader))
        case _:
            return reader.say("Runs")


def _row(interval: IntervalView, made: ClockExplanation, reader: Reader) -> IntervalRow:
    return IntervalRow(
        since=reader.instant(interval.from_),
        until=reader.instant(interval.to),
        length=reader.length(interval.seconds),
        counted=interval.counted,
        why=_why(interval, made.person, reader),
    )


def _why(interval: IntervalView, person: str | None, reader: Reader) -> str:
    """Why it counted or not, all of it."""
    return ", ".join(_cause(code, interval.name or "", person or "", reader) for code in interval.codes)


def _cause(code: IntervalCode, holiday: str, person: str, reader: Reader) -> str:
    match code:
        case "wall" | "open":
            return reader.say("counts")
        case "week" | "special_day":
            return reader.say("outside working hours")
        case "closed_day":
            return reader.say("closed that day")
        case "holiday":
            return reader.say("closed: %(holiday)s", holiday=holiday)
        case "eve":
            return reader.say("closed early: the day before %(holiday)s", holiday=holiday)
        case "absence":
            return reader.say("%(person)s was away", person=person_name(person))
        case "pause":
            return reader.say("stood still, as agreed")
        case _:
            assert_never(code)


def _at(at: datetime | None, reader: Reader) -> str:
    return reader.instant(certain(at, "it ended"))


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
