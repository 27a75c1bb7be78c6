"""Territories and attributes: what they hold, what is refused, how leads are routed by them."""

import itertools
from datetime import timedelta
from functools import cache

import pytest

from routing.agreement.agreement import compile_agreement
from routing.agreement.attributes import compile_attributes, read
from routing.agreement.definitions import Judge
from routing.agreement.expressions import compile_expression
from routing.decide import decide
from routing.draft import Context
from routing.lead.absorb import COMPANY, new_lead
from schemas.market import Attribute
from schemas.signals import Company
from services.api.access import Key
from services.api.views import lead_view
from services.ports.rows import LeadRow
from tests.setups import START, ruling, signal
from tests.unit.routing.agreement.test_agreement import changed, problems

RULES = ruling()
NOWHERE = Company()
SKANE = Company(country="SE", region="skåne")
COMPANIES = {
    "company_domain": (None, "www.acme.example", "shop.acme.example", "notacme.example"),
    "company_country": (None, "SE", "DK"),
    "company_employees": (None, 50, 51),
    "company_region": (None, "skåne", "Småland"),
    "attributes": (None, {"partner": True}),
    "recent": ({}, {"form.submitted": (int(START.timestamp()),)}),
    "source": ("web", "fair"),
}


compiled = cache(compile_expression)
"""One for all who ask the same, as an agreement has it."""


def asked(text, company=NOWHERE, attributes=None):
    lead = new_lead(item := signal(1, "form.submitted"), "contact")
    lead.company_country, lead.company_region = company.country, company.region
    lead.company_city, lead.company_postcode, lead.attributes = company.city, company.postcode, attributes
    return Judge(lead, item, START, RULES.agreement.standards).answer(compiled(text))


@pytest.mark.parametrize(
    ("company", "inside"),
    [
        (SKANE, True),
        (Company(country="SE", postcode="211 20"), True),
        (Company(country="SE", postcode="SE-37100", region="Småland"), True),
        (Company(country="SE", postcode="11120", region="Stockholm"), False),
        (Company(country="DK", postcode="2100"), False),
        (Company(country="SE", region="Stockholm"), None),
        (Company(country="SE"), None),
        (Company(postcode="21120"), None),
        (Company(), None),
    ],
)
def test_a_territory_holds_who_is_in_its_country_and_in_one_of_its_places_and_unknown_is_said(company, inside):
    found = asked("in_territory('south')", company)
    assert found.finding.met == (inside is True)
    assert (found.finding.unknown is not None) == (inside is None)
    assert found.evidence["inputs"] == {"in_territory('south')": inside}


def test_fit_that_is_looked_up_is_fit_by_its_rules():
    rules = [
        {"name": "wanted", "when": "in_segment('wanted')", "points": 1},
        {"name": "ours", "when": "in_segment('ours') || yes('partner')", "points": 2},
        {"name": "south", "when": "in_territory('south') && count('form.submitted') > 0", "points": 4},
    ]
    segments = {
        "wanted": {"countries": ["SE"], "employees": {"to": 50}, "when": "lead.source != 'fair'"},
        "ours": {"accounts": ["acme.example"]},
    }
    given = changed(scoring={"fit": rules}, segments=segments, definitions__sales_qualified="fit() > 9")
    standards = compile_agreement(given).standards
    lead, seen = new_lead(item := signal(1, "form.submitted"), "contact"), set()
    for values in itertools.product(*COMPANIES.values()):
        for name, value in zip(COMPANIES, values, strict=True):
            setattr(lead, name, value)
        by_rules = Judge(lead, item, START, standards._replace(reader=None)).points()
        assert [Judge(lead, item, START, standards).points() for _ in range(2)] == [by_rules, by_rules]
        seen.add(by_rules.fit)
    assert seen == set(range(8))


def test_a_lead_is_routed_by_its_territory():
    form = signal(1, "form.submitted", form_id="news", company=SKANE)
    lead = decide(None, form, Context(RULES.agreement, RULES.roster, {}, None, START)).lead
    assert (lead.stage, lead.owner, lead.owner_pool) == ("qualification", "anders", "sdr-south")


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        (
            {"routing__qualification__rules__0__when": "in_territory('sout')"},
            "not among `territories`; did you mean `south`?",
        ),
        ({"scoring__fit__0__when": "yes('partnr')"}, "not among `attributes`; did you mean `partner`?"),
        ({"scoring__fit__0__when": "text('partner') == 'x'"}, "is of type yes_no; ask `yes('partner')`"),
        ({"scoring__fit__0__when": "number('partner') > 1"}, "write a whole number as 1 and an amount as 1.0"),
        ({"scoring__fit__0__when": "yes(lead.source)"}, "say the name in `yes` in quotes"),
        ({"territories__south": {}}, "the territory says nothing"),
        ({"territories__south": {"postcodes": ["2"]}}, "`postcodes` need `countries`"),
        ({"attributes__partner": {"type": "date", "from": "x"}}, "attributes.partner.type"),
    ],
)
def test_what_is_not_declared_or_of_another_type_is_refused_at_load(parts, said):
    found = problems(changed(**parts))
    assert any(said in problem for problem in found), found


def test_attributes_are_read_by_their_type_and_what_is_not_of_it_is_left():
    attributes = {
        "erp": Attribute(type="text", **{"from": "ERP-system"}),
        "seats": Attribute(type="number", **{"from": ["seats", "Antal platser"]}),
        "partner": Attribute(type="yes_no", **{"from": "partner"}),
    }
    said = read(compile_attributes(attributes), {"erp-SYSTEM ": " SAP ", "antal platser": ["1 200,5"], "Partner": "Ja"})
    assert said == {"erp": "SAP", "seats": 1200.5, "partner": True}
    for wrong in (
        {"erp-system": "anna@acme.example"},
        {"erp-system": "x" * 101},
        {"seats": "many"},
        {"partner": "maybe"},
    ):
        assert read(compile_attributes(attributes), wrong) == {}


@pytest.mark.parametrize(
    ("yes", "no"),
    [("SANT", "FALSKT"), ("WAHR", "FALSCH"), ("VRAI", "FAUX"), ("VERDADERO", "FALSO"), ("TOSI", "EPÄTOSI")],
)
def test_true_and_false_of_a_spreadsheet_in_its_owners_language_are_yes_and_no_of_an_attribute(yes, no):
    partner = {"partner": Attribute(type="yes_no", **{"from": "partner"})}
    assert read(compile_attributes(partner), {"partner": yes}) == {"partner": True}
    assert read(compile_attributes(partner), {"partner": no}) == {"partner": False}


def test_an_attribute_counts_is_unknown_until_it_is_said_and_the_newest_wins():
    said, lead = [], None
    for number, word in enumerate(["", "ja", "nej"]):
        form = signal(number, "form.submitted", at=START + timedelta(hours=number), fields={"Befintlig Partner": word})
        decision = decide(lead, form, Context(RULES.agreement, RULES.roster, {}, None, START + timedelta(days=1)))
        lead = decision.lead
        said.append((lead.attributes, decision.evidence.get("attributes")))
    assert said == [(None, None), ({"partner": True}, {"partner": True}), ({"partner": False}, {"partner": False})]
    assert asked("yes('partner')").finding.unknown == "unknown: attribute partner"
    assert asked("yes('partner')", attributes={"partner": True}).finding.met
    assert not asked("!yes('partner')").finding.met, "what is not known is not met either way"


def test_a_value_kept_under_another_type_is_unknown_after_the_type_changed():
    assert asked("number('seats') > 1.0", attributes={"seats": "many"}).finding.unknown
    assert asked("number('seats') > 1.0", attributes={"seats": 2.0}).finding.met
    assert asked("number('seats') > 0.5", attributes={"seats": True}).finding.unknown
    assert asked("number('seats') > 0.5", attributes={"seats": 1.0}).finding.met, "which equals yes, and is none"


def test_the_api_shows_what_territories_segments_and_attributes_are_asked_of():
    lead = new_lead(signal(1, "form.submitted"), "contact")
    facts = {
        "region": "skåne",
        "city": "Malmö",
        "postcode": "211 20",
        "country": "SE",
        "industry": "steel",
        "employees": 7,
    }
    for name, said in facts.items():
        setattr(lead, f"company_{name}", said)
    lead.attributes = {"partner": True, "seats": 40.0, "erp": "Odoo"}
    row = LeadRow(lead.id, "default", "contact", "active", None, None, False, 1, lead.text(), None, None, START)
    shown = lead_view(row, Key(name="k", sha256="0" * 64, scopes=("leads:read",))).model_dump()
    assert {name: shown[f"company_{name}"] for name in facts} == facts
    assert shown["attributes"] == lead.attributes
    assert {f"company_{name}" for name in COMPANY} <= shown.keys(), "whatever is known of a company is shown"
