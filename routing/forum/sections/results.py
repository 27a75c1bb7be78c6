"""What the process brings: meetings, opportunities, pipeline, customers, and what they cost."""

from __future__ import annotations

from fractions import Fraction

from routing.forum.counting.flow import NONE
from routing.forum.entries import Entries
from routing.forum.figures import Figure, Section, decimal_text
from routing.forum.frame import BUDGET, QUARTER_NAME, Frame
from routing.forum.sheet import HUNDRED, Sheet, missing, money_figure, plain, table_of
from routing.forum.tally import Query
from schemas.market import Budget


def meetings(sheet: Sheet) -> Section:
    """Meetings of each week, and which part of the week's leads came to one."""
    rows: list[tuple[tuple[str, ...], tuple[Figure, ...]]] = []
    for span in sheet.frame.weeks:
        counts = [sheet.count("meetings", span.name, what) for what in ("booked", "held", "cancelled")]
        rate = sheet.share(Query("reached", span.name, ("meeting",)), [Query("journeys", span.name)])
        rows.append(((span.name,), (*counts, rate)))
    columns = ("booked", "held", "cancelled", "lead_to_meeting")
    return Section(name="meetings", tables=(table_of("by_week", ("week",), columns, rows, chart="lines"),))


def opportunities(sheet: Sheet) -> Section:
    """Opportunities of each month with the change from the month before, who found them, and where those of the quarter came from."""
    if sheet.frame.agreement.file.definitions.opportunity == "false":
        nothing = [((month.name,), (missing("count", "no_definition"),)) for month in sheet.frame.months]
        return Section(name="opportunities", tables=(table_of("by_month", ("month",), ("opportunities",), nothing),))
    rows: list[tuple[tuple[str, ...], tuple[Figure, ...]]] = []
    previous: Fraction | None = None
    for month in sheet.frame.months:
        query = Query("definition_met", month.name, ("opportunity",))
        amount = Fraction(sheet.cell(query).amount)
        found = [sheet.count("opportunities_by_side", month.name, side) for side in ("marketing", "sales")]
        marketing = Query("opportunities_by_side", month.name, ("marketing",))
        change = amount - previous if previous is not None else None
        rows.append(
            (
                (month.name,),
                (
                    sheet.count(*query[:2], *query.labels),
                    *found,
                    sheet.share(marketing, [query]),
                    sheet.quotient(change, previous, "share"),
                ),
            )
        )
        previous = amount
    columns = ("opportunities", "marketing", "sales", "marketing_share", "change")
    by_source = table_of(
        "by_source",
        ("source",),
        ("opportunities",),
        (
            (labels, (sheet.count("opportunities_by_source", QUARTER_NAME, *labels),))
            for labels in sheet.tally.labels("opportunities_by_source", QUARTER_NAME)
        ),
        chart="bars",
        largest_first=True,
    )
    return Section(
        name="opportunities", tables=(table_of("by_month", ("month",), columns, rows, chart="bars"), by_source)
    )


def pipeline(sheet: Sheet) -> Section:
    """What is open, by currency, against what is left of the budget; `open_without_amount` are deals that nobody named an amount of."""
    frame, week = sheet.frame, sheet.frame.week.name
    currencies = sorted({labels[0] for labels in sheet.tally.labels("pipeline", week)} | set(_budget_currency(frame)))
    rows = [
        (
            (currency,),
            (
                sheet.count("open_with_amount", week, currency),
                sheet.money("pipeline", week, currency),
                *_coverage(sheet, currency),
            ),
        )
        for currency in currencies
    ]
    columns = ("open", "amount", "left_of_budget", "coverage", "factor")
    without = table_of("without_amount", (), ("open",), [((), (sheet.count("open_without_amount", week),))])
    return Section(name="pipeline", tables=(table_of("by_currency", ("currency",), columns, rows), without))


def _coverage(sheet: Sheet, currency: str) -> tuple[Figure, Figure, Figure]:
    goals, frame = sheet.frame.goals, sheet.frame
    factor = (
        plain(decimal_text(Fraction(str(goals.pipeline_factor)), 2), "ratio")
        if goals.pipeline_factor is not None
        else missing("ratio", "no_target")
    )
    budget = goals.sales_budget
    if budget is None:
        return missing("money", "no_budget", currency), missing("ratio", "no_budget"), factor
    if budget.currency != currency:
        return missing("money", "other_currency", currency), missing("ratio", "other_currency"), factor
    if frame.week.last > budget.by:
        return missing("money", "over", currency), missing("ratio", "over"), factor
    revenue = Query("revenue", BUDGET, (currency,))
    left = Fraction(str(budget.amount)) * HUNDRED - sheet.cell(revenue).amount
    shown = money_figure(left, currency)
    if left <= 0:
        return shown, missing("ratio", "nothing_to_compare"), factor
    amount = Query("pipeline", frame.week.name, (currency,))
    ratio = sheet.quotient(Fraction(sheet.cell(amount).amount, HUNDRED), left / HUNDRED, "ratio", (amount, revenue))
    return shown, ratio, factor


def _budget_currency(frame: Frame) -> list[str]:
    return [frame.goals.sales_budget.currency] if frame.goals.sales_budget is not None else []


def customers(sheet: Sheet) -> Section:
    """Customers and revenue by month, and against the budget with what an even pace would have brought by now."""
    frame = sheet.frame
    currencies = sorted(
        {labels[0] for span in frame.months for labels in sheet.tally.labels("revenue", span.name)}
        | set(_budget_currency(frame))
    )
    rows = [
        (
            (month.name,),
            (
                sheet.count("customers", month.name),
                *(sheet.money("revenue", month.name, currency) for currency in currencies),
                sheet.count("sales_without_amount", month.name),
            ),
        )
        for month in frame.months
    ]
    columns = ("customers", *(f"revenue:{currency}" for currency in currencies), "without_amount")
    by_month = table_of("by_month", ("month",), columns, rows, chart="bars")
    return Section(name="customers", tables=(by_month, table_of("against_budget", ("what",), _BUDGET, _against(sheet))))


_BUDGET = ("budget", "so_far", "share", "even_pace")


def _against(sheet: Sheet) -> list[tuple[tuple[str, ...], tuple[Figure, ...]]]:
    budget, span = sheet.frame.goals.sales_budget, sheet.frame.span(BUDGET)
    if budget is None or span is None:
        why = missing("count", "no_budget" if budget is None else "not_begun")
        return [((what,), (why,) * len(_BUDGET)) for what in ("customers", "revenue")]
    elapsed = Fraction(span.days, (budget.by - budget.since).days + 1)
    return [(("customers",), _customers(sheet, budget, elapsed)), (("revenue",), _revenue(sheet, budget, elapsed))]


def _customers(sheet: Sheet, budget: Budget, elapsed: Fraction) -> tuple[Figure, ...]:
    so_far = sheet.count("customers", BUDGET)
    if budget.customers is None:
        return missing("count", "no_target"), so_far, missing("share", "no_target"), missing("count", "no_target")
    share = sheet.quotient(
        Fraction(so_far.value or 0), Fraction(budget.customers), "share", (Query("customers", BUDGET),)
    )
    pace = plain(decimal_text(budget.customers * elapsed, 1), "count")
    return plain(budget.customers, "count"), so_far, share, pace


def _revenue(sheet: Sheet, budget: Budget, elapsed: Fraction) -> tuple[Figure, ...]:
    query, wanted = Query("revenue", BUDGET, (budget.currency,)), Fraction(str(budget.amount))
    share = sheet.quotient(Fraction(sheet.cell(query).amount, HUNDRED), wanted, "share", (query,))
    return (
        plain(decimal_text(wanted, 2), "money", budget.currency),
        sheet.money("revenue", BUDGET, budget.currency),
        share,
        plain(decimal_text(wanted * elapsed, 2), "money", budget.currency),
    )


def economy(sheet: Sheet, entries: Entries) -> Section:
    """What a customer of the quarter cost and is worth, by currency, and how the two compare with what was agreed."""
    quarter = sheet.frame.span(QUARTER_NAME)
    costs: dict[str, Fraction] = {}
    for cost in entries.costs:
        days = quarter.overlap(cost.since, cost.by) if quarter is not None else 0
        if days:
            each = Fraction(cost.amount) * days / ((cost.by - cost.since).days + 1)
            costs[cost.currency] = costs.get(cost.currency, Fraction(0)) + each
    currencies = {labels[0] for labels in sheet.tally.labels("revenue", QUARTER_NAME)} - {NONE}
    wanted = sorted(currencies | set(costs) | set(_budget_currency(sheet.frame)))
    rows = [((currency,), _worth(sheet, costs.get(currency), currency)) for currency in wanted or [NONE]]
    columns = ("costs", "customers", "cac", "ltv", "ltv_to_cac", "target")
    return Section(name="economy", tables=(table_of("by_currency", ("currency",), columns, rows),))


def _worth(sheet: Sheet, cost: Fraction | None, currency: str) -> tuple[Figure, ...]:
    goals, won = sheet.frame.goals, Query("customers", QUARTER_NAME)
    count = Fraction(sheet.cell(won).amount)
    ltv, value = _lifetime_value(sheet, currency)
    target = goals.ltv_to_cac
    agreed = (
        plain(decimal_text(Fraction(str(target)), 2), "ratio") if target is not None else missing("ratio", "no_target")
    )
    won_customers = sheet.count("customers", QUARTER_NAME)
    if cost is None:
        nothing = missing("money", "no_costs", currency)
        return nothing, won_customers, nothing, ltv, missing("ratio", "no_costs"), agreed
    spent = plain(decimal_text(cost, 2), "money", currency)
    cac = sheet.quotient(cost, count, "money", (won,), currency=currency)
    if value is None:
        return spent, won_customers, cac, ltv, missing("ratio", ltv.why or "nothing_to_compare"), agreed
    ratio = sheet.quotient(
        value, cost / count if count else None, "ratio", (won, Query("revenue", QUARTER_NAME, (currency,)))
    )
    return spent, won_customers, cac, ltv, ratio, agreed


def _lifetime_value(sheet: Sheet, currency: str) -> tuple[Figure, Fraction | None]:
    terms, revenue = sheet.frame.goals.customer_value, Query("revenue", QUARTER_NAME, (currency,))
    if terms is None:
        return missing("money", "no_customer_value", currency), None
    sales = Fraction(sheet.amount("sales_with_amount", QUARTER_NAME, currency))
    if not sales:
        return missing("money", "no_amounts", currency), None
    factor = Fraction(str(terms.years)) * Fraction(str(terms.margin))
    total = Fraction(sheet.cell(revenue).amount, HUNDRED) * factor
    return sheet.quotient(total, sales, "money", (revenue,), currency=currency), total / sales
