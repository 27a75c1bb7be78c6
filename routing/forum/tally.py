"""Counts that add up: each lead gives some, and their sum is the same in whatever order the leads come."""

from __future__ import annotations

import hashlib
from bisect import insort
from collections.abc import Iterable
from typing import NamedTuple

SHOWN = 20
"""Ids that a figure carries itself; the others are found again by its query."""
_BITS = 128


class Query(NamedTuple):
    """What is counted: a measure, in a span of time, of those with these labels."""

    measure: str
    span: str
    labels: tuple[str, ...] = ()


class Count(NamedTuple):
    """One thing that is counted: how much, the seconds that it took where it is timed, and the ids of events or signals that say so."""

    query: Query
    ids: tuple[str, ...]
    amount: int = 1
    seconds: int | None = None


class Trail:
    """The ids behind a figure: how many, the first in their order, and a checksum of all that does not depend on the order."""

    __slots__ = ("checksum", "count", "first")

    def __init__(self) -> None:
        self.count, self.checksum = 0, 0
        self.first: list[str] = []

    def note(self, ident: str) -> None:
        self.count += 1
        number = int.from_bytes(hashlib.sha256(ident.encode()).digest()[: _BITS // 8])
        self.checksum = (self.checksum + number) % (1 << _BITS)
        self._keep(ident)

    def add(self, other: Trail) -> None:
        self.count += other.count
        self.checksum = (self.checksum + other.checksum) % (1 << _BITS)
        for ident in other.first:
            self._keep(ident)

    def _keep(self, ident: str) -> None:
        if len(self.first) < SHOWN or ident < self.first[-1]:
            insort(self.first, ident)
            del self.first[SHOWN:]


class Cell:
    """The sum of one query; `seconds` are those of what was timed, in no order."""

    __slots__ = ("amount", "seconds", "trail")

    def __init__(self) -> None:
        self.amount = 0
        self.seconds: list[int] = []
        self.trail = Trail()


class Tally:
    """All sums, by what is counted. It grows with the labels and with what is timed, not with the events."""

    def __init__(self) -> None:
        self.cells: dict[Query, Cell] = {}

    def add(self, counts: Iterable[Count]) -> None:
        for count in counts:
            cell = self._cell(count.query)
            cell.amount += count.amount
            if count.seconds is not None:
                cell.seconds.append(count.seconds)
            for ident in count.ids:
                cell.trail.note(ident)

    def merge(self, other: Tally) -> None:
        """The sum of both: of leads that no other tally has."""
        for query, theirs in other.cells.items():
            cell = self._cell(query)
            cell.amount += theirs.amount
            cell.seconds += theirs.seconds
            cell.trail.add(theirs.trail)

    def labels(self, measure: str, span: str) -> list[tuple[str, ...]]:
        """The labels under which something was counted, in their order."""
        return sorted(query.labels for query in self.cells if (query.measure, query.span) == (measure, span))

    def _cell(self, query: Query) -> Cell:
        cell = self.cells.get(query)
        if cell is None:
            cell = self.cells[query] = Cell()
        return cell
