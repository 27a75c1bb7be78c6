"""Expressions of the agreement as clauses: all that people write is said whole, and what is not is shown as it stands."""

from datetime import UTC, datetime

import pytest

from routing.agreement.expressions import VARIABLES
from services.console.agreement.conditions import condition_text
from services.console.agreement.happenings import FACTS, YES_OR_NO
from services.console.language.reader import reader_of

READERS = {
    language: reader_of(language, "Europe/Stockholm", datetime(2026, 11, 30, tzinfo=UTC)) for language in ("en", "sv")
}


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("count('form.submitted', duration('720h')) >= 1", "they filled in a form at least once within 30 days"),
        ("count('email.clicked') > 3", "they followed a link in a mail more than 3 times"),
        (
            "count('sales.follow_up', duration('48h')) + count('outreach.logged', duration('48h')) >= 6",
            "sales followed up or we tried to reach them at least 6 times within 2 days",
        ),
        ("fit() >= 30 && score() < 80", "they have at least 30 points for who they are and they have less than 80 points in all"),
        ("signal.form_id in ['demo', 'pricing']", "the form is one of “demo”, “pricing”"),
        ("'enterprise' in lead.tags", "they have the tag “enterprise”"),
        ("!('x' in signal.tags)", "not: (the tag is “x”)"),
        ("in_territory('south') || in_segment('named-accounts')", "the company is in south, or the company is one of named accounts"),
        ("lead.accepted && (yes('partner') || signal.amount > 0.0)", "sales accepted them and (partner is yes, or the amount is more than 0)"),
        ("lead.stage == 'deal'", "the stage is In a deal"),
        ("signal.kind == 'tag.added'", "a tag was set"),
        ("number('seats') >= 10", "seats is at least 10"),
        ("text('erp') != 'none' // as agreed", "erp is not “none”"),
    ],
)  # fmt: skip
def test_what_people_write_is_said_in_words(expression, words):
    assert condition_text(expression, READERS["en"]) == words
    swedish = condition_text(expression, READERS["sv"])
    assert swedish != words and "detta gäller" not in swedish


@pytest.mark.parametrize(
    "expression",
    [
        "now - lead.stage_since > duration('24h')",
        "lead.tags.exists(t, t.startsWith('vip'))",
        "company.name.contains('AB')",
        "count('form.submitted', duration('24h')) + count('email.clicked', duration('48h')) >= 2",
        "fit() + intent() >= 50",
        "lead.stage == 'nowhere'",
        "fit() >= 30 ? true : false",
        "count('form.submitted') >= ",
        "signal.form_id in",
        "'a\\'b' in lead.tags",
        "(" * 3000 + "true" + ")" * 3000,
        "!" * 3000 + "lead.accepted",
        "!(" * 1500 + "lead.accepted" + ")" * 1500,
    ],
)
def test_what_goes_beyond_is_shown_whole_as_it_stands(expression):
    text = condition_text(expression, READERS["en"])
    assert text == f"this holds: “{' '.join(expression.split())}”"


def test_what_stands_side_by_side_is_not_deep():
    words = condition_text(" && ".join(["!(lead.accepted)"] * 50), READERS["en"])
    assert words == " and ".join(["not: (sales accepted them)"] * 50)


def test_every_fact_that_can_be_compared_has_a_name():
    times = {"lead.created_at", "lead.stage_since", "now"}
    listed = {"lead.tags", "signal.tags", "signal.kind"}
    assert set(VARIABLES) - times - listed == set(FACTS) | set(YES_OR_NO)
