"""Promises of both sides, and the goals that both aim at."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import assert_never

from routing.forum.figures import Figure, Section, decimal_text
from routing.forum.frame import goal_begin, goal_span
from routing.forum.sheet import Sheet, missing, plain, table_of
from routing.forum.tally import Query
from schemas.market import Goal

SIDES = ("marketing", "sales")
WEEK = 7


def promises(sheet: Sheet) -> Section:
    """By side over the weeks; of the week by team, person and policy."""
    weeks, week = sheet.frame.weeks, sheet.frame.week.name
    by_side = table_of(
        "by_side",
        ("week", "side"),
        ("kept", "broken", "share"),
        (((span.name, side), _verdicts(sheet, "promises", span.name, (side,))) for span in weeks for side in SIDES),
        chart="lines",
    )
    whose = sorted({labels[:-1] for labels in sheet.tally.labels("promises_by_person", week)})
    by_person = table_of(
        "by_person",
        ("side", "team", "person", "policy"),
        ("kept", "broken", "share"),
        ((labels, _verdicts(sheet, "promises_by_person", week, labels)) for labels in whose),
    )
    return Section(name="promises", tables=(by_side, by_person))


def _verdicts(sheet: Sheet, measure: str, span: str, labels: tuple[str, ...]) -> tuple[Figure, ...]:
    kept, broken = (Query(measure, span, (*labels, verdict)) for verdict in ("kept", "broken"))
    counts = (sheet.count(*query[:2], *query.labels) for query in (kept, broken))
    return (*counts, sheet.share(kept, (kept, broken)))


def goals(sheet: Sheet) -> Section:
    """Each SMART goal: how far it is, at which pace, and the pace that it needs from now on."""
    smart = sheet.frame.goals.smart
    table = table_of(
        "goals",
        ("goal", "metric", "by"),
        ("target", "so_far", "share", "pace", "pace_needed"),
        (((goal.name, goal.metric, goal.by.isoformat()), tuple(_progress(sheet, goal))) for goal in smart),
    )
    return Section(name="goals", tables=(table,))


def _progress(sheet: Sheet, goal: Goal) -> Iterator[Figure]:
    target, unit = Fraction(str(goal.target)), "money" if goal.metric == "revenue" else "count"
    budget = sheet.frame.goals.sales_budget
    currency = budget.currency if goal.metric == "revenue" and budget is not None else None
    yield (
        plain(decimal_text(target, 2), "money", currency)
        if unit == "money"
        else plain(decimal_text(target, 0 if target.denominator == 1 else 2), "count")
    )
    so_far = _so_far(sheet, goal, currency)
    yield so_far
    if so_far.value is None:
        for kind in ("share", "per_week", "per_week"):
            yield missing("share" if kind == "share" else "per_week", so_far.why or "nothing_to_compare")
        return
    reached = Fraction(so_far.value)
    yield sheet.quotient(reached, target, "share")
    last = sheet.frame.week.last
    past = (min(last, goal.by) - goal_begin(goal)).days + 1
    yield sheet.quotient(reached * WEEK, Fraction(past), "per_week")
    left = (goal.by - last).days
    if left <= 0:
        yield missing("per_week", "over")
    else:
        yield sheet.quotient(max(Fraction(0), target - reached) * WEEK, Fraction(left), "per_week")


def _so_far(sheet: Sheet, goal: Goal, currency: str | None) -> Figure:
    span, definitions = goal_span(goal), sheet.frame.agreement.file.definitions
    if goal_begin(goal) > sheet.frame.week.last:
        return missing("count", "not_begun")
    match goal.metric:
        case "customers":
            return sheet.count("customers", span)
        case "revenue":
            return sheet.money("revenue", span, currency) if currency is not None else missing("money", "no_budget")
        case "opportunities":
            known = definitions.opportunity != "false"
            return sheet.count("definition_met", span, "opportunity") if known else missing("count", "no_definition")
        case "hand_overs":
            return sheet.count("hand_overs", span)
        case "qualified_leads":
            known = definitions.marketing_qualified != "false"
            met = "marketing_qualified"
            return sheet.count("definition_met", span, met) if known else missing("count", "no_definition")
        case "meetings":
            return sheet.count("meetings", span, "booked")
        case _:
            assert_never(goal.metric)
