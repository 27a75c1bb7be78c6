"""The report in the reader's language: headings, tables of texts, charts. What shows it (HTML, text, PDF, mail) looks at nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple, assert_never

from routing.forum.figures import Entry, Figure, FigureTable, Report, Section
from schemas.notify import Language
from services.forum.charts import MOST_SERIES, Chart, Point, Series, draw_bars, draw_lines
from services.forum.names import spell_name, spell_person, spell_queue
from services.forum.places import PageLinks, place_of
from services.forum.spelling import spell_figure, spell_instant
from services.forum.words import WORDS

_WORDED = frozenset(
    {"stage", "from", "to", "side", "metric", "fact", "reason", "what", "measure", "labels", "state", "about"}
)
"""Kinds of labels that are names of ours; the others are names that people and senders chose."""
_NAMED: Mapping[str, Callable[[str], str]] = {
    "person": spell_person,
    "who": spell_person,
    "team": spell_name,
    "policy": spell_name,
    "goal": spell_name,
    "segment": spell_name,
}
"""Kinds that the roster and the agreement name, and how people write them. What senders named stays as it was sent."""
_NOBODY = {"person": "nobody", "team": "no_team"}
"""What stands for a label that is not known, where there is a better word."""


class TableView(NamedTuple):
    """`wide` columns are texts and not numbers; `more` says that there are further rows. `links` are addresses of what is behind the
    figures, row by row, "" where nothing is; none at all where nobody said where the page is."""

    name: str
    heading: str
    head: tuple[str, ...]
    wide: int
    rows: tuple[tuple[str, ...], ...]
    chart: str | None = None
    more: str = ""
    links: tuple[tuple[str, ...], ...] = ()


class SectionView(NamedTuple):
    name: str
    heading: str
    tables: tuple[TableView, ...]


class ReportView(NamedTuple):
    """`lines` say what it is about; `nothing` stands where a table has no rows. `page` is a sentence that leads to the report on the page,
    and its address; both are "" where nobody said where that is."""

    language: Language
    title: str
    lines: tuple[str, ...]
    sections: tuple[SectionView, ...]
    nothing: str
    page: tuple[str, str] = ("", "")


def view_of(report: Report, language: Language, links: PageLinks | None = None) -> ReportView:
    """The whole report: action points first, for the forum begins with them. With `links` each figure leads to what is behind it."""
    sentences = WORDS[language]["sentence"]

    def instant(text: str) -> str:
        return spell_instant(text, report.zone, language)

    week = sentences["week"].format(
        begin=instant(report.begin), end=instant(report.end), known=instant(report.known_on)
    )
    entries = (
        _entries("actions", report.actions, ("what", "who", "by", "state", "note"), language),
        _entries("lessons", report.lessons, ("about", "name", "words"), language),
    )
    return ReportView(
        language=language,
        title=sentences["title"].format(week=report.week, title=report.title),
        lines=(week, sentences["agreement"].format(hash=report.agreement[:12])),
        sections=(*entries, *(_section(section, language, links) for section in report.sections)),
        nothing=sentences["nothing"],
        page=("", "") if links is None else (sentences["page"], links.report()),
    )


def words_of_figure(
    section: Section, table: FigureTable, place: tuple[tuple[str, ...], int], language: Language
) -> str:
    """What a figure is, by the labels of its row and its column: `Hand-overs, By week: 2026-W48, Accepted`."""
    words, (labels, column) = WORDS[language], place
    parts = [_label(by, label, words) for by, label in zip(table.by, labels, strict=True)]
    whole = ", ".join([*parts, _head(table.columns[column], words)])
    return f"{words['section'][section.name]}, {words['table'][table.name]}: {whole}"


def _entries(name: str, entries: Sequence[Entry], columns: tuple[str, ...], language: Language) -> SectionView:
    words = WORDS[language]
    rows = tuple(
        tuple(_label(column, {**entry.fields, "state": entry.state}.get(column, ""), words) for column in columns)
        for entry in entries
    )
    head = tuple(words["head"][column] for column in columns)
    table = TableView(name=name, heading=words["table"][name], head=head, wide=len(columns), rows=rows)
    return SectionView(name, words["section"][name], (table,))


def has_ids(figure: Figure) -> bool:
    """Whether anything is behind it that can be looked at."""
    return figure.behind is not None and figure.behind.count > 0


def _section(section: Section, language: Language, links: PageLinks | None) -> SectionView:
    tables = tuple(
        _table(section.name, table, language)._replace(links=_links(section, table, links)) for table in section.tables
    )
    return SectionView(section.name, WORDS[language]["section"][section.name], tables)


def _table(section: str, table: FigureTable, language: Language) -> TableView:
    words = WORDS[language]
    rows = tuple(
        (
            *(_label(by, label, words) for by, label in zip(table.by, row.labels, strict=True)),
            *(spell_figure(figure, language) for figure in row.figures),
        )
        for row in table.rows
    )
    more = words["sentence"]["more"].format(shown=len(table.rows), total=table.total)
    return TableView(
        name=table.name,
        heading=words["table"][table.name],
        head=(*(words["head"][by] for by in table.by), *(_head(column, words) for column in table.columns)),
        wide=len(table.by),
        rows=rows,
        chart=_chart(section, table, language),
        more=more if table.total > len(table.rows) else "",
    )


def _links(section: Section, table: FigureTable, links: PageLinks | None) -> tuple[tuple[str, ...], ...]:
    if links is None:
        return ()
    return tuple(
        tuple(
            links.behind(place_of(section, table, number, column)) if has_ids(figure) else ""
            for column, figure in enumerate(row.figures)
        )
        for number, row in enumerate(table.rows)
    )


def _head(column: str, words: Mapping[str, Mapping[str, str]]) -> str:
    """`revenue:SEK` is revenue in that currency."""
    name, _, currency = column.partition(":")
    text = words["head"].get(name) or words["label"][name]
    return f"{text} ({currency})" if currency else text


def _label(kind: str, label: str, words: Mapping[str, Mapping[str, str]]) -> str:
    if label == "-":
        return words["label"][_NOBODY.get(kind, "-")]
    if kind == "queue":
        return _queue(label, words) or label
    if kind in _NAMED:
        return _NAMED[kind](label) or label
    if kind not in _WORDED:
        return label
    known = {**words["head"], **words["label"]}
    return " ".join(known.get(part, part) for part in label.split(" "))


def _queue(label: str, words: Mapping[str, Mapping[str, str]]) -> str:
    """By its pool, and by what it waits for (a stage, or growth): a pool may be that of two. "" where its pool is not known."""
    route, pool = label.partition("/")[0], spell_queue(label)
    where = words["label"].get(route, spell_name(route)).lower()
    return f"{pool} ({where})" if pool else ""


def _chart(section: str, table: FigureTable, language: Language) -> str | None:
    if table.chart is None or not table.rows:
        return None
    words = WORDS[language]
    names = [_head(column, words) for column in table.columns]
    sentences, heading = words["sentence"], f"{words['section'][section]}, {words['table'][table.name]}"
    chart = Chart(
        f"{section}-{table.name}",
        sentences["chart"].format(table=heading),
        sentences["chart_about"].format(names=", ".join(names)),
    )
    match table.chart:
        case "bars":
            points = [_point(_label(table.by[0], row.labels[0], words), row.figures[0], language) for row in table.rows]
            return draw_bars(chart, points)
        case "lines":
            return draw_lines(chart, _series(table, names, language))
        case _:
            assert_never(table.chart)


def _series(table: FigureTable, names: Sequence[str], language: Language) -> list[Series]:
    """Over the first label: one line a column of the first one's unit, or with a second label one of each, by the last column."""
    words = WORDS[language]
    if len(table.by) > 1:
        seconds = list(dict.fromkeys(row.labels[1] for row in table.rows))
        return [
            Series(
                _label(table.by[1], second, words),
                tuple(_point(r.labels[0], r.figures[-1], language) for r in table.rows if r.labels[1] == second),
            )
            for second in seconds
        ]
    unit = table.rows[0].figures[0].unit
    alike = [i for i, figure in enumerate(table.rows[0].figures) if figure.unit == unit][:MOST_SERIES]
    return [Series(names[i], tuple(_point(r.labels[0], r.figures[i], language) for r in table.rows)) for i in alike]


def _point(label: str, figure: Figure, language: Language) -> Point:
    value = Fraction(figure.value) if figure.value is not None else None
    return Point(label, value, spell_figure(figure, language))
