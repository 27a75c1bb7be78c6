"""Nobody is named in facts; what was struck out is kept with the answers, which are personal."""

import pytest

from schemas.signals import Actor, Company, Consent, Parsed, Person, Reference, Sales
from services.privacy.discretion import discreet, trace_of, without_names
from tests.setups import signal

ANNA = Person(email="Anna.Ek@example.com", full_name="Anna Ek Lund", phone="+46 70 198 76 54")
KEY = b"k" * 32


def said(**facts):
    facts.setdefault("person", ANNA)
    return discreet(Parsed(kind="form.submitted", dedupe_key="1", **facts), KEY)


def test_a_signal_with_nobody_in_its_facts_is_left_as_it_is():
    plain = Parsed(
        kind="form.submitted", dedupe_key="1", person=ANNA, form_id="demo", campaign="spring", reason="wrong timing",
        references=(Reference(system="pipedrive", object="person", id="1234567890"),), tags=("vip",),
        company=Company(name="Acme", domain="acme.example"), handover_id="ho_x",
    )  # fmt: skip
    assert discreet(plain, KEY) is plain


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("call anna.ek@example.com again", "call [hidden] again"),
        ("Anna asked for Lund instead", "[hidden] asked for [hidden] instead"),
        ("ring 0701-98 76 54 in May", "ring [hidden] in May"),
        ("other@example.net knows more", "[hidden] knows more"),
        ("no budget this year", "no budget this year"),
    ],
)
def test_a_reason_is_kept_without_who_it_speaks_of(given, kept):
    made = said(reason=given)
    assert made.reason == kept
    assert (made.fields.get("(reason)") == given) is (given != kept)


@pytest.mark.parametrize("field", ["campaign", "form_id", "source_kind", "currency"])
@pytest.mark.parametrize("value", ["anna.ek@example.com", "Lund, Anna (Ek)", "ANNA.EK@EXAMPLE.COM-1", "701987654"])
def test_a_word_that_is_the_person_is_struck_out(field, value):
    made = said(**{field: value})
    assert getattr(made, field) == "[hidden]" or "anna" not in getattr(made, field).casefold()
    assert value in made.fields.values()


def test_an_id_that_is_an_address_stays_the_same_for_equal_ones():
    reference = Reference(system="mail", object="person", id="anna.ek@example.com")
    first, second = said(references=(reference,)), said(references=(reference,), form_id="x")
    assert first.references == second.references
    assert first.references[0].id.startswith("hidden-")


def test_domains_tags_and_ids_of_ours_that_are_people_are_none():
    made = said(tags=("vip", "anna.ek@example.com"), company=Company(domain="anna.ek@example.com"), offer_id="a@b.c")
    assert (made.tags, made.company.domain, made.offer_id) == (("vip",), "example.com", None)


def test_a_colleagues_address_stays_for_the_roster_but_the_persons_own_does_not():
    made = said(
        actor=Actor(reference="sara@firm.example"), sales=Sales(owner_id="Anna.Ek@example.com"), form_id="a@b.se"
    )
    assert made.actor.reference == "sara@firm.example"
    assert made.sales.owner_id.startswith("hidden-")


def test_consents_say_what_for_and_not_who():
    made = said(consents=(Consent(purpose="email anna.ek@example.com", state="given", basis="Anna said so"),))
    assert "anna" not in f"{made.consents[0].purpose} {made.consents[0].basis}".casefold()


@pytest.mark.parametrize(
    ("header", "kept"),
    [("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", True), ("anna@example.com", False), (None, False)],
)
def test_a_traceparent_travels_only_where_it_is_one(header, kept):
    assert (trace_of(header) is not None) is kept


def test_the_router_strikes_a_name_out_of_a_reason_that_came_without_its_person():
    plain = signal(1, "sales.rejected", reason="Anna says no", criterion="budget", fields={"a": "b"})
    made = without_names(plain, ANNA)
    assert (made.reason, made.criterion) == ("[hidden] says no", "budget")
    assert made.fields == {"a": "b", "(reason)": "Anna says no"}
    assert without_names(made, ANNA) is made, "once is enough"
