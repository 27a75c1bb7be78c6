"""Results: each measure several times, ours and the bare one in turns, said as smallest / median / largest."""

import statistics
from typing import NamedTuple


class Row(NamedTuple):
    """One measure. `bare` is empty where there is nothing to compare with."""

    name: str
    unit: str
    ours: list[float]
    bare: list[float] = []

    def line(self):
        ratios = [a / b for a, b in zip(self.ours, self.bare, strict=True)] if self.bare else []
        bare = spread(self.bare) if self.bare else ""
        return f"| {self.name} | {self.unit} | {bare} | {spread(self.ours)} | {spread(ratios) if ratios else ''} |"


def spread(values):
    """min / median / max, with as many digits as say something."""
    chosen = (min(values), statistics.median(values), max(values)) if len(values) > 1 else tuple(values)
    return " / ".join(_number(value) for value in chosen)


def _number(value):
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def table(rows):
    return "\n".join(["| | | bare | Stafett | ratio |", "|---|---|---|---|---|", *(row.line() for row in rows)])
