"""What a hand-over says, and how a mapping writes it into fields of theirs."""

import pytest
from pydantic import ValidationError

from schemas.sinks import FACTS, FieldRules
from services.sinks.planning.facts import facts_of, map_facts
from tests.sinks import offered


def facts(public_url=None, **dossier):
    happened = offered(**dossier)
    return facts_of(happened, happened.body(), public_url)


def written(rule, **dossier):
    rules = FieldRules.model_validate({"opportunity": {"x": rule}}).opportunity
    return map_facts(rules, facts(**dossier)).get("x")


def test_every_fact_of_the_list_is_a_fact_of_a_full_hand_over():
    paths = {"lead": "/v1/leads/lead_1", "explanation": "/v1/leads/lead_1/explain"}
    happened = offered()
    why = {
        "fact": "meeting_booked",
        "at": "2026-06-08T09:00:00Z",
        "signal_id": "sig_1",
        "signal_kind": "form.submitted",
    }
    happened.data.update(paths=paths, qualification=why)
    later = {"sla.breached_at", "sla.kept_at", "outcome.state", "outcome.reason", "outcome.at"}
    assert set(FACTS) - later <= set(facts_of(happened, happened.body(), "https://stafett.example.com"))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("contact.email", "eva@kund.example"),
        (["company.industry", "company.name"], "Kund AB"),
        ({"of": "answers.need"}, "pumps"),
        ({"join": ["contact.first_name", "contact.last_name"]}, "Eva Ek"),
        ({"join": ["company.name", "company.industry"], "between": " / "}, "Kund AB"),
        ({"of": "offer.expires_at", "date": "day"}, "2026-06-08"),
        ({"of": "offer.expires_at", "date": "instant"}, "2026-06-08T13:00:00.000000Z"),
        ({"of": "company.name", "truncate": 4}, "Kund"),
        ({"of": "dossier.source", "words": {"web": "Website"}}, "Website"),
        ({"of": "dossier.source", "words": {"fair": "Fair"}}, None),
        ({"value": "Stafett"}, "Stafett"),
        ("offer.number", 1),
        ("dossier.campaign", None),
    ],
)
def test_a_rule_writes_what_it_says_and_nothing_of_what_is_not_known(rule, expected):
    assert written(rule) == expected


def test_links_are_only_there_where_somebody_outside_can_follow_them():
    happened = offered()
    happened.data["paths"] = {"lead": "/v1/leads/lead_1", "explanation": "/v1/leads/lead_1/explain"}
    assert "links.lead" not in facts_of(happened, happened.body())
    assert (
        facts_of(happened, happened.body(), "https://s.example/")["links.lead"] == "https://s.example/v1/leads/lead_1"
    )


def test_what_was_erased_is_not_known():
    happened = offered()
    happened.data["personal"] = None
    assert "contact.email" not in facts_of(happened, happened.body())


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        ("contact.mail", "did you mean `contact.email`"),
        ({"of": "contact.email", "value": "x"}, "one of `of`, `join` and `value`"),
        ({}, "one of `of`, `join` and `value`"),
        ({"of": "contact.email", "truncate": 0}, "greater than or equal to 1"),
        ({"of": "contact.email", "template": "{{x}}"}, "Extra inputs"),
    ],
)
def test_a_rule_that_could_not_be_carried_out_is_refused_with_the_likely_mend(rule, complaint):
    with pytest.raises(ValidationError, match=complaint):
        FieldRules.model_validate({"opportunity": {"x": rule}})
