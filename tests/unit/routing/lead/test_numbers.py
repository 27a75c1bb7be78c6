"""A telephone number alone makes a lead; unproven it leads to one only where nothing contradicts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.signals import Person, Reference
from services.ingest.normalising.names import name_words
from tests.people import People, said

NUMBER, SPELLED = "070-174 06 77", "+46 70 174 06 77"
BATCHES = pytest.mark.parametrize("way", ["tell", "batches"])


def told(way, *signals):
    people = People()
    getattr(people, way)(*signals)
    return people


@BATCHES
def test_who_asks_to_be_rung_is_a_lead(way):
    ask = said(full_name="Kalle Ek", phone=NUMBER)
    people = told(way, ask)
    (lead,) = people.leads
    assert people.of(ask) == lead.id and lead.stage != "nurturing" and lead.personal.person.phone == NUMBER


@BATCHES
@pytest.mark.parametrize(
    "names",
    [("Kalle Ek", "Kalle Ek"), ("Kalle Ek", "EK, Kalle"), ("Kalle Ek", "Kalle"), ("Kalle", "Kalle Ek"), ("Kalle Ek", None),
     (None, "Kalle Ek"), (None, None), ("K Ek", "Kalle Ek"), ("Åsa Öberg", "Asa Oberg"), ("Dr. Anna Ek", "Anna Ek"),
     ("Anna-Karin Ek", "Anna Karin Ek")],
)  # fmt: skip
def test_the_same_number_without_a_contradiction_is_the_same_lead(way, names):
    first, second = (said(full_name=name, phone=number) for name, number in zip(names, (NUMBER, SPELLED), strict=True))
    people = told(way, first, second)
    assert people.together(first, second) and people.proposed() == set()
    assert people.evidence(second)["identity"] == {"by": "number"}


@BATCHES
@pytest.mark.parametrize("names", [("Kalle Ek", "Bo Ek"), ("Kalle Ek", "Kalle Berg"), ("K Ek", "B Ek"), ("Anna", "Bo")])
def test_another_name_at_the_same_number_is_another_lead_and_a_proposal(way, names):
    first, second = (said(full_name=name, phone=NUMBER) for name in names)
    people = told(way, first, second)
    assert not people.together(first, second)
    assert people.proposed() == {frozenset((people.of(first), people.of(second)))}
    assert people.evidence(second)["identity"] == {"apart": "name"}


@BATCHES
def test_each_of_a_family_is_found_again_by_number_and_name(way):
    names = ("Kalle Ek", "Bo Ek", "Eva Ek", "Bo Ek", "Kalle Ek", "Eva Ek")
    signals = [said(full_name=name, phone=NUMBER) for name in names]
    people = told(way, *signals)
    assert len(people.leads) == 3
    assert all(people.together(signals[a], signals[b]) for a, b in ((0, 4), (1, 3), (2, 5)))


@BATCHES
def test_a_number_without_a_name_tells_nobody_of_several_who_have_it(way):
    first, second = said(full_name="Kalle Ek", phone=NUMBER), said(full_name="Bo Ek", phone=NUMBER)
    bare, again = said(phone=NUMBER), said(phone=NUMBER)
    people = told(way, first, second, bare, again)
    assert people.of(bare) not in (people.of(first), people.of(second)), "nobody is guessed"
    assert people.together(bare, again) and people.evidence(bare)["identity"] == {"apart": "several"}


@BATCHES
def test_an_address_that_comes_later_joins_the_lead_of_the_number(way):
    ask = said(full_name="Kalle Ek", phone=NUMBER)
    form = said(full_name="Kalle Ek", phone=SPELLED, email="kalle@firma.example")
    mail = said("email.replied", email="kalle@firma.example")
    people = told(way, ask, form, mail)
    assert people.together(ask, form, mail) and len(people.leads) == 1


@BATCHES
def test_the_number_alone_joins_the_lead_that_has_an_address(way):
    form = said(full_name="Kalle Ek", phone=SPELLED, email="kalle@firma.example")
    ask = said(full_name="Kalle", phone=NUMBER)
    assert told(way, form, ask).together(form, ask)


@BATCHES
def test_two_addresses_at_one_switchboard_are_two_leads_and_a_proposal_as_before(way):
    first = said(full_name="Kalle Ek", phone=NUMBER, email="kalle@firma.example")
    second = said(full_name="Kalle Ek", phone=NUMBER, email="k.ek@other.example")
    people = told(way, first, second)
    assert not people.together(first, second) and len(people.proposed()) == 1


@BATCHES
def test_two_records_of_one_system_at_one_number_are_two_leads(way):
    first, second = (
        said("contact.created", phone=NUMBER, references=(Reference(system="crm", object="person", id=ident),))
        for ident in ("1", "2")
    )
    assert not told(way, first, second).together(first, second)


def test_a_call_that_names_the_number_only_finds_its_lead():
    ask, call = said(full_name="Kalle Ek", phone=NUMBER), said("call.received", phone=SPELLED)
    assert People().batches(ask, call).together(ask, call)


def test_a_number_that_can_be_none_makes_nobody():
    people = People().tell(ask := said(full_name="Kalle Ek", phone="12"))
    assert people.of(ask) is None


def test_a_test_delivery_makes_nobody_of_a_number():
    people = People().tell(ask := said(full_name="Kalle Ek", phone=NUMBER, mode="test"))
    assert people.of(ask) is None


def test_names_are_compared_without_titles_accents_and_order():
    assert name_words(Person(full_name="Herr Dr. Bo Öst-Ek")) == name_words(Person(first_name="Bo", last_name="Ost Ek"))
    assert name_words(Person(full_name="Herr")) == ("herr",), "who has no other name has that"


_FORMS = st.sampled_from(
    [("Kalle Ek", "kalle@firma.example"), ("Kalle Ek", None), ("Kalle", None), ("Bo Ek", "bo@bolag.example"), ("Bo Ek", None),
     ("Eva Berg", None), (None, None)]
)  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(st.lists(_FORMS, min_size=2, max_size=7), st.booleans())
def test_nobody_is_joined_to_another_name_or_address_and_nobody_vanishes(forms, at_once):
    people, signals = People(), [said(full_name=name, email=mail, phone=NUMBER) for name, mail in forms]
    (people.tell if at_once else people.batches)(*signals)
    by_lead = {}
    for one, (name, mail) in zip(signals, forms, strict=True):
        assert people.of(one) is not None
        by_lead.setdefault(people.of(one), []).append((name, mail))
    for joined in by_lead.values():
        assert len({mail for _, mail in joined if mail}) <= 1
        unproven = {name for name, mail in joined if name and mail is None}
        assert not {"Kalle Ek", "Bo Ek"} <= unproven and not {"Eva Berg", "Kalle"} <= unproven


@BATCHES
def test_of_two_numbers_in_one_field_either_leads_to_the_lead(way):
    first = said(full_name="Kalle Ek", phone="070-174 06 77, 08-123 456 78")
    second, third = said(full_name="Kalle Ek", phone="08-123 456 78"), said(full_name="Kalle Ek", phone=SPELLED)
    assert told(way, first, second, third).together(first, second, third)
