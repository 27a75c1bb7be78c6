"""Where and what a company is, as people write it, and the one form in which it is compared, routed by and kept."""

import json
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.agreement.agreement import compile_agreement
from routing.agreement.definitions import Judge
from routing.agreement.expressions import compile_expression
from routing.decide import decide
from routing.draft import Context
from routing.lead.absorb import new_lead
from schemas.domains import host_of
from schemas.headcount import is_range, lower_end
from schemas.places import city_key, country_of_code, post_code, region_key, town_of
from schemas.signals import Company, Person
from schemas.sources import Scheme, Source
from services.ingest.configured.mapped import read
from services.ingest.fetching.fetcher import _facts
from services.ingest.normalising.normalise import to_signal
from services.ingest.parsers.registry import parse
from tests.setups import START, ruling, signal
from tests.unit.routing.agreement.test_agreement import changed

RULES = ruling()
FORM = "application/x-www-form-urlencoded"


def form(source=None, **answers):
    body = urlencode({"email": "eva@lakrits.example", **answers}).encode()
    (parsed,) = parse("form", body, FORM, {})
    return to_signal(parsed, source or Source(name="s", kind="form", verify=Scheme(scheme="none")), START, b"k")


def decided(lead, item, at=START):
    return decide(lead, item, Context(RULES.agreement, RULES.roster, {}, None, at)).lead


@pytest.mark.parametrize(
    ("written", "host"),
    [
        ("lakrits.example", "lakrits.example"),
        ("https://www.lakrits.example/om-oss?utm_source=x#top", "lakrits.example"),
        ("HTTP://Shop.Lakrits.example:8080", "shop.lakrits.example"),
        ("http//www.lakrits.example", "lakrits.example"),
        ("//www2.lakrits.example/x", "lakrits.example"),
        ("www.lakrits.example.", "lakrits.example"),
        ("info@lakrits.example", "lakrits.example"),
        ("mailto:info@lakrits.example", "lakrits.example"),
        ("https://user:pass@lakrits.example/", "lakrits.example"),
        ("lakrits.example, nordhamn.example", "lakrits.example"),
        ("<https://lakrits.example>", "lakrits.example"),
        ("åkeri.example", "xn--keri-poa.example"),
        ("www.se", "www.se"),
        ("N/A", None), ("lakrits", None), ("192.168.0.1", None), ("https://10.0.0.1/x", None), ("v1.2", None), ("http://", None),
        ("", None), (None, None),
    ],
)  # fmt: skip
def test_a_domain_is_the_host_of_whatever_is_written_where_a_web_site_is_asked_for(written, host):
    assert host_of(written) == host
    assert Company(domain=written).domain == host


@given(st.text(max_size=80))
def test_a_domain_of_any_text_is_none_or_its_own_form(text):
    host = host_of(text)
    assert host is None or (host_of(host) == host and host_of(f"https://www.{host}/x") == host and host.isascii())


@pytest.mark.parametrize(
    ("written", "least"),
    [
        ("50-249", 50), ("1 200+", 1200), ("ca 120", 120), ("c:a 120", 120), ("~120", 120), ("11–50 employees", 11),
        ("over 1000", 1000), ("mer än 250 anställda", 250), ("mehr als 250", 250), ("plus de 250", 250), ("1.000-5.000", 1000),
        ("10,001+", 10001), ("501-1,000 employees", 501), ("1'000", 1000), ("5K-10K", 5000), ("SIZE_11_50", 11), ("51_200", 51),
        ("B (2-10)", 2), ("mellan 10 och 50", 10), ("between 50 and 100", 50), ("von 10 bis 49", 10), ("<10", 1), ("upp till 10", 1),
        ("less than 10", 1), ("0-9", 0), ("self-employed", 1), ("200 or more", 200), ("12.0", 12),
    ],
)  # fmt: skip
def test_of_a_size_that_is_a_range_the_lower_end_counts_and_the_range_is_kept(written, least):
    company = Company(employees=written)
    assert (lower_end(written), company.employees, company.employees_range) == (least, least, written)


@pytest.mark.parametrize("written", [120, 120.0, "120", " 120 "])
def test_a_plain_number_is_no_range(written):
    assert (Company(employees=written).employees, is_range(written)) == (120, False)


@pytest.mark.parametrize("written", ["many", "-5", "1.5", "", "Nov-50", "2-jan", "2024-01-01", "100%", "50/100", "5000-1000", "1-2-3", "10:30", True, -3, 1.5, "9" * 80])  # fmt: skip
def test_what_is_no_size_is_none(written):
    assert Company(employees=written).employees is None and lower_end(written) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Skåne", "Skane"), ("Skåne", "SKÅNE LÄN"), ("Skåne", "Region Skåne"), ("Skåne", "Skåne County"), ("Skåne", "SE-M"),
        ("Stockholm", "Stockholms län"), ("Västra Götaland", "Västra Götalands län"), ("Västra Götaland", "Västra Götalandsregionen"),
        ("Halland", "Hallands län"), ("Uppsala", "Uppsala län"), ("Vestland", "Vestland fylke"), ("California", "US-CA"),
        ("California", "State of California"), ("Bayern", "DE-BY"), ("Midtjylland", "Region Midtjylland"), ("Møre og Romsdal", "More og Romsdal"),
    ],
)  # fmt: skip
def test_the_parts_of_a_country_are_one_however_they_are_written(one, other):
    assert region_key(one) == region_key(other)


def test_a_bare_letter_or_two_is_a_state_only_where_the_country_writes_so():
    assert region_key("CA", "US") == "california"
    assert region_key("CA", "SE") == region_key("CA") == "ca" and region_key("M") == "m"
    assert region_key("Land") == "land" and region_key(" ") is None


@pytest.mark.parametrize(("one", "other"), [("Malmö", "MALMO"), ("Malmö", "Malmö stad"), ("Stockholm", "Stockholms kommun"), ("København", "Kobenhavn"), ("Halmstad", "halmstad")])  # fmt: skip
def test_towns_are_compared_without_case_accents_and_what_they_are(one, other):
    assert city_key(one) == city_key(other)


@pytest.mark.parametrize(
    ("line", "code", "town", "country"),
    [
        ("211 20 Malmö", "21120", "Malmö", None), ("211 20, Malmö", "21120", "Malmö", None), ("SE-211 20 Malmö", "21120", "Malmö", "SE"),
        ("21120 Malmö", "21120", "Malmö", None), ("Malmö 211 20", "21120", "Malmö", None), ("2100 København Ø", "2100", "København Ø", None),
        ("1012 AB Amsterdam", "1012AB", "Amsterdam", None), ("00-950 Warszawa", "00950", "Warszawa", None), ("D-10115 Berlin", "10115", "Berlin", None),
        ("London SW1A 1AA", "SW1A1AA", "London", None), ("New York, NY 10001", "10001", "New York", None),
        ("SE-211 20", "21120", None, "SE"), ("SE21120", "21120", None, None), ("211 20", "21120", None, None), ("21120.0", "21120", None, None),
        ("Malmö", None, None, None), ("Storgatan 12", None, None, None), ("12 Main Street", None, None, None), ("0701234567", None, None, None),
    ],
)  # fmt: skip
def test_a_postcode_and_its_town_in_one_field(line, code, town, country):
    assert (post_code(line), town_of(line), country_of_code(line)) == (code, town, country)


def test_one_field_that_says_two_facts_fills_both():
    assert (
        Company(city="211 20 Malmö") == Company(postcode="21120", city="Malmö") == Company(postcode="SE-211 20 Malmö")
    )
    assert Company(city="211 20 Malmö", postcode="11120") == Company(city="Malmö", postcode="11120")
    assert Company(city="Lund", postcode="211 20 Malmö") == Company(city="Lund", postcode="21120")


@pytest.mark.parametrize(
    ("answers", "company"),
    [
        ({"Län": "Skåne län", "Postnummer": "211 20", "Ort": "Malmö", "Antal anställda": "50-249"},
         {"region": "Skåne län", "postcode": "21120", "city": "Malmö", "employees": 50, "employees_range": "50-249"}),
        ({"company_size": "11-50 employees", "state": "California", "country": "United States", "zip": "94103-1234"},
         {"employees": 11, "employees_range": "11-50 employees", "region": "California", "country": "US", "postcode": "94103"}),
        ({"Postnr og by": "x", "Postort": "211 20 Malmö"}, {"postcode": "21120", "city": "Malmö"}),
        ({"Adress": "Storgatan 1, 211 20 Malmö, Sverige"}, {"postcode": "21120", "city": "Malmö", "country": "SE"}),
        ({"PLZ": "D-10115", "Stadt": "Berlin", "Bundesland": "Berlin", "Mitarbeiterzahl": "über 250", "Branche": "Handel"},
         {"postcode": "10115", "city": "Berlin", "region": "Berlin", "employees": 250, "employees_range": "über 250", "industry": "Handel"}),
        ({"Country": "Atlantis", "Land": "Sverige"}, {"country": "SE"}),
        ({"Hemsida": "https://www.lakrits.example/om"}, {"domain": "lakrits.example"}),
    ],
)  # fmt: skip
def test_a_forms_answers_are_facts_of_the_company(answers, company):
    (parsed,) = parse("form", urlencode({"email": "eva@gmail.com", **answers}).encode(), FORM, {})
    assert parsed.company == Company(**company)


def test_an_address_that_is_an_object_of_its_own_is_read_in_a_form_of_json():
    body = {
        "email": "eva@gmail.com",
        "address": {"city": "Malmö", "postal_code": "211 20", "country": "SE", "state": "Skåne"},
    }
    (parsed,) = parse("form", json.dumps(body).encode(), "application/json", {})
    assert parsed.company == Company(city="Malmö", postcode="21120", country="SE", region="Skåne")


@pytest.mark.parametrize(
    ("answers", "domain", "assumed"),
    [
        ({}, "lakrits.example", ("domain",)),
        ({"website": "https://www.lakrits.example/x"}, "lakrits.example", ()),
        ({"email": "eva@gmail.com"}, None, ()),
        ({"email": "eva@gmail.com", "website": "www.lakrits.example"}, "lakrits.example", ()),
        ({"website": "https://www.facebook.com/lakrits"}, "lakrits.example", ("domain",)),
        ({"website": "https://se.linkedin.com/company/lakrits"}, "lakrits.example", ("domain",)),
        ({"email": "eva@gmail.com", "website": "https://www.instagram.com/lakrits"}, None, ()),
        ({"email": "eva@gmail.com", "website": "gmail.com"}, None, ()),
    ],
)  # fmt: skip
def test_a_companys_domain_is_its_web_sites_else_the_addresss_and_never_one_that_many_share(answers, domain, assumed):
    found = form(**answers)
    assert (found.company.domain, found.assumed) == (domain, assumed)
    assert [i.digest for i in found.identities if i.kind == "domain"] == (
        [i.digest for i in form(website="lakrits.example").identities if i.kind == "domain"] if domain else []
    )


def test_what_the_source_assumes_of_the_country_only_fills_a_gap_and_numbers_are_of_that_country():
    swedish = Source(name="s", kind="form", verify=Scheme(scheme="none"), country="SE")
    assert (form(swedish).company.country, form(swedish).assumed) == ("SE", ("domain", "country"))
    assert (form(swedish, country="Danmark").company.country, form(swedish, country="Danmark").assumed) == (
        "DK",
        ("domain",),
    )
    assert [i.kind for i in form(swedish, phone="0701740605").identities if i.kind == "phone"] == ["phone"]
    assert form().company.country is None


def test_a_fact_that_was_assumed_gives_way_to_what_is_said_and_replaces_no_such():
    guess = {"company": Company(country="SE"), "assumed": ("country",)}
    said = {"company": Company(country="DK")}
    hour = timedelta(hours=1)
    first = decided(None, signal(1, "form.submitted", **guess))
    assert (first.company_country, first.assumed) == ("SE", ("country",))
    older = decided(first, signal(2, "form.submitted", at=START - hour, **said))
    assert (older.company_country, older.assumed) == ("DK", ())
    later = decided(older, signal(3, "form.submitted", at=START + hour, **guess), START + hour)
    assert (later.company_country, later.assumed) == ("DK", ())
    same = decided(first, signal(4, "form.submitted", company=Company(country="SE")))
    assert (same.company_country, same.assumed) == ("SE", ())


def test_what_was_assumed_is_asked_of_a_senders_api_all_the_same():
    thin = form(Source(name="s", kind="form", verify=Scheme(scheme="none"), country="SE"))
    assert _facts(thin).company == Company()


SOUTH = {"countries": ["SE"], "regions": ["Skåne", "Hallands län"], "cities": ["Kalmar"]}


@pytest.mark.parametrize(
    ("company", "inside"),
    [
        (Company(country="SE", region="Skane"), True),
        (Company(country="SE", region="Region Skåne"), True),
        (Company(country="SE", region="HALLAND"), True),
        (Company(country="SE", region="SE-M"), True),
        (Company(country="SE", region="Stockholms län", city="KALMAR"), True),
        (Company(country="SE", region="Stockholms län", city="Solna"), False),
        (Company(country="SE", city="Solna"), None),
    ],
)
def test_a_territory_is_compared_without_case_accents_and_words_for_what_it_is(company, inside):
    text = changed(territories__far=SOUTH)
    standards = compile_agreement(text).standards
    lead = new_lead(item := signal(1, "form.submitted"), "contact")
    lead.company_country, lead.company_region, lead.company_city = company.country, company.region, company.city
    found = Judge(lead, item, START, standards).answer(compile_expression("in_territory('far')"))
    assert found.evidence["inputs"] == {"in_territory('far')": inside}


def test_a_named_account_and_an_industry_are_known_however_they_are_written():
    named, food = {"accounts": ["https://www.lakrits.example/"]}, {"industries": ["Livsmedel & dryck"]}
    standards = compile_agreement(changed(segments__named=named, segments__food=food)).standards
    lead = new_lead(item := signal(1, "form.submitted"), "contact")
    lead.company_domain, lead.company_industry = "shop.lakrits.example", "livsmedel  &  DRYCK"
    judge = Judge(lead, item, START, standards)
    assert judge.is_in("named") and judge.is_in("food")


def test_two_leads_of_one_company_meet_by_address_and_by_web_site():
    def domains(found):
        return [i.digest for i in found.identities if i.kind == "domain"]

    colleague = form(email="per@gmail.com", website="https://www.lakrits.example/om-oss")
    assert domains(form()) == domains(colleague) != []


def mapped(body, kind="generic", **mapping):
    source = Source(name="s", kind=kind, verify=Scheme(scheme="none"), mapping=mapping)
    return read(kind, json.dumps(body).encode(), "application/json", {}, source.mapping)


def test_what_a_mapping_names_and_does_not_find_is_told():
    facts = {
        "email": "who.mail",
        "phone": "who.tel",
        "employees": "size",
        "country": "land",
        "occurred_at": "at",
        "company": "firm",
    }
    body = {"who": {"mail": "eva@lakrits.example"}, "size": "many", "land": "Atlantis", "at": "soon", "firm": None}
    (found,) = mapped(body, facts=facts, fields={"need": "text"})
    assert found.findings == (
        "`phone`: nothing stands at `who.tel`",
        "`need`: nothing stands at `text`",
        "`country`: what stands at `land` is no country that is known",
        "`employees`: what stands at `size` is no number of employees, and no range",
        "`occurred_at`: what stands at `at` is no time",
    )
    assert (
        mapped({"who": {"mail": "eva@lakrits.example", "tel": ""}}, facts={"email": "who.mail", "phone": "who.tel"})[
            0
        ].findings
        == ()
    )


def test_findings_are_bounded_and_a_body_that_names_nobody_says_which_path_leads_nowhere():
    (found,) = mapped({"email": "eva@lakrits.example"}, fields={f"f{i}": f"x{i}" for i in range(50)})
    assert len(found.findings) == 20
    (aside,) = mapped({"x": 1}, facts={"email": "who.mail"}, guess=False)
    assert aside.quarantined == "names neither a person nor a record; `email`: nothing stands at `who.mail`"


TYPEFORM = {
    "event_id": "e1",
    "form_response": {
        "token": "t1",
        "definition": {"fields": [{"id": "A", "title": "How big are you?"}, {"id": "B", "title": "A colleague's e-mail"}, {"id": "C", "title": "Where do we reach you?"}, {"id": "D", "title": "And the shop?"}]},
        "answers": [
            {"type": "email", "email": "per@other.example", "field": {"id": "B", "ref": "colleague_email"}},
            {"type": "choice", "choice": {"label": "50-249"}, "field": {"id": "A", "ref": "company_size"}},
            {"type": "email", "email": "eva@lakrits.example", "field": {"id": "C", "ref": "b7e2f7de-8d7c-4b0e-9f0a-1f5f1f1e0b11"}},
            {"type": "text", "text": "https://www.lakrits.example", "field": {"id": "D", "ref": "website"}},
        ],
    },
}  # fmt: skip


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
def test_a_typeform_is_read_by_reference_or_title_whatever_the_order_of_its_answers(order):
    body = json.loads(json.dumps(TYPEFORM))
    answers = body["form_response"]["answers"]
    body["form_response"]["answers"] = [answers[i] for i in order]
    (found,) = parse("typeform", json.dumps(body).encode(), "application/json", {})
    assert found.person == Person(email="eva@lakrits.example")
    assert (found.company.employees, found.company.domain) == (50, "lakrits.example")
    assert found.fields["A colleague's e-mail"] == "per@other.example" and found.fields["How big are you?"] == "50-249"


@pytest.mark.parametrize("path", ["answers.company_size", "answers['How big are you?']", "answers.A", "form_response.answers[field.ref=company_size].choice.label", "form_response.answers[field.id='A'].choice.label"])  # fmt: skip
def test_a_mapping_of_a_typeform_names_a_question_by_reference_title_or_id(path):
    body = json.loads(json.dumps(TYPEFORM))
    body["form_response"]["answers"][1]["field"]["ref"] = "company_size"
    (found,) = mapped(body, kind="typeform", facts={"campaign": path})
    assert (found.campaign, found.findings) == ("50-249", ())
