"""The forum's figures counted a second time, in plain Python from raw JSON and docs/forum.md, with nothing of `routing` or `schemas`.

Where the report adds up lead by lead, this makes one flat list of everything and counts it with comprehensions; where the report has
spans of instants, this asks which local day something was. `count_again` gives {(section, table, labels, column): value as text, or None}.
"""

from datetime import date, timedelta
from fractions import Fraction

from tests.by_hand.facts import Facts, week_of
from tests.by_hand.money import count_goals, count_money
from tests.by_hand.process import ALL

__all__ = ["Facts", "count_again", "example_terms"]


def count_again(facts, known_figures):
    """`known_figures`: {"segments": {name: test of a company's facts}, "budget": ..., "goals": [...], "factor": ..., "costs": [...], "worth": ...}."""
    weeks = [week_of(facts.sunday - timedelta(weeks=back)) for back in reversed(range(8))]
    found = {}
    for count in ALL:
        found |= count(facts, weeks, known_figures)
    return found | count_money(facts, known_figures) | count_goals(facts, known_figures)


def example_terms():
    """What the example's agreement says that figures depend on, and one cost."""

    def is_nordic(c):
        return c.get("country") in ("SE", "NO", "DK", "FI", "IS")

    def industry(c):
        return c.get("industry", "").casefold()

    middle = ("software", "logistics", "manufacturing", "professional services")
    year = {"from": date(2026, 1, 1), "to": date(2026, 12, 31)}
    return {
        "segments": {
            "nordic-midmarket": lambda c: is_nordic(c) and industry(c) in middle and 50 <= c.get("employees", 0) <= 999,
            "enterprise": lambda c: is_nordic(c) and c.get("employees", 0) >= 1000,
            "named-accounts": lambda c: (
                c.get("domain", "").removeprefix("www.")
                in ("fjordkraft.example", "lakrits.example", "nordhamn.example")
            ),
            "not-for-us": lambda c: industry(c) in ("education", "marketing software"),
        },
        "budget": {"amount": "12000000", "currency": "SEK", **year},
        "goals": [
            {"name": "new-customers", "metric": "customers", "target": 10, "from": year["from"], "by": year["to"]},
            {"name": "meetings", "metric": "meetings", "target": 120, "from": year["from"], "by": year["to"]},
        ],
        "costs": [{"amount": "123456.78", "currency": "SEK", "from": date(2026, 8, 1), "to": date(2026, 10, 31)}],
        "worth": Fraction(4) * Fraction(3, 5),
    }
