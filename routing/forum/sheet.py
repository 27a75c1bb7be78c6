"""From a tally to figures: counts, shares, times, money; each with its query and the ids behind it."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from msgspec.structs import replace

from routing.forum.figures import Asked, Behind, Chart, Figure, FigureTable, Row, Unit, Why, decimal_text, exact_text
from routing.forum.frame import Frame
from routing.forum.tally import Cell, Query, Tally, Trail

SHOWN_ROWS = 50
"""Rows of a table; senders choose names of sources, forms and reasons."""
HUNDRED = 100
"""Hundredths of a unit of money."""


class Sheet:
    """Figures of one tally in one frame."""

    def __init__(self, tally: Tally, frame: Frame) -> None:
        self.tally, self.frame = tally, frame

    def count(self, measure: str, span: str, *labels: str) -> Figure:
        """How many; nought where there were none."""
        query = Query(measure, span, labels)
        cell = self.cell(query)
        return Figure(value=cell.amount, unit="count", queries=(_query_of(query),), behind=_behind(cell.trail))

    def amount(self, measure: str, span: str, *labels: str) -> int:
        return self.cell(Query(measure, span, labels)).amount

    def money(self, measure: str, span: str, currency: str) -> Figure:
        query = Query(measure, span, (currency,))
        cell = self.cell(query)
        return replace(money_figure(cell.amount, currency), queries=(_query_of(query),), behind=_behind(cell.trail))

    def share(self, part: Query, whole: Iterable[Query]) -> Figure:
        """What part of the sum of `whole`, which may hold `part` itself."""
        queries = tuple(whole)
        total = sum(self.cell(query).amount for query in queries)
        return self.quotient(Fraction(self.cell(part).amount), Fraction(total), "share", (part, *queries))

    def quotient(
        self, part: Fraction | None, whole: Fraction | None, unit: Unit, queries: Iterable[Query] = (), **more: str
    ) -> Figure:
        """One over the other; without either, or over nought, there is nothing to compare."""
        asked = tuple(dict.fromkeys(queries))
        trail = Trail()
        for query in asked:
            trail.add(self.cell(query).trail)
        behind = _behind(trail) if asked else None
        shown = tuple(_query_of(query) for query in asked)
        if part is None or not whole:
            return Figure(value=None, unit=unit, why="nothing_to_compare", queries=shown, behind=behind)
        return Figure(
            value=decimal_text(part / whole, 2 if unit == "money" else 4),
            unit=unit,
            currency=more.get("currency"),
            parts=(exact_text(part), exact_text(whole)),
            queries=shown,
            behind=behind,
        )

    def time(self, measure: str, span: str, *labels: str, rank: Fraction = Fraction(1, 2)) -> Figure:
        """The time that this part of them did not exceed, in seconds: the median, unless said otherwise; the nearest rank."""
        query = Query(measure, span, labels)
        cell = self.cell(query)
        if not cell.seconds:
            return Figure(value=None, unit="seconds", why="nothing_to_compare", queries=(_query_of(query),))
        ordered = sorted(cell.seconds)
        index = max(0, -(-rank.numerator * len(ordered) // rank.denominator) - 1)
        return Figure(value=ordered[index], unit="seconds", queries=(_query_of(query),), behind=_behind(cell.trail))

    def cell(self, query: Query) -> Cell:
        return self.tally.cells.get(query) or Cell()


LONGEST = Fraction(1)
"""The rank of the longest time."""


def _query_of(query: Query) -> Asked:
    return Asked(measure=query.measure, span=query.span, labels=query.labels)


def _behind(trail: Trail) -> Behind:
    return Behind(count=trail.count, first=tuple(trail.first), checksum=f"{trail.checksum:032x}")


def missing(unit: Unit, why: Why, currency: str | None = None) -> Figure:
    """A figure that cannot be computed."""
    return Figure(value=None, unit=unit, currency=currency, why=why)


def plain(value: int | str, unit: Unit, currency: str | None = None) -> Figure:
    """A figure that nobody counted: of the agreement, or entered."""
    return Figure(value=value, unit=unit, currency=currency)


def money_figure(hundredths: Fraction | int, currency: str) -> Figure:
    """An amount that was computed."""
    return Figure(value=decimal_text(Fraction(hundredths) / HUNDRED, 2), unit="money", currency=currency)


def table_of(
    name: str,
    by: tuple[str, ...],
    columns: tuple[str, ...],
    rows: Iterable[tuple[tuple[str, ...], tuple[Figure, ...]]],
    *,
    chart: Chart | None = None,
    largest_first: bool = False,
) -> FigureTable:
    """In the order given, or the largest first figure first; no more than are read."""
    found = [Row(labels=labels, figures=figures) for labels, figures in rows]
    if largest_first:
        found.sort(key=lambda row: (-_number(row.figures[0]), row.labels))
    return FigureTable(name=name, by=by, columns=columns, rows=tuple(found[:SHOWN_ROWS]), total=len(found), chart=chart)


def _number(figure: Figure) -> Fraction:
    return Fraction(figure.value) if figure.value is not None else Fraction(0)
