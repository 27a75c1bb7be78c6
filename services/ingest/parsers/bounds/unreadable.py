"""What ends the reading of a body, or of a part of it, that is no fault of ours."""

from __future__ import annotations


class Unreadable(Exception):
    """A body, or a part of it, is not what its kind sends. `where` is the path in the body."""

    def __init__(self, reason: str, where: str = "$") -> None:
        super().__init__(reason)
        self.reason, self.where = reason, where


class EndsReading(Exception):
    """It is about the body as a whole: whoever judges a part of it lets it pass."""
