"""M5: names of any shape, numbers and sentences are no facts, in any kind, in any field that a sender fills."""

import json
import re

import pytest

from schemas.signals import Actor, Company, Consent, Parsed, Person, Reference, Sales
from schemas.sources import Source
from services.ingest.app import signals_of
from services.ingest.configured.mapped import read
from services.ingest.parsers.registry import PARSERS
from services.privacy.discretion import STRUCK, discreet, without_accents, without_names
from tests.everykind import Who, sent
from tests.setups import START, signal

KEY = b"k" * 32
BO = Person(full_name="Bo Ek", email="bo.ek@firma.example", phone="+46 70 111 22 33")
LI = Person(first_name="Li", last_name="Na", email="li@firma.example")
ASA = Person(full_name="Åsa Öberg-Lind", email="asa@firma.example")
WRITTEN = {
    "Bo Ek": (BO, ["Bo Ek", "bo ek", "Ek, Bo", "bo-ek", "bo_ek", "BO EK AB", "lead-bo-ek-2026", "bo.ek@firma.example"]),
    "Li Na": (LI, ["Li Na", "li-na", "na_li", "LI NA", "campaign li na", "li@firma.example"]),
    "Åsa Öberg-Lind": (
        ASA,
        ["Åsa Öberg-Lind", "asa-oberg-lind", "asa_oberg_lind", "AsaObergLind", "aasa-oeberg-lind", "oberg-lind-asa", "ÅSA ÖBERG LIND",
         "asa lind", "lindobergasa", "asa@firma.example"],
    ),
}  # fmt: skip
"""Three people, and how senders write each."""
CASES = [(person, text) for person, texts in WRITTEN.values() for text in texts]
LEFT = ["about", "vip", "bok-ekonomi", "china", "linalool", "spring-2026", "Lindab AB", "Ekonomi", "asap", "boende"]


@pytest.mark.parametrize(("person", "text"), CASES, ids=[text for _, text in CASES])
@pytest.mark.parametrize("field", ["source_kind", "form_id", "campaign", "currency", "reason", "criterion"])
def test_m5_a_name_of_any_shape_is_struck_out_of_words(field, person, text):
    made = discreet(Parsed(kind="form.submitted", dedupe_key="1", person=person, **{field: text}), KEY)
    said = getattr(made, field)
    assert STRUCK in said and text in made.fields.values()
    assert not any(word in without_accents(said) for word in ("asa", "oberg", "lind", "bo ek", "li na"))


@pytest.mark.parametrize(("person", "text"), CASES, ids=[text for _, text in CASES])
def test_m5_a_name_of_any_shape_is_struck_out_of_companies_tags_and_ids(person, text):
    made = discreet(
        Parsed(
            kind="form.submitted",
            dedupe_key="1",
            person=person,
            company=Company(name=text, city=text, industry=text, region=text),
            tags=("vip", text),
            references=(Reference(system="crm", object="person", id=text),),
            sales=Sales(owner_id=text, activity_type=text),
            actor=Actor(reference=text),
            consents=(Consent(purpose="email", state="given", basis=text),),
        ),
        KEY,
    )
    assert (made.company.name, made.company.city, made.company.industry, made.tags) == (STRUCK, None, None, ("vip",))
    assert made.references[0].id.startswith("hidden-") and made.actor.reference.startswith("hidden-")
    assert made.sales.owner_id.startswith("hidden-") and made.sales.activity_type == STRUCK
    assert STRUCK in made.consents[0].basis


@pytest.mark.parametrize("text", LEFT)
@pytest.mark.parametrize("person", [BO, LI, ASA], ids=lambda person: person.email)
def test_m5_words_that_only_hold_the_letters_of_a_name_stay(person, text):
    plain = Parsed(kind="form.submitted", dedupe_key="1", person=person, campaign=text, company=Company(name=text))
    assert discreet(plain, KEY) is plain


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("850101-2384", "[hidden]"),
        ("born 850101-2384, ill", "born [hidden], ill"),
        ("ring 701987654 in May", "ring [hidden] in May"),
        ("bo dot ek at firma dot example", "bo dot [hidden]"),
        ("write to bo.ek (at) firma.example", "write to [hidden]"),
        ("no budget this year", "no budget this year"),
        ("price 10 000", "price 10 000"),
        ("Karin Berg is on sick leave", "Karin Berg is on sick leave"),  # docs/security.md, "What is not held"
        ("They have a new manager who is ill since March and their mother has to be cared for, so nothing", "[hidden]"),
    ],
)
def test_m5_a_reason_without_a_person_is_a_kind_of_reason_or_none(said, kept):
    made = discreet(Parsed(kind="sales.lost", dedupe_key="1", reason=said), KEY)
    assert made.reason == kept
    assert (made.fields.get("(reason)") == said) is (said != kept)


@pytest.mark.parametrize(
    "place",
    [
        "Storgatan 12, 211 20 Malmö, ring 0701112233",
        "070 111 22 33",
        "next to the house of somebody whom I know very well indeed, on the left",
    ],
)
def test_m5_what_is_no_town_or_industry_is_none(place):
    made = discreet(Parsed(kind="form.submitted", dedupe_key="1", company=Company(city=place, industry=place)), KEY)
    assert (made.company.city, made.company.industry) == (None, None) and place in made.fields.values()


@pytest.mark.parametrize(("person", "text"), CASES, ids=[text for _, text in CASES])
def test_m5_the_router_strikes_out_whom_a_signal_without_a_person_is_about(person, text):
    plain = signal(
        1, "sales.lost", person=Person(), reason=text, campaign=text, form_id=text, tags=("vip", text),
        company=Company(name=text, city=text), sales=Sales(owner_id=text),
    )  # fmt: skip
    made = without_names(plain, person)
    assert STRUCK in made.reason and (made.campaign, made.form_id, made.tags) == (STRUCK, STRUCK, ("vip",))
    assert (made.company.name, made.company.city, made.sales.owner_id) == (STRUCK, None, None)
    assert text in made.fields.values() and without_names(made, person) is made, "once is enough"


FREE = ["form_id", "campaign", "utm_campaign", "city", "industry", "company", "tags", "reason", "lost_reason"]
FACTS = re.compile(r"asa.{0,2}o.?berg|oberg.{0,2}lind|bo[ ._-]ek|li[ _-]na\b|850101", re.IGNORECASE)


@pytest.mark.parametrize("kind", sorted(PARSERS))
@pytest.mark.parametrize("name", ["Bo Ek", "Li Na", "Åsa Öberg-Lind"])
def test_m5_of_no_kind_a_fact_names_one_of_three_people(kind, name):
    person, texts = WRITTEN[name]
    for text in texts:
        record = {"full_name": name, "name": name, **dict.fromkeys(FREE, text)}
        delivery = sent(kind, Who(email=person.email, record=record))
        source = Source(
            name="s",
            kind=kind,
            verify={"scheme": "none"},
            may=["form", "engagement", "consent", "sales", "test", "import"],
        )
        found = read(kind, delivery.body, delivery.content_type, dict(delivery.headers), None)
        for made in signals_of(source, found, START, KEY).signals:
            facts = {
                k: v
                for k, v in made.plain().items()
                if k not in ("person", "fields", "utm", "former_emails", "findings")
            }
            if made.person.full_name or (made.person.first_name and made.person.last_name):
                assert not FACTS.search(without_accents(json.dumps(facts, ensure_ascii=False))), text
