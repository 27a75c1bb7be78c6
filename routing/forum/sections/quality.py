"""How good the definition of a qualified lead is, and what was noted."""

from __future__ import annotations

from routing.forum.figures import Figure, FigureTable, Section
from routing.forum.frame import QUARTER_NAME
from routing.forum.sheet import Sheet, table_of
from routing.forum.tally import Query

_VERDICTS = ("taken", "rejected")
_WAYS = ("definition", "people")


def definitions(sheet: Sheet) -> Section:
    """Over the quarter. Precision: of what was handed over and answered, the part that was taken. Recall: of what sales took up, the part
    that the definition found; the rest people found, by a tag, a meeting or a prospect of their own. Both by content and by criterion: of
    recall that is the one which the lead had failed before sales took it up after all."""
    precision = table_of(
        "precision",
        (),
        (*_VERDICTS, "precision"),
        [((), _split(sheet, "answered", (), _VERDICTS))],
    )
    recall = table_of("recall", (), (*_WAYS, "recall"), [((), _split(sheet, "good", (), _WAYS))])
    failed = [
        (
            labels,
            (
                sheet.count("failed", QUARTER_NAME, *labels),
                sheet.share(
                    Query("failed", QUARTER_NAME, labels), [Query("answered", QUARTER_NAME, (v,)) for v in _VERDICTS]
                ),
            ),
        )
        for labels in sheet.tally.labels("failed", QUARTER_NAME)
    ]
    return Section(
        name="definitions",
        tables=(
            precision,
            recall,
            table_of("criteria", ("criterion",), ("rejected", "share"), failed, chart="bars", largest_first=True),
            _by(sheet, "precision_by_fact", "answered_by_fact", _VERDICTS),
            _by(sheet, "precision_by_content", "answered_by_content", _VERDICTS),
            _found_by_people(sheet),
            _by(sheet, "recall_by_content", "good_by_content", _WAYS),
            _by(sheet, "recall_by_criterion", "good_by_criterion", _WAYS),
            table_of(
                "criteria_by_content",
                ("content", "criterion"),
                ("rejected",),
                (
                    (labels, (sheet.count("failed_by_content", QUARTER_NAME, *labels),))
                    for labels in sheet.tally.labels("failed_by_content", QUARTER_NAME)
                ),
                largest_first=True,
            ),
        ),
    )


def _found_by_people(sheet: Sheet) -> FigureTable:
    """What the definition missed: how people found what sales took up, and which part of all that is."""
    rows = (
        (
            labels,
            (
                sheet.count("found_by_people", QUARTER_NAME, *labels),
                sheet.share(
                    Query("found_by_people", QUARTER_NAME, labels), [Query("good", QUARTER_NAME, (w,)) for w in _WAYS]
                ),
            ),
        )
        for labels in sheet.tally.labels("found_by_people", QUARTER_NAME)
    )
    return table_of("found_by_people", ("fact",), ("leads", "share"), rows, largest_first=True)


def _by(sheet: Sheet, name: str, measure: str, ways: tuple[str, str]) -> FigureTable:
    """A table `PART_by_LABEL`: how many went either way, and the first one's part."""
    part, _, label = name.partition("_by_")
    found = sorted({labels[:-1] for labels in sheet.tally.labels(measure, QUARTER_NAME)})
    rows = ((labels, _split(sheet, measure, labels, ways)) for labels in found)
    return table_of(name, (label,), (*ways, part), rows, largest_first=True)


def _split(sheet: Sheet, measure: str, labels: tuple[str, ...], ways: tuple[str, ...]) -> tuple[Figure, ...]:
    """How many of either kind, and the first one's part."""
    queries = [Query(measure, QUARTER_NAME, (*labels, way)) for way in ways]
    counts = (sheet.count(*query[:2], *query.labels) for query in queries)
    return (*counts, sheet.share(queries[0], queries))


def learning(sheet: Sheet) -> Section:
    """How many notes SDRs and salespeople made, by the content that the lead came by and the criterion that it had failed. What they say
    stands in the lead's history."""
    week = sheet.frame.week.name
    rows = ((labels, (sheet.count("notes", week, *labels),)) for labels in sheet.tally.labels("notes", week))
    table = table_of("notes", ("side", "content", "criterion"), ("notes",), rows, largest_first=True)
    return Section(name="learning", tables=(table,))
