"""The report for the page: the view that mail and files share, with a link under each figure that something is behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from markupsafe import Markup

from routing.forum.figures import FigureTable, Report, Section
from schemas.notify import Language
from services.forum.places import place_of
from services.forum.view import SectionView, TableView, has_ids, view_of


class Cell(NamedTuple):
    """A figure; `href` is "" where nothing is behind it."""

    text: str
    href: str


class ForumTable(NamedTuple):
    """`shown` are its texts; `rows` its figures. The chart is our own SVG."""

    shown: TableView
    rows: list[tuple[tuple[str, ...], list[Cell]]]
    chart: Markup | None


class ForumSection(NamedTuple):
    name: str
    heading: str
    tables: list[ForumTable]


class ForumView(NamedTuple):
    title: str
    lines: tuple[str, ...]
    sections: list[ForumSection]
    nothing: str


def forum_view(report: Report, language: Language, link: Callable[[str], str]) -> ForumView:
    """All sections of figures; what people entered stands apart on the page. `link` gives the address of what is behind the figure at
    a place."""
    view = view_of(report, language)
    shown = {section.name: section for section in view.sections}
    sections = [_section(section, shown[section.name], link) for section in report.sections]
    return ForumView(view.title, view.lines, sections, view.nothing)


def _section(section: Section, shown: SectionView, link: Callable[[str], str]) -> ForumSection:
    tables = []
    for table, its in zip(section.tables, shown.tables, strict=True):
        rows = [
            (texts[: its.wide], list(_cells(section, table, (number, texts[its.wide :]), link)))
            for number, texts in enumerate(its.rows)
        ]
        # `draw_bars` and `draw_lines` escape what people and senders wrote; everything else in it is ours.
        chart = Markup(its.chart) if its.chart is not None else None  # noqa: S704
        tables.append(ForumTable(its, rows, chart))
    return ForumSection(section.name, shown.heading, tables)


def _cells(
    section: Section, table: FigureTable, row: tuple[int, tuple[str, ...]], link: Callable[[str], str]
) -> Iterator[Cell]:
    number, texts = row
    for column, (figure, text) in enumerate(zip(table.rows[number].figures, texts, strict=True)):
        yield Cell(text, link(place_of(section, table, number, column)) if has_ids(figure) else "")
