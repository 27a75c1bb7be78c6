"""Leads in, their way from stage to stage, hand-overs, where leads are stuck."""

from __future__ import annotations

from fractions import Fraction

from routing.forum.counting.company import asks_more
from routing.forum.counting.flow import NONE
from routing.forum.figures import FigureTable, Section
from routing.forum.sheet import LONGEST, Sheet, missing, table_of
from routing.forum.tally import Query
from schemas.events import STAGES

STEPS = (("contact", "qualification"), ("qualification", "hand_over"), ("hand_over", "deal"), ("deal", "nurturing"))
"""The steps of the way whose times are shown."""
OUTCOMES = (
    "offered",
    "offered_again",
    "accepted",
    "followed_up",
    "rejected",
    "expired",
    "withdrawn",
    "returned",
    "won",
    "lost",
)
_NINE_OF_TEN = Fraction(9, 10)


def leads_in(sheet: Sheet) -> Section:
    frame = sheet.frame
    weeks = table_of(
        "by_week",
        ("week",),
        ("leads",),
        (((week.name,), (sheet.count("leads_in", week.name),)) for week in frame.weeks),
        chart="lines",
    )
    week = frame.week.name
    sources = table_of(
        "by_source",
        ("source",),
        ("leads",),
        (
            (labels, (sheet.count("leads_in_by_source", week, *labels),))
            for labels in sheet.tally.labels("leads_in_by_source", week)
        ),
        chart="bars",
        largest_first=True,
    )
    return Section(name="leads_in", tables=(weeks, sources, _by_segment(sheet)))


def _by_segment(sheet: Sheet) -> FigureTable:
    week, segments = sheet.frame.week.name, sheet.frame.segments
    rows = [
        (
            (name,),
            (
                missing("count", "segment_asks_more")
                if name != NONE and asks_more(segments[name])
                else sheet.count("leads_in_by_segment", week, name),
            ),
        )
        for name in [*sorted(segments), NONE]
    ]
    return table_of("by_segment", ("segment",), ("leads",), rows, chart="bars")


def journey(sheet: Sheet) -> Section:
    """Of the leads of each week: how many came to each stage in their first pass, which part that is, and how long a step took."""
    weeks = [week.name for week in sheet.frame.weeks]
    stages = tuple(stage for stage in STAGES if stage not in ("prospecting", "contact"))
    reached = table_of(
        "reached",
        ("week",),
        ("leads", *stages),
        (
            ((week,), (sheet.count("journeys", week), *(sheet.count("reached", week, stage) for stage in stages)))
            for week in weeks
        ),
    )
    conversion = table_of(
        "conversion",
        ("week",),
        stages,
        (
            (
                (week,),
                tuple(sheet.share(Query("reached", week, (stage,)), [Query("journeys", week)]) for stage in stages),
            )
            for week in weeks
        ),
        chart="lines",
    )
    times = table_of(
        "times",
        ("week", "from", "to"),
        ("median", "nine_of_ten"),
        (
            (
                (week, *step),
                (sheet.time("step_time", week, *step), sheet.time("step_time", week, *step, rank=_NINE_OF_TEN)),
            )
            for week in weeks
            for step in STEPS
            if sheet.cell(Query("step_time", week, step)).amount
        ),
    )
    return Section(name="journey", tables=(reached, conversion, times))


def hand_overs(sheet: Sheet) -> Section:
    week = sheet.frame.week.name
    by_week = table_of(
        "by_week",
        ("week",),
        OUTCOMES,
        (
            ((span.name,), tuple(sheet.count("handovers", span.name, what) for what in OUTCOMES))
            for span in sheet.frame.weeks
        ),
        chart="lines",
    )
    people = sorted({labels[0] for labels in sheet.tally.labels("handovers_by_person", week)})
    by_person = table_of(
        "by_person",
        ("person",),
        OUTCOMES,
        (
            ((person,), tuple(sheet.count("handovers_by_person", week, person, what) for what in OUTCOMES))
            for person in people
        ),
    )
    reasons = table_of(
        "reasons",
        ("reason", "criterion"),
        ("rejected",),
        ((labels, (sheet.count("rejections", week, *labels),)) for labels in sheet.tally.labels("rejections", week)),
        chart="bars",
        largest_first=True,
    )
    return Section(name="hand_overs", tables=(by_week, by_person, reasons))


def stuck(sheet: Sheet) -> Section:
    """Where leads stand at the end of the week, and those that stand there for too long."""
    week = sheet.frame.week.name
    stages = table_of(
        "stages",
        ("stage",),
        ("leads", "stuck", "median", "longest"),
        (
            (
                (stage,),
                (
                    sheet.count("standing", week, stage),
                    sheet.count("stuck", week, stage),
                    sheet.time("standing", week, stage),
                    sheet.time("standing", week, stage, rank=LONGEST),
                ),
            )
            for stage in STAGES
            if stage != "nurturing"
        ),
        chart="bars",
    )
    queues = table_of(
        "queues",
        ("queue",),
        ("leads", "longest"),
        (
            (labels, (sheet.count("queued", week, *labels), sheet.time("queued", week, *labels, rank=LONGEST)))
            for labels in sheet.tally.labels("queued", week)
        ),
        largest_first=True,
    )
    holds = table_of(
        "holds",
        (),
        ("leads", "longest"),
        [((), (sheet.count("on_hold", week), sheet.time("on_hold", week, rank=LONGEST)))],
    )
    return Section(name="stuck", tables=(stages, queues, holds))
