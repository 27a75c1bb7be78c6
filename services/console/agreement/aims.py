"""Who both sides want, how points are given, and what both aim at, as sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Literal

from babel.dates import format_date
from babel.numbers import format_decimal

from schemas.agreement import AgreementFile
from schemas.market import Employees, FitRule, Goal, IntentRule, Segment, Territory
from services.console.agreement.conditions import condition_text, is_always
from services.console.agreement.happenings import happening
from services.console.agreement.items import Item
from services.console.language.reader import Reader, country_name
from services.console.language.vocabulary import plain
from services.console.language.words import mark

Metric = Literal["customers", "revenue", "opportunities", "hand_overs", "qualified_leads", "meetings"]
_METRICS: Mapping[Metric, str] = {
    "customers": mark("new customers"),
    "revenue": mark("revenue"),
    "opportunities": mark("opportunities"),
    "hand_overs": mark("hand-overs"),
    "qualified_leads": mark("qualified leads"),
    "meetings": mark("meetings"),
}


def market_items(file: AgreementFile, reader: Reader) -> Iterator[Item]:
    """Segments, then territories."""
    for name, segment in file.segments.items():
        yield Item(f"segment {name}", plain(name), list(_segment_lines(segment, reader)))
    for name, territory in file.territories.items():
        yield Item(f"territory {name}", plain(name), list(_territory_lines(territory, reader)))


def _segment_lines(segment: Segment, reader: Reader) -> Iterator[str]:
    if segment.purpose is not None:
        yield segment.purpose
    if segment.countries:
        yield reader.say(
            "Countries: %(names)s", names=", ".join(country_name(code, reader.language) for code in segment.countries)
        )
    if segment.industries:
        yield reader.say("Industries: %(names)s", names=", ".join(segment.industries))
    if segment.employees is not None:
        yield _size_text(segment.employees, reader)
    if not is_always(segment.when):
        yield reader.say("When %(condition)s.", condition=condition_text(segment.when, reader))
    if segment.accounts:
        yield reader.say("By name: %(names)s", names=", ".join(segment.accounts))


def _size_text(employees: Employees, reader: Reader) -> str:
    least, most = employees.least, employees.most
    if most is None:
        return reader.say("From %(n)s employees on", n=least)
    if least is None:
        return reader.say("Up to %(n)s employees", n=most)
    return reader.say("From %(least)s to %(most)s employees", least=least, most=most)


def _territory_lines(territory: Territory, reader: Reader) -> Iterator[str]:
    if territory.countries:
        yield reader.say(
            "Countries: %(names)s", names=", ".join(country_name(code, reader.language) for code in territory.countries)
        )
    if territory.regions:
        yield reader.say("Regions: %(names)s", names=", ".join(one.title() for one in territory.regions))
    if territory.cities:
        yield reader.say("Cities: %(names)s", names=", ".join(one.title() for one in territory.cities))
    if territory.postcodes:
        yield reader.say("Postcodes that begin with %(names)s", names=", ".join(territory.postcodes))


def point_items(file: AgreementFile, reader: Reader) -> Iterator[Item]:
    """For who they are, and for what they did."""
    scoring = file.scoring
    if scoring.fit:
        yield Item("fit", reader.say("For who they are"), [_fit_text(rule, reader) for rule in scoring.fit])
    if scoring.intent:
        length = reader.length(scoring.half_life.total_seconds())
        lines = [_intent_text(rule, reader) for rule in scoring.intent]
        lines.append(
            reader.say("Half of these points are left after %(length)s, unless it is said otherwise.", length=length)
        )
        yield Item("intent", reader.say("For what they did"), lines)


def _fit_text(rule: FitRule, reader: Reader) -> str:
    condition = condition_text(rule.when, reader)
    return reader.say("%(points)s when %(condition)s.", points=_points(rule.points), condition=condition)


def _intent_text(rule: IntentRule, reader: Reader) -> str:
    what = happening(rule.on, reader)
    if not is_always(rule.when):
        what = reader.say("%(what)s (where %(condition)s)", what=what, condition=condition_text(rule.when, reader))
    parts = [reader.say("%(points)s when %(condition)s.", points=_points(rule.points), condition=what)]
    if rule.most is not None:
        parts.append(reader.say("At most %(n)s in all.", n=rule.most))
    if rule.half_life is not None:
        parts.append(
            reader.say("Half are left after %(length)s.", length=reader.length(rule.half_life.total_seconds()))
        )
    return " ".join(parts)


def _points(points: int) -> str:
    return f"{points:+d}".replace("-", "−")


def goal_items(file: AgreementFile, reader: Reader) -> Iterator[Item]:
    """SMART goals, and what the forum is held against."""
    goals = file.goals
    for goal in goals.smart:
        yield Item(f"goal {goal.name}", plain(goal.name), list(_goal_lines(goal, reader)))
    lines = []
    if (budget := goals.sales_budget) is not None:
        amount, days = (
            reader.money(budget.amount, budget.currency),
            (_day(budget.since, reader), _day(budget.by, reader)),
        )
        lines.append(
            reader.say(
                "Sales brings in %(amount)s from %(since)s to %(until)s.", amount=amount, since=days[0], until=days[1]
            )
        )
        if budget.customers is not None:
            lines.append(reader.say("That is %(n)s new customers.", n=budget.customers))
    if goals.pipeline_factor is not None:
        lines.append(
            reader.say("Open deals are worth %(n)s times the budget.", n=_number(goals.pipeline_factor, reader))
        )
    if goals.ltv_to_cac is not None:
        lines.append(
            reader.say("A customer is worth %(n)s times what it costs to win one.", n=_number(goals.ltv_to_cac, reader))
        )
    if (value := goals.customer_value) is not None:
        lines.append(
            reader.say(
                "A customer stays for %(years)s years, and %(share)s of revenue is left.",
                years=_number(value.years, reader),
                share=f"{value.margin * 100:g} %",
            )
        )
    if lines:
        yield Item("budget", reader.say("Money"), lines)


def _goal_lines(goal: Goal, reader: Reader) -> Iterator[str]:
    if goal.statement is not None:
        yield goal.statement
    target, what = _number(goal.target, reader), reader.say(_METRICS[goal.metric])
    yield reader.say("%(n)s %(what)s by %(day)s.", n=target, what=what, day=_day(goal.by, reader))
    if goal.since is not None:
        yield reader.say("Counted from %(day)s on.", day=_day(goal.since, reader))
    match goal.side:
        case "marketing":
            yield reader.say("It is marketing's.")
        case "sales":
            yield reader.say("It is that of sales.")
        case "both":
            pass


def _number(value: float, reader: Reader) -> str:
    text: str = format_decimal(value, "#,##0.##", locale=reader.language)
    return text


def _day(day: date, reader: Reader) -> str:
    text: str = format_date(day, "d MMMM y", locale=reader.language)
    return text
