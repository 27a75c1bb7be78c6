"""The screens of the page, as the navigation shows them. A new screen is its line in SCREENS and its routes in `app.py`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from services.console.language.words import mark
from services.console.signed_in import Right, SignedIn


class Screen(NamedTuple):
    """Where it is, what it is called, and who may see it: None is everybody."""

    path: str
    title: str
    right: Right | None = None


SCREENS: tuple[Screen, ...] = (
    Screen("/", mark("Now")),
    Screen("/people", mark("People")),
    Screen("/agreement", mark("Agreement")),
    Screen("/flow", mark("Flow"), "all_leads"),
    Screen("/forum", mark("Forum"), "forum"),
    Screen("/plumbing", mark("Plumbing"), "plumbing"),
)


def screens_for(somebody: SignedIn) -> Iterator[Screen]:
    """Those that they may see, in the order in which they are shown."""
    return (screen for screen in SCREENS if screen.right is None or somebody.may(screen.right))
