"""The work that a body is, counted before it is done, so that it can be done in pieces with others in between.

A thousand events of a proven sender take more than a second. Parsers say before each event how much it is; whoever has them
read a body says what happens between two pieces (`services.ingest.limits.offload`: others get their turn). Without somebody who asks
for pieces nothing is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from schemas.json_values import COMPOSITE, PLAIN, JsonValue
from schemas.signals import Parsed, Quarantined

EVENT = 12
"""What an event costs besides its values, in values: measured for the most costly kind, whose values take about 30 us each."""
PIECE = 1500
"""Work of one piece, in values: about 40 ms of CPU for the most costly kind. An event with more is a piece of its own."""
LATER_STEPS = 2
"""How much less each step after reading costs than reading: made readable, finished, made a signal."""
Item = TypeVar("Item")


class _Meter:
    """Work that may still be done in the piece that has begun."""

    __slots__ = ("left", "pause")

    def __init__(self, pause: Callable[[], None]) -> None:
        self.left, self.pause = PIECE, pause


_meter: ContextVar[_Meter | None] = ContextVar("work left in this piece", default=None)


@contextmanager
def in_pieces(pause: Callable[[], None]) -> Iterator[None]:
    """What is read in it is read in pieces; `pause` is called between two of them. An `EndsReading` that it raises
    ends the work."""
    token = _meter.set(_Meter(pause))
    try:
        yield
    finally:
        _meter.reset(token)


def take_turns(items: Iterable[Item], work: Callable[[Item], int]) -> Iterator[Item]:
    """The same items, each once there is a turn for it. `work`: what is done for one, in values."""
    meter = _meter.get()
    if meter is None:
        yield from items
        return
    for item in items:
        cost = work(item)
        if cost > meter.left and meter.left < PIECE:
            meter.pause()
            meter.left = PIECE
        meter.left -= cost
        yield item


def values_in(value: JsonValue) -> int:
    """The work of reading an event: its fields and members of lists, at any depth, and what each event costs besides."""
    if not isinstance(value, COMPOSITE):
        return EVENT
    count, level = EVENT, [value]
    while level:
        count += sum(map(len, level))
        level = composite_in(level)
    return count


def composite_in(level: Iterable[JsonValue]) -> list[JsonValue]:
    """The objects and lists that stand in these; most hold none, which is seen by the types of all that they hold."""
    inner: list[JsonValue] = []
    for held in level:
        values = held.values() if isinstance(held, dict) else held
        if not PLAIN.issuperset(map(type, values)):
            inner += [value for value in values if isinstance(value, COMPOSITE)]
    return inner


def facts_in(item: Parsed | Quarantined) -> int:
    """The work of each of the three steps between reading an event and its record."""
    return (EVENT if isinstance(item, Quarantined) else EVENT + len(item.fields)) // LATER_STEPS


def alone(item: object) -> int:
    """The work of an event that is an id of a list, and shares all else with others."""
    return EVENT
