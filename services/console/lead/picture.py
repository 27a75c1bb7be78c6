"""The way of a clock to its due instant as a small picture: what counted, what was skipped, where it is due, where now is. The same
figures give the same picture; what it shows stands in a table beside it as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from schemas.explain import ClockExplanation, IntervalView
from services.console.language.reader import Reader

WIDTH, EDGE = 720.0, 8.0
"""Of the picture, and of the room on either side, in units of its view box."""


class Bar(NamedTuple):
    """A stretch of time: from `x`, `width` wide."""

    x: str
    width: str
    kind: Literal["counted", "skipped"]
    title: str


class Mark(NamedTuple):
    """An instant, with a word for it."""

    x: str
    kind: Literal["due", "now", "done"]
    label: str
    anchor: Literal["start", "middle", "end"]


class Picture(NamedTuple):
    """`title` and `desc` say in words what is drawn."""

    title: str
    desc: str
    bars: Sequence[Bar]
    marks: Sequence[Mark]


def draw(made: ClockExplanation, reader: Reader) -> Picture:
    """From the start of the clock to whichever comes last: its due instant, what kept it, or now while it runs."""
    start, ends = made.started_at, [interval.to for interval in made.intervals]
    done = made.kept_at or made.ended_at
    ends += [at for at in (made.due_at, made.kept_at) if at is not None]
    is_open = made.state in ("running", "paused") or (made.state == "breached" and made.kept_at is None)
    end = max([*ends, *([reader.now] if is_open else [])], default=start)
    scale = _Scale(start, max(end, start))
    bars = [_bar(interval, scale, reader) for interval in made.intervals]
    instants: list[tuple[datetime, Literal["due", "now", "done"], str]] = []
    if made.due_at is not None:
        instants.append((made.due_at, "due", reader.say("due")))
    if is_open:
        instants.append((reader.now, "now", reader.say("now")))
    elif done is not None:
        instants.append((done, "done", reader.say("done") if made.kept_at is not None else reader.say("ended")))
    marks = [Mark(scale.x(at), kind, label, scale.anchor(at)) for at, kind, label in instants if start <= at <= end]
    return Picture(_title(made, reader), _description(made, reader), bars, marks)


class _Scale:
    """Instants to places, linearly."""

    def __init__(self, start: datetime, end: datetime) -> None:
        self._start, self._seconds = start, max((end - start).total_seconds(), 1.0)

    def place(self, at: datetime) -> float:
        share = (at - self._start).total_seconds() / self._seconds
        return EDGE + min(1.0, max(0.0, share)) * (WIDTH - 2 * EDGE)

    def x(self, at: datetime) -> str:
        """To a tenth of a unit: the same on every machine."""
        return f"{self.place(at):.1f}"

    def anchor(self, at: datetime) -> Literal["start", "middle", "end"]:
        """Words at an edge do not leave the picture."""
        place = self.place(at)
        return "start" if place < WIDTH * 0.12 else "end" if place > WIDTH * 0.88 else "middle"


def _bar(interval: IntervalView, scale: _Scale, reader: Reader) -> Bar:
    since, until = interval.from_, interval.to
    width = max(scale.place(until) - scale.place(since), 0.5)
    span = f"{reader.instant(since)} – {reader.instant(until)}"
    if interval.counted:
        return Bar(scale.x(since), f"{width:.1f}", "counted", reader.say("counted: %(span)s", span=span))
    return Bar(scale.x(since), f"{width:.1f}", "skipped", reader.say("skipped: %(span)s", span=span))


def _title(made: ClockExplanation, reader: Reader) -> str:
    return reader.say("The time of this promise, from %(start)s", start=reader.instant(made.started_at))


def _description(made: ClockExplanation, reader: Reader) -> str:
    skipped = sum(interval.seconds for interval in made.intervals if not interval.counted)
    counted = reader.say("%(length)s count", length=reader.hours(made.counted_seconds))
    left_out = (
        reader.say("%(length)s are skipped", length=reader.hours(skipped))
        if skipped
        else reader.say("nothing is skipped")
    )
    due = (
        reader.say("due %(at)s", at=reader.instant(made.due_at))
        if made.due_at is not None
        else reader.say("it stands still")
    )
    return f"{counted}; {left_out}; {due}."
