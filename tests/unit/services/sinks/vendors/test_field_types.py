"""What a rule writes, beside the type that a field there has."""

import pytest

from schemas.sinks import FieldRule
from services.sinks.vendors.field_types import type_problems


def problems(theirs, **rule):
    return list(type_problems("fields.x", FieldRule.model_validate(rule), theirs))


@pytest.mark.parametrize(
    ("theirs", "rule"),
    [
        ("number", {"of": "company.employees"}),
        ("double", {"value": 1.5}),
        ("Integer", {"of": "qualification.score"}),
        ("monetary", {"of": "answers.budget"}),
        ("date", {"of": "offer.expires_at", "date": "day"}),
        ("datetime", {"of": ["offer.follow_up_due_at", "offer.expires_at"]}),
        ("date_time", {"of": "outcome.at"}),
        ("bool", {"of": "dossier.complete"}),
        ("boolean", {"value": True}),
        ("string", {"of": "company.employees"}),
        ("varchar", {"join": ["answers.need", "lead.id"]}),
        ("enumeration", {"of": "lead.id"}),
        ("number", {"of": "sla.state", "words": {"kept": "1"}}),
        (None, {"of": "lead.id"}),
    ],
)  # fmt: skip - one case a line
def test_what_fits_or_may_fit_is_no_problem(theirs, rule):
    assert problems(theirs, **rule) == []


@pytest.mark.parametrize(
    ("theirs", "rule", "said"),
    [
        ("number", {"of": "company.name"}, "a text; map a fact that is a number"),
        ("date", {"of": "offer.expires_at"}, "an instant; write `date: day`"),
        ("datetime", {"of": "sla.due_at", "date": "day"}, "a day; map an instant"),
        ("bool", {"of": "company.employees"}, "a number; only `dossier.complete`"),
        ("currency", {"join": ["company.employees", "lead.id"]}, "a text"),
        ("date", {"of": ["offer.expires_at", "lead.id"]}, "an instant or a text"),
        ("number", {"value": "many"}, "a text"),
    ],
)  # fmt: skip - one case a line
def test_what_would_be_refused_is_told_with_the_fix(theirs, rule, said):
    (line,) = problems(theirs, **rule)
    assert line.startswith(f"fields.x: it is a {theirs}, and what is written is ") and said in line
