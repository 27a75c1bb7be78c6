"""How the tables of words are written down: as running text, so that a reader sees a hundred words at a glance."""

from __future__ import annotations


def words(text: str) -> tuple[str, ...]:
    """The words of a text, parted by spaces and line breaks, in their order."""
    return tuple(text.split())


def word_set(text: str) -> frozenset[str]:
    """The words of a text, for looking up whether one is among them."""
    return frozenset(text.split())
