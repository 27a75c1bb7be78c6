"""What no list of placeholders foresees: an id or a number that brings strangers together stops to name anybody."""

import pytest

from schemas.signals import Reference
from schemas.sources import Scheme, Source
from tests.people import People, said

CRM = Reference(system="crm", object="person", id="the-shared-kiosk")
PEOPLE = [
    ("Anna Ek", "anna@a.example"),
    ("Bo Berg", "bo@b.example"),
    ("Eva Dal", "eva@c.example"),
    ("Ali Aro", "ali@d.example"),
]
BATCHES = pytest.mark.parametrize("way", ["tell", "batches"])
SMS = Source(
    name="sms", kind="generic", verify=Scheme(scheme="token", header="x", secrets=("STAFETT_SECRET_X",)), region="SE", phone_verified=True
)  # fmt: skip


def told(way, *signals):
    people = People()
    getattr(people, way)(*signals)
    return people


def identify(name, email, **more):
    return said("contact.updated", full_name=name, email=email, references=(CRM,), **more)


@BATCHES
def test_strangers_with_one_id_are_never_one_lead_and_are_proposed_until_the_id_is_known_for_none(way):
    signals = [identify(*who) for who in PEOPLE]
    people = told(way, *signals)
    assert len(people.leads) == len(PEOPLE)
    assert people.evidence(signals[1])["identity"] == {"apart": "address"}
    assert frozenset((people.of(signals[0]), people.of(signals[1]))) in people.proposed()


@BATCHES
def test_with_the_third_address_it_names_nobody_any_more_and_the_parting_is_proposed_once(way):
    people = told(way, *(identify(*who) for who in PEOPLE), bare := said("email.opened", references=(CRM,)))
    (said_of,) = people.memory.said("lead.parting_proposed")
    assert (said_of["kind"], said_of["addresses"]) == ("person", 3) and said_of["references"][0]["id"] == CRM.id
    assert people.of(bare) is None


@BATCHES
def test_of_people_without_names_the_second_joins_and_the_third_does_not(way):
    signals = [identify(None, mail) for _, mail in PEOPLE]
    people = told(way, *signals)
    assert people.together(*signals[:2]) and not people.together(*signals[:1], signals[2])
    assert len(people.memory.said("lead.parting_proposed")) == 1
    (first,) = [lead for lead in people.leads if lead.id == people.of(signals[0])]
    assert all(len(kept) <= 2 for kept in first.gathered.values()) and len(first.gathered) <= 8


@BATCHES
def test_one_person_may_have_many_addresses_under_one_id(way):
    signals = [identify("Anna Ek", mail) for _, mail in PEOPLE]
    people = told(way, *signals)
    assert people.together(*signals) and people.memory.said("lead.parting_proposed") == []


@BATCHES
def test_a_change_that_the_sender_tells_of_counts_as_none(way):
    changed = [identify(None, mail, address_changed=True) for _, mail in PEOPLE]
    former = [identify("Bo", "bo@new.example", former_emails=("ali@d.example",))]
    people = told(way, *changed, *former)
    assert people.together(*changed, *former)


@BATCHES
def test_a_proven_number_that_gathers_strangers_stops_as_well(way):
    signals = [said(source=SMS, full_name=name, email=mail, phone="070-1740677") for name, mail in PEOPLE]
    people = told(way, *signals)
    assert len(people.leads) == len(PEOPLE)
    assert [one["kind"] for one in people.memory.said("lead.parting_proposed")] == ["phone"]


@BATCHES
def test_a_colleague_in_a_deal_is_not_made_the_lead(way):
    deal = Reference(system="crm", object="deal", id="D-1")
    form = said("contact.created", full_name="Anna Ek", email="anna@a.example", references=(deal,))
    moved = said("deal.updated", full_name="Bo Berg", email="bo@a.example", references=(deal,))
    later = said(full_name="Bo Berg", email="bo@a.example")
    people = told(way, form, moved, later)
    assert people.together(form, moved) and not people.together(form, later)
    (anna,) = [lead for lead in people.leads if lead.id == people.of(form)]
    assert anna.personal.person.email == "anna@a.example" and anna.personal.person.full_name == "Anna Ek"


@BATCHES
def test_events_of_two_leads_by_one_signal_have_ids_of_their_own(way):
    people = told(way, *(identify(*who) for who in PEOPLE))
    ids = [row.event_id for row in people.memory.outbox]
    assert len(ids) == len(set(ids))
