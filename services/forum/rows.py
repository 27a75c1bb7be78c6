"""The report as CSV: one line a figure, in the words of the JSON, for spreadsheets and other programs."""

from __future__ import annotations

import csv
import shlex
from collections.abc import Iterator
from io import StringIO

from routing.forum.figures import Asked, Figure, Report

HEAD = (
    "week", "section", "table", "labels", "column", "value", "unit", "currency", "why", "ids", "checksum", "queries", "known_on",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is a formula to a spreadsheet; names of forms and reasons come from outside."""


def csv_of(report: Report) -> str:
    """Every figure with its labels as `NAME=LABEL; ...`, and with its queries as `stafett report ids` takes them, one a line; then each
    action point and lesson, with how it stands in `value`."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEAD)
    writer.writerows(_lines(report))
    return out.getvalue()


def _lines(report: Report) -> Iterator[tuple[str, ...]]:
    for section in report.sections:
        for table in section.tables:
            for row in table.rows:
                labels = "; ".join(f"{by}={label}" for by, label in zip(table.by, row.labels, strict=True))
                for column, figure in zip(table.columns, row.figures, strict=True):
                    behind = figure.behind
                    yield (
                        report.week,
                        section.name,
                        table.name,
                        _harmless(labels),
                        _harmless(column),
                        "" if figure.value is None else str(figure.value),
                        figure.unit,
                        figure.currency or "",
                        figure.why or "",
                        str(behind.count) if behind is not None else "",
                        behind.checksum if behind is not None else "",
                        _queries(figure),
                        report.known_on,
                    )
    for name, entries in (("actions", report.actions), ("lessons", report.lessons)):
        for entry in entries:
            labels = "; ".join(f"{by}={text}" for by, text in [("id", entry.id), *entry.fields.items()])
            yield (report.week, name, name, _harmless(labels), "state", entry.state, *("",) * 6, report.known_on)


def _queries(figure: Figure) -> str:
    return _harmless("\n".join(shlex.join(_query_of(one)) for one in figure.queries))


def _query_of(query: Asked) -> list[str]:
    """As it is typed: a label that a stranger chose is never an option."""
    words = [query.measure, query.span, *query.labels]
    return ["--", *words] if any(label.startswith("-") for label in query.labels) else words


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
