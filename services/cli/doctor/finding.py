"""What an examination finds."""

from __future__ import annotations

from typing import Literal, NamedTuple

Health = Literal["ok", "look", "wrong"]
"""`look`: it works, and somebody should know; `wrong`: something does not work, or will not for long."""


class Finding(NamedTuple):
    """One thing that was looked at. `fix` says what to do where it is not `ok`."""

    about: str
    health: Health
    text: str
    fix: str = ""
