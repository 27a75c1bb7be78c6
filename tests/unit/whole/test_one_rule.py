"""What is one rule stands in one place: words for each code of an explanation, reasons compared, equals told apart."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError

import routing
from routing.assignment.rotation import TIE
from routing.explain.smallest_change import runner_up, smallest_change
from routing.nurturing.nurturing import programme_for
from routing.people.hindrances import OWN_RULES, RULES_PASSED, Code, OwnRule, own_rule, reason_of
from schemas.agreement import NurturingTrack, Programme
from schemas.commands import Reject
from schemas.handover import Handover
from schemas.signals import Kind, Parsed
from schemas.sources import SalesMeaning
from services.ingest.configured.sales import with_sales_words
from tests.stories import MINUTE, Kept, rules
from tests.unit.routing.explain.test_smallest_change import chosen

LEAD = f"lead_{'a' * 26}"
WRITTEN = ("not_qualified", "not-qualified", "Not qualified", "NOT_QUALIFIED", " not  qualified ", "Not-Qualified")
"""One reason, as people and systems write it."""
TREES = [ast.parse(path.read_text()) for path in sorted(Path(routing.__file__).parent.rglob("*.py"))]


def names_of(key: str) -> Iterator[str]:
    """Constant values that the core puts under this key of evidence, or gives by this keyword."""
    for tree in TREES:
        for node in ast.walk(tree):
            pairs = []
            if isinstance(node, ast.Dict):
                pairs = [
                    (k.value, v) for k, v in zip(node.keys, node.values, strict=True) if isinstance(k, ast.Constant)
                ]
            elif isinstance(node, ast.Call):
                pairs = [(word.arg, word.value) for word in node.keywords]
            for name, value in pairs:
                if name == key:
                    branches = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
                    yield from (one.value for one in branches if isinstance(one, ast.Constant))


def test_each_code_that_a_rule_or_a_person_is_passed_over_with_has_words():
    codes = set(names_of("code"))
    assert codes >= {"not_met", "unknown", "nobody", "kept", "matched"}
    assert codes <= {*RULES_PASSED, *get_args(Code)}
    assert all(reason_of(code) != code.replace("_", " ") for code in get_args(Code))


def test_whatever_chooses_without_the_rules_has_words_for_why_and_for_what_would_have_been():
    chosen_by = set(names_of("rule"))
    assert chosen_by >= {"manual", "hunter", "successor", "former_owner"}
    assert chosen_by <= set(OWN_RULES) == set(get_args(OwnRule))
    assert [rule for rule, choice in OWN_RULES.items() if choice.otherwise is None] == ["fallback"]
    assert own_rule("everybody") is None


@pytest.mark.parametrize("reason", WRITTEN)
class TestEachDoorTakesAReasonHoweverItIsWritten:
    def test_a_command_needs_the_criterion(self, reason):
        with pytest.raises(ValidationError, match="criterion"):
            Reject(command="reject", lead=LEAD, reason=reason)
        assert Reject(command="reject", lead=LEAD, reason=reason, criterion="budget").criterion == "budget"

    def test_a_rejection_that_a_crm_tells_of_is_a_finding_without_it(self, reason):
        told = Kept(rules()).offered().tell("sales.rejected", MINUTE, reason=reason)
        assert "rejected as not qualified without naming the failed criterion" in told.decision.evidence["findings"]

    def test_it_is_among_the_agreed_ones(self, reason):
        agreed = Handover.model_validate(
            {
                "reasons": [{"name": "not qualified", "criterion": True}],
                "second_offer": [{"reasons": ["Not_Qualified"]}],
            }
        )
        assert agreed.reason(reason) is agreed.reasons[0]
        assert agreed.second(reason) is agreed.second_offer[0]

    def test_a_sender_that_calls_it_so_means_it(self, reason):
        parsed = Parsed(dedupe_key="k", kind=Kind.SALES_LOST, reason=reason)
        found = with_sales_words(parsed, SalesMeaning(not_qualified=("not-qualified",)))
        assert (found.reason, found.criterion) == ("not_qualified", parsed.reason)

    def test_its_programme_is_entered(self, reason):
        programme = Programme(name="later", reasons=("Not Qualified",))
        assert programme_for(NurturingTrack(purpose="p", entry=(programme,)), "rejected", reason) is programme


def test_equals_are_equal_for_the_explanation_as_they_are_for_the_turn():
    """The turn rounds to millionths of a lead, so a smaller lead of the second seat decides nothing."""
    made = chosen((0.0, 1e-8, -1.0))
    assert made["person"] == "elin" and TIE in smallest_change(made, {})
    near = [{"person": "johan", "short": 0.0}, {"person": "karin", "short": 1e-8}, {"person": "elin", "short": 2.0}]
    assert runner_up(near, "elin") == "johan"
