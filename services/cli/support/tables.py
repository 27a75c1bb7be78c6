"""Tables for people, in plain text."""

from __future__ import annotations

from collections.abc import Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines with columns as wide as what is in them; the last column may be of any length. Without rows there is no table."""
    if not rows:
        return []
    widths = [max(len(row[at]) for row in [head, *rows]) for at in range(len(head) - 1)]
    lines = ["  ".join([*map(str.ljust, row, widths), row[-1]]) for row in [head, *rows]]
    return [line.rstrip() for line in lines]
