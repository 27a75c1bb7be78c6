"""Customers, revenue, pipeline, costs and goals."""

from collections import defaultdict
from datetime import timedelta
from fractions import Fraction

from tests.by_hand.facts import QUARTER, cents, money, months_to, part


def _sales(f):
    """(event, whether it is the lead's first)."""
    seen = set()
    for event in f.live:
        if event["type"] == "handover.won":
            yield event, event["subject"] not in seen
            seen.add(event["subject"])


def count_money(f, known):
    found, budget, sales = {}, known["budget"], list(_sales(f))
    currencies = {
        e["data"]["currency"] or "-"
        for e, _ in sales
        if e["data"]["amount"] is not None and f"{e['day']:%Y-%m}" in months_to(f.sunday)
    }
    for month in months_to(f.sunday):
        here = [(e["data"], first) for e, first in sales if f"{e['day']:%Y-%m}" == month]
        found["customers", "by_month", (month,), "customers"] = str(sum(first for _, first in here))
        found["customers", "by_month", (month,), "without_amount"] = str(sum(d["amount"] is None for d, _ in here))
        for currency in currencies | {budget["currency"]}:
            total = sum(
                cents(d["amount"]) for d, _ in here if d["amount"] is not None and (d["currency"] or "-") == currency
            )
            found["customers", "by_month", (month,), f"revenue:{currency}"] = money(total)
    since, by = budget["from"], budget["to"]
    inside = [(e["data"], first) for e, first in sales if since <= e["day"] <= by]
    revenue = sum(
        cents(d["amount"]) for d, _ in inside if d["amount"] is not None and d["currency"] == budget["currency"]
    )
    elapsed = Fraction((min(by, f.sunday) - since).days + 1, (by - since).days + 1)
    wanted = Fraction(budget["amount"])
    row = {
        "budget": money(wanted * 100),
        "so_far": money(revenue),
        "share": part(Fraction(revenue, 100), wanted),
        "even_pace": money(wanted * elapsed * 100),
    }
    found |= {("customers", "against_budget", ("revenue",), column): value for column, value in row.items()}
    found["customers", "against_budget", ("customers",), "so_far"] = str(sum(first for _, first in inside))
    return found | _pipeline(f, budget, revenue) | _economy(f, known, sales)


def _pipeline(f, budget, revenue):
    found, open_, unnamed = {}, defaultdict(list), 0
    for lead in f.by_lead:
        way = list(f.moves(lead))
        if not way or way[-1][2] not in ("hand_over", "deal") or lead in f.gone or not f.is_active(lead):
            continue
        back = [event["at"] for event, _, stage in way if stage == "nurturing"]
        named = [s for s in f.heard[lead] if s["facts"]["amount"] is not None and (not back or s["at"] >= max(back))]
        if named:
            last = max(named, key=lambda s: (s["at"], s["id"]))["facts"]
            open_[last["currency"] or "-"].append(cents(last["amount"]))
        unnamed += not named
    found["pipeline", "without_amount", (), "open"] = str(unnamed)
    left = Fraction(budget["amount"]) - Fraction(revenue, 100)
    for currency in {*open_, budget["currency"]}:
        labels, total = (currency,), sum(open_[currency])
        found["pipeline", "by_currency", labels, "open"] = str(len(open_[currency]))
        found["pipeline", "by_currency", labels, "amount"] = money(total)
        if currency == budget["currency"] and left > 0:
            found["pipeline", "by_currency", labels, "left_of_budget"] = money(left * 100)
            found["pipeline", "by_currency", labels, "coverage"] = part(Fraction(total, 100), left)
    return found


def _economy(f, known, sales):
    begin = f.sunday - timedelta(days=QUARTER - 1)
    recent = [(e["data"], first) for e, first in sales if e["day"] >= begin]
    customers, found = sum(first for _, first in recent), {}
    days = {begin + timedelta(days=i) for i in range(QUARTER)}
    for currency in {c["currency"] for c in known["costs"]}:
        spent = Fraction(0)
        for cost in known["costs"]:
            own = [cost["from"] + timedelta(days=i) for i in range((cost["to"] - cost["from"]).days + 1)]
            if cost["currency"] == currency:
                spent += Fraction(cost["amount"]) * len(days.intersection(own)) / len(own)
        amounts = [cents(d["amount"]) for d, _ in recent if d["amount"] is not None and d["currency"] == currency]
        worth = Fraction(sum(amounts), 100 * len(amounts)) * known["worth"] if amounts else None
        cac = spent / customers if customers else None
        row = {
            "costs": money(spent * 100),
            "customers": str(customers),
            "cac": None if cac is None else money(cac * 100),
        }
        row |= {"ltv": None if worth is None else money(worth * 100)}
        row |= {"ltv_to_cac": None if worth is None or cac is None else part(worth, cac)}
        found |= {("economy", "by_currency", (currency,), column): value for column, value in row.items()}
    return found


def count_goals(f, known):
    found = {}
    for goal in known["goals"]:
        since, by, target = goal["from"], goal["by"], Fraction(goal["target"])
        match goal["metric"]:
            case "customers":
                days = [e["day"] for e, first in _sales(f) if first]
            case "meetings":
                days = [s["day"] for s in f.signals if s["kind"] == "sales.meeting_booked" and s["mode"] == "live"]
            case other:
                raise ValueError(other)
        so_far, left = sum(since <= day <= by for day in days), (by - f.sunday).days
        past = (min(by, f.sunday) - since).days + 1
        row = {
            "target": str(target),
            "so_far": str(so_far),
            "share": part(so_far, target),
            "pace": part(7 * so_far, past),
        }
        row["pace_needed"] = part(7 * max(Fraction(0), target - so_far), left) if left > 0 else None
        labels = (goal["name"], goal["metric"], by.isoformat())
        found |= {("goals", "goals", labels, column): value for column, value in row.items()}
    return found
