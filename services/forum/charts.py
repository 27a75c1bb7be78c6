"""Charts as small SVG of our own: bars and lines, readable on paper and in the dark, with a title and a description.

The same figures give the same bytes: every coordinate is a whole number. Series differ by dashes and their name, not by colour alone.
The table with the figures stands beside each chart.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from html import escape
from typing import NamedTuple

WIDTH, LEFT, RIGHT, TOP, BAR = 640, 180, 90, 16, 22
BARS_LEFT = 240
"""Where bars begin: the names of two stages stand before them."""
LETTER = 7
"""About as wide is one of a value's."""
HEIGHT, BOTTOM = 220, 28
"""Of a chart of lines, in units of its view box."""
LONGEST_LABEL, LONGEST_BAR_LABEL = 28, 30
_STROKES = (("#2f6fbb", ""), ("#c2571a", "6 3"), ("#2a8a57", "2 3"), ("#8a4fb0", "8 3 2 3"))
"""Colours that stand out from white and from black, with the dashes by which they are told apart without colour."""
MOST_SERIES = len(_STROKES)
MOST_BARS = 12


class Chart(NamedTuple):
    """`ident` is unique on its page: the title and the description are named by it."""

    ident: str
    title: str
    about: str


class Point(NamedTuple):
    """`text` is the value as it is written beside the mark; no value leaves a gap. `beside` is what a bar is compared with: a line
    across it."""

    label: str
    value: Fraction | None
    text: str
    beside: Fraction | None = None


class Series(NamedTuple):
    name: str
    points: tuple[Point, ...]


def draw_bars(chart: Chart, points: Sequence[Point]) -> str:
    """One bar a point, the names on the left and the values at their ends."""
    shown = points[:MOST_BARS]
    most = max((max(point.value or Fraction(0), point.beside or Fraction(0)) for point in shown), default=Fraction(0))
    room = WIDTH - BARS_LEFT - RIGHT
    parts = []
    for number, point in enumerate(shown):
        y = TOP + number * BAR
        length = _length(point.value or Fraction(0), most, room)
        parts.append(
            f'<text x="{BARS_LEFT - 8}" y="{y + 14}" text-anchor="end">{_label(point.label, LONGEST_BAR_LABEL)}</text>'
        )
        parts.append(f'<rect x="{BARS_LEFT}" y="{y + 3}" width="{length}" height="{BAR - 8}" fill="{_STROKES[0][0]}"/>')
        end = length
        if point.beside is not None:
            line = _length(point.beside, most, room)
            parts.append(f'<path d="M{BARS_LEFT + line} {y}V{y + BAR - 2}" stroke="currentColor" stroke-width="3"/>')
            # Beside its own bar, where the line would not go through it: else it reads as the line's value.
            end = line if length <= line < length + LETTER * (len(point.text) + 2) else length
        parts.append(f'<text x="{BARS_LEFT + end + 6}" y="{y + 14}">{escape(point.text)}</text>')
    return _svg(chart, TOP * 2 + BAR * len(shown), parts)


def draw_lines(chart: Chart, series: Sequence[Series]) -> str:
    """One line a series, from the oldest to the newest, with its name and its last value at its end."""
    shown = series[:MOST_SERIES]
    values = [point.value for one in shown for point in one.points if point.value is not None]
    most = max(values, default=Fraction(0))
    low, right = HEIGHT - BOTTOM, WIDTH - LEFT
    parts = [f'<path d="M40 {low}H{right}" stroke="currentColor" stroke-width="1" fill="none"/>']
    ends: list[int] = []
    for number, one in enumerate(shown):
        places = _places(one.points, most, low, right)
        colour, dashes = _STROKES[number]
        parts.append(
            f'<path d="{_path(places)}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes or "none"}"/>'
        )
        parts += [f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in filter(None, places)]
        last = next((i for i in reversed(range(len(places))) if places[i] is not None), None)
        if last is not None:
            y = _free(ends, (places[last] or (0, low))[1])
            text = f"{_cut(one.name)}: {one.points[last].text}"
            # The name is of the text's colour, which is readable on any ground; the stroke before it says which line it is.
            parts.append(
                f'<path d="M{right + 8} {y}h14" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes or "none"}"/>'
            )
            parts.append(f'<text x="{right + 26}" y="{y + 4}">{escape(text)}</text>')
    if shown:
        parts += _axis(shown[0].points, low, right)
    return _svg(chart, HEIGHT, parts)


def _axis(points: Sequence[Point], low: int, right: int) -> list[str]:
    """The names of the first and the last point."""
    if not points:
        return []
    first = f'<text x="40" y="{low + 18}">{_label(points[0].label)}</text>'
    last = f'<text x="{right}" y="{low + 18}" text-anchor="end">{_label(points[-1].label)}</text>'
    return [first, last]


def _places(points: Sequence[Point], most: Fraction, low: int, right: int) -> list[tuple[int, int] | None]:
    step = Fraction(right - 40, max(1, len(points) - 1))
    return [
        None if point.value is None else (40 + round(step * i), low - _length(point.value, most, low - TOP))
        for i, point in enumerate(points)
    ]


def _path(places: Sequence[tuple[int, int] | None]) -> str:
    """Through the points in their order; after a gap the line begins again."""
    text, pen = "", False
    for place in places:
        if place is not None:
            text += f"{'L' if pen else 'M'}{place[0]} {place[1]}"
        pen = place is not None
    return text


def _free(ends: list[int], y: int) -> int:
    """A place for a name near `y` where no other name stands."""
    while any(abs(y - other) < 14 for other in ends):
        y += 2
    ends.append(y)
    return y


def _length(value: Fraction, most: Fraction, room: int) -> int:
    return max(0, round(value / most * room)) if most > 0 else 0


def _cut(text: str, most: int = LONGEST_LABEL) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _label(text: str, most: int = LONGEST_LABEL) -> str:
    return escape(_cut(text, most))


def _svg(chart: Chart, height: int, parts: Sequence[str]) -> str:
    ident = escape(chart.ident, quote=True)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-labelledby="{ident}-title {ident}-about" font-family="sans-serif" font-size="12" fill="currentColor">'
    )
    named = (
        f'<title id="{ident}-title">{escape(chart.title)}</title><desc id="{ident}-about">{escape(chart.about)}</desc>'
    )
    return f"{head}{named}{''.join(parts)}</svg>"
