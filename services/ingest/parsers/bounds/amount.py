"""How much a body turns out to be: what stands once in it may be a fact of each of its thousand events.

Ten thousand changes of a thousand records are ten million facts, of a body of 200 kB. So what was made of a body's events is
added up, and a body of which more is made than a body of its size may have is set aside whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextvars import ContextVar, Token
from datetime import datetime
from typing import TypeVar

from msgspec.structs import astuple

from schemas.json_values import JsonValue
from schemas.parts import Part
from services.ingest.parsers.bounds.unreadable import EndsReading

CHARACTERS_A_VALUE = 80
"""Of text, for each value that a body may have: names, addresses and titles have twenty, and some texts are long."""
MOST_FACTS, MOST_CHARACTERS = 50_000, 64 * 1024 * 1024
"""Where nobody says how much: a body that is read again by hand."""
Item = TypeVar("Item")


_PLAIN = frozenset([type(None), bool, int, float, datetime])
"""Exact types of values that are neither texts nor hold any."""


class TooMuch(EndsReading):
    """More is made of a body than may be. Whoever judges single events lets it pass: it is about the whole."""

    reason, where = "more facts come of the body's events than are taken at once", "$"


class _Left:
    """What may still be made of the body, in facts and in characters of them."""

    __slots__ = ("characters", "facts")

    def __init__(self, facts: int, characters: int) -> None:
        self.facts, self.characters = facts, characters


_left: ContextVar[_Left | None] = ContextVar("facts that may still be made of a body", default=None)


class facts_at_most:  # noqa: N801 - reads as a statement
    """`values`: how many a body may have, so many facts may be made of it; `size`: its bytes."""

    __slots__ = ("_room", "_token")
    _token: Token[_Left | None]

    def __init__(self, values: int, size: int) -> None:
        self._room = _Left(values, 2 * size + CHARACTERS_A_VALUE * values)

    def __enter__(self) -> None:
        self._token = _left.set(self._room)

    def __exit__(self, *_: object) -> None:
        _left.reset(self._token)


def added_up(items: Iterable[Item]) -> Iterator[Item]:
    """The same items, as long as there is room for the next. Raises TooMuch."""
    left = _left.get() or _Left(MOST_FACTS, MOST_CHARACTERS)
    for item in items:
        if isinstance(item, Part):
            facts, characters = _size(item)
            left.facts -= facts
            left.characters -= characters
            if left.facts < 0 or left.characters < 0:
                raise TooMuch
        yield item


def _size(part: Part) -> tuple[int, int]:
    """(facts, characters) in it; by exact types and most frequent first."""
    facts, characters = 0, 0
    level: list[JsonValue] = [part]
    while level:
        held = level.pop()
        kind = type(held)
        if kind is dict or kind is tuple or kind is list:
            facts += len(held)
            values = held.values() if kind is dict else held
        else:
            values = astuple(held) if isinstance(held, Part) else ()
        for value in values:
            if type(value) is str:
                characters += len(value)
            elif type(value) not in _PLAIN:
                level.append(value)
    return facts, characters
