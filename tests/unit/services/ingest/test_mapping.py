"""A source's own mapping: paths and conditions over what is guessed."""

import json

import pytest
from pydantic import ValidationError

from schemas.mapping import Mapping
from schemas.signals import Kind, Quarantined
from services.ingest.configured.mapped import ConditionError, check, read
from services.ingest.configured.paths import at


def mapped(body, kind="generic", **mapping):
    return read(kind, json.dumps(body).encode(), "application/json", {"x-source": "a"}, Mapping(**mapping))


def test_a_path_says_where_a_fact_stands():
    body = {
        "x": {"a.b": [{"m": "a@b.example"}]},
        "inner": json.dumps({"n": "Bo Ek"}),
        "who": {"email": "other@b.example"},
    }
    (found,) = mapped(
        body, facts={"email": "x['a.b'][0].m", "full_name": "inner.n", "company": "nowhere"}, fields={"kept": "inner"}
    )
    assert (found.person.email, found.person.full_name, found.company.name) == ("a@b.example", "Bo Ek", None)
    assert "kept" in found.fields


def test_the_first_rule_that_holds_says_what_it_means():
    rules = [{"when": "body.state == 'gone'", "skip": True}, {"when": "body.state == 'won' && body.sum > 10", "kind": "sales.won", "facts": {"deal_id": "id", "amount": "sum"}},
             {"when": "headers['x-source'] == 'b'", "kind": "form.submitted"}, {"when": "body.dry", "test": True}]  # fmt: skip
    (won,) = mapped({"id": 5, "state": "won", "sum": 12}, rules=rules)
    assert (won.kind, won.amount, won.references[0].object, won.references[0].id) == (Kind.SALES_WON, 12, "deal", "5")
    assert mapped({"id": 5, "state": "gone"}, rules=rules) == []
    assert mapped({"id": 5, "state": "open"}, rules=rules)[0].kind is Kind.UNCLASSIFIED
    assert mapped({"id": 5, "dry": True}, rules=rules)[0].mode == "test"
    assert mapped({"id": 5, "state": "won", "sum": 10**30}, rules=rules)[0].kind is Kind.UNCLASSIFIED


def test_events_are_where_the_mapping_says_and_each_is_judged_alone():
    found = mapped(
        {"deep": {"rows": [{"k": "a@b.example"}, 7, {"k": 1}]}}, events="deep.rows", facts={"email": "k"}, guess=False
    )
    assert [isinstance(item, Quarantined) for item in found] == [False, True, False] and found[
        0
    ].person.email == "a@b.example"
    assert isinstance(mapped({"deep": 1}, events="deep.rows")[0], Quarantined)


def test_without_guesses_only_what_is_mapped_is_read():
    assert isinstance(mapped({"email": "a@b.example"}, guess=False)[0], Quarantined)


def test_numbered_fields_of_a_kind_are_mapped():
    entry = {"id": "8", "form_id": "2", "9": "Firma AB", "11": "0701234567"}
    (found,) = mapped(entry, kind="gravity_forms", facts={"company": "9", "phone": "11"})
    assert (found.company.name, found.person.phone, found.external_id) == ("Firma AB", "0701234567", "8")


def test_a_path_that_leads_nowhere_is_nothing():
    assert at({"a": [1]}, "a[3]") is None and at({"a": 1}, "a.b.c") is None and at([], "x") is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"facts": {"email": "a..b"}},
        {"facts": {"nonsense": "a"}},
        {"kind": "clock.due"},
        {"rules": [{"when": "true"}]},
        {"rules": [{"when": "true", "skip": True, "test": True}]},
    ],
)
def test_a_mapping_that_cannot_be_meant_is_refused(wrong):
    with pytest.raises(ValidationError):
        Mapping(**wrong)


@pytest.mark.parametrize("when", ["body.", "1 + 1", "nobody.knows == 1"])
def test_a_condition_that_is_none_is_refused_at_load(when):
    with pytest.raises(ConditionError):
        check(Mapping(rules=[{"when": when, "test": True}]))


@pytest.mark.parametrize("guess", [True, False])
def test_each_part_that_is_not_understood_is_named_by_its_own_place(guess):
    found = mapped({"rader": [{"nr": 1}, {"kod": "k"}, {"nr": 3}]}, events="rader", facts={"external_id": "kod"}, guess=guess)  # fmt: skip
    assert [item.where for item in found if isinstance(item, Quarantined)] == ["$.rader[0]", "$.rader[2]"]
