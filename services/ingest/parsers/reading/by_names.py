"""What depends on the names of an object's fields alone, remembered for objects that have the same names.

Senders send objects of few shapes, over and over, and a batch has a thousand of one: which of their names mean something is found once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from itertools import islice
from typing import Generic, TypeVar

from services.ingest.parsers.reading.naming import label

Found = TypeVar("Found")
Names = tuple[str, ...]
MOST_NAMES, LONGEST = 100, 4000
"""Names, and characters of them all, of an object whose shape is remembered; a sender may write a mebibyte of them."""
REMEMBERED = 256
"""Shapes of which a function's answer is kept."""


def cache_by_names(function: Callable[[Names], Found]) -> Callable[[Names], Found]:
    """The same function with what it said of some hundred shapes."""
    return _Memory(function).__getitem__


class _Memory(dict[Names, Found], Generic[Found]):
    """It is emptied once there are too many shapes, which strangers choose."""

    def __init__(self, function: Callable[[Names], Found]) -> None:
        super().__init__()
        self._function = function

    def __missing__(self, names: Names) -> Found:
        result = self._function(names)
        if len(names) <= MOST_NAMES and sum(map(len, names)) <= LONGEST:
            if len(self) >= REMEMBERED:
                self.clear()
            self[names] = result
        return result


class _Shape(tuple[str, ...]):
    """Names that are known: equal to themselves alone and not looked through again, so that to ask what was said of them is
    one look by the place where they are."""

    __slots__ = ()
    __eq__ = object.__eq__
    __ne__ = object.__ne__
    __hash__ = object.__hash__


_shapes: _Memory[Names] = _Memory(_Shape)


def names_of(fields: Collection[str], most: int | None = None) -> Names:
    """The names of an object, all or so many of them; of one shape the same object, as long as it is remembered."""
    return _shapes[tuple(fields) if most is None or len(fields) <= most else tuple(islice(fields, most))]


class Wanted:
    """Names that are looked for in many objects, the most telling first. `among`: those of them that an object of these names has,
    in that order."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)
        self._all = frozenset(self.names)
        self.among = cache_by_names(self._find)

    def _find(self, names: Names) -> Names:
        held = self._all.intersection(names)
        return tuple(name for name in self.names if name in held) if held else ()


@cache_by_names
def labels(names: Names) -> Names:
    """Each as `label` writes it."""
    return names_of(list(map(label, names)))


@cache_by_names
def label_set(names: Names) -> frozenset[str]:
    """All of them, as `label` writes them."""
    return frozenset(map(label, names))


@cache_by_names
def names_by_label(names: Names) -> dict[str, str]:
    """{as `label` writes it: the name}; of several that are the same the last one. To be read only."""
    return {label(name): name for name in names}


@cache_by_names
def are_labels_unique(names: Names) -> bool:
    """Whether no two of them are the same as `label` writes them."""
    return len(label_set(names)) == len(names)


@cache_by_names
def are_labels(names: Names) -> bool:
    """Whether all of them are written as `label` writes them, and are texts: a reader's own objects may have other keys."""
    return all(type(name) is str and label(name) == name for name in names)
