"""What a CRM is told of the promise to follow up."""

import pytest

from schemas.sinks import FieldRules
from services.sinks.planning.promise import promise_changes
from tests.sinks import event

RULES = FieldRules.model_validate(
    {
        "opportunity": {
            "due": "sla.due_at",
            "state": {"of": "sla.state", "words": {"kept": "Kept", "breached": "Broken", "running": "Open"}},
            "broken": {"of": "sla.breached_at", "date": "day"},
            "kept": "sla.kept_at",
            "source": "dossier.source",
        }
    }
)
DUE = "2026-06-08T13:00:00.000000Z"


def sla(kind, **more):
    fields = {"clock_id": "c1", "policy": "follow-up", "metric": "follow_up", "subject_kind": "lead", "subject_id": "lead_1",
              "started_at": "2026-06-08T09:00:00Z", "target": "4h", "due_at": DUE, "handover_id": "ho_1"}  # fmt: skip
    return event(f"sla.{kind}", **{**fields, **more}).body()


def fields_of(happened, rules=RULES):
    changes = promise_changes(happened, rules)
    assert all(change.wanted.key[:2] == ("opportunity", "ho_1") for change in changes)
    return [dict(change.wanted.extra) for change in changes]


@pytest.mark.parametrize(
    ("happened", "expected"),
    [
        (sla("started"), {"due": DUE, "state": "Open"}),
        (sla("resumed", resumed_at=DUE, cause="s"), {"due": DUE, "state": "Open"}),
        (
            sla("fulfilled", fulfilled_at="2026-06-08T10:00:00Z"),
            {"due": DUE, "state": "Kept", "kept": "2026-06-08T10:00:00.000000Z"},
        ),
        (
            sla("fulfilled", fulfilled_at="2026-06-09T10:00:00Z"),
            {"due": DUE, "state": "Broken", "broken": "2026-06-08", "kept": "2026-06-09T10:00:00.000000Z"},
        ),
        (sla("breached", noticed_at=DUE), {"due": DUE, "state": "Broken", "broken": "2026-06-08"}),
        (sla("paused", reason="signal", paused_at=DUE, cause="s"), {"due": DUE}),
    ],
)  # fmt: skip - one case a line
def test_each_step_of_the_promise_is_written_into_the_fields_that_are_mapped(happened, expected):
    assert fields_of(happened) == [expected]


def test_a_correction_takes_away_the_instant_that_was_none():
    happened = sla("corrected", old="breached", new="fulfilled", cause="s", fulfilled_at="2026-06-08T10:00:00Z")
    assert fields_of(happened) == [{"due": DUE, "state": "Kept", "broken": None, "kept": "2026-06-08T10:00:00.000000Z"}]


@pytest.mark.parametrize("more", [{"metric": "acceptance"}, {"handover_id": None}])
def test_other_promises_are_told_to_no_crm(more):
    assert fields_of(sla("breached", noticed_at=DUE, **more)) == []


def test_nothing_is_written_where_nothing_is_mapped():
    assert fields_of(sla("started"), FieldRules()) == []


@pytest.mark.parametrize(
    "rules",
    [
        {"contact": {"x": "sla.due_at"}},
        {"opportunity": {"x": {"join": ["sla.state", "lead.id"]}}},
        {"company": {"x": "sla.state"}},
    ],
)  # fmt: skip - one case a line
def test_facts_of_the_promise_stand_by_themselves_in_fields_of_the_opportunity(rules):
    with pytest.raises(ValueError, match="promise"):
        FieldRules.model_validate(rules)
