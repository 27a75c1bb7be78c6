"""What somebody unproven brings along joins nothing that somebody proven tells of, and takes nothing from it."""

from datetime import timedelta
from typing import get_args

import pytest

from routing.lead.proof import may_link
from routing.model.records import Link
from schemas.signals import Company, IdentityKey, IdentityKind, Reference
from schemas.sources import Scheme, Source
from tests.people import People, said

SIGNED = Source(
    name="crm", kind="generic", verify=Scheme(scheme="token", header="x", secrets=("STAFETT_SECRET_X",)), region="SE"
)  # fmt: skip
VERA = {"full_name": "Vera Danielsson", "email": "vera@target.example", "phone": "070-123 45 67"}
BO = {"full_name": "Bo Berg", "email": "bo@firma.example"}
HOUR = timedelta(hours=1)
BATCHES = pytest.mark.parametrize("way", ["tell", "batches"])


def ident(number, kind="person"):
    return Reference(system="crm", object=kind, id=str(number))


def crm(**more):
    return said("contact.updated", source=SIGNED, **more)


def people_after(way, *signals):
    return getattr(People(), way)(*signals)


@BATCHES
def test_h3_no_unsigned_id_joins_a_proven_lead(way):
    vera = crm(**VERA, references=(ident(1),))
    stranger = said(email=VERA["email"], references=(ident(666),))
    later = crm(**BO, references=(ident(666),))
    people = people_after(way, vera, stranger, later)
    assert people.together(vera, stranger), "a customer's form reaches their lead"
    assert not people.together(vera, later)


@BATCHES
def test_h3_a_changed_address_that_nobody_proved_is_a_proposal(way):
    vera = crm(**VERA)
    changed = said(email="vera@evil.example", former_emails=(VERA["email"],), address_changed=True)
    later, own = said(email="vera@evil.example", form_id="demo"), said(email=VERA["email"])
    people = people_after(way, vera, changed, later, own)
    assert people.together(vera, changed) and not people.together(vera, later) and people.together(vera, own)
    lead = people.leads[0]
    assert lead.personal.person.email == VERA["email"]
    assert lead.personal.proposed_facts["email"].value == "vera@evil.example"


def test_the_lead_is_still_looked_up_by_the_address_that_was_proven():
    people = People().batches(crm(**VERA))
    (before,) = [row.email_digest for row in people.memory.leads.values()]
    people.batches(said(email="vera@evil.example", former_emails=(VERA["email"],)))
    assert before is not None and [row.email_digest for row in people.memory.leads.values()] == [before]


@BATCHES
def test_a_number_that_nobody_proved_leads_nobody_to_a_proven_lead(way):
    vera = crm(**VERA)
    stranger = said(email=VERA["email"], phone="070-999 99 99")
    caller = said(phone="070-999 99 99")
    people = people_after(way, vera, stranger, caller)
    assert not people.together(vera, caller)


@BATCHES
def test_an_unsigned_id_with_another_address_is_another_lead_and_drops_nothing(way):
    vera = crm(**VERA, references=(ident(1),))
    strangers = [said(email=f"m{n}@evil.example", references=(ident(1),)) for n in range(5)]
    later = crm(references=(ident(1),))
    people = people_after(way, vera, *strangers, later)
    assert people.together(vera, later), "the id still names her"
    assert not any(people.together(vera, stranger) for stranger in strangers)
    assert people.memory.said("lead.parting_proposed") == [] and people.leads[0].gathered == {}


@BATCHES
def test_who_took_an_id_before_its_owner_came_loses_it(way):
    squatter = said(email="m@evil.example", references=(ident(5991), ident(77, "deal")))
    vera = crm(**VERA, references=(ident(5991),))
    later, deal = crm(references=(ident(5991),)), crm(**VERA, references=(ident(77, "deal"),))
    moved = said("deal.updated", source=SIGNED, references=(ident(77, "deal"),))
    people = people_after(way, squatter, vera, later, deal, moved)
    assert not people.together(squatter, vera)
    assert people.together(vera, later, deal, moved)


@BATCHES
def test_an_id_that_came_with_the_address_of_an_own_lead_goes_to_whom_somebody_proven_names(way):
    squatter = said(email="m@evil.example", references=(ident(5991),))
    vera, named = crm(**VERA), crm(**VERA, references=(ident(5991),))
    later = crm(references=(ident(5991),))
    people = people_after(way, squatter, vera, named, later)
    assert people.together(vera, named, later) and not people.together(squatter, later)


@BATCHES
def test_among_the_unproven_ids_and_changed_addresses_join_as_ever(way):
    first = said(**BO, references=(ident(9),))
    second, third = said(references=(ident(9),)), said(email="bo@new.example", former_emails=(BO["email"],))
    fourth = said(email="bo@new.example")
    assert people_after(way, first, second, third, fourth).together(first, second, third, fourth)


@BATCHES
def test_somebody_unproven_gives_an_address_to_a_proven_lead_that_has_none(way):
    vera = crm(full_name="Vera Danielsson", references=(ident(1),))
    form = said(email=VERA["email"], references=(ident(1),))
    later = said(email=VERA["email"])
    people = people_after(way, vera, form, later)
    assert people.together(vera, form, later)
    assert people.leads[0].personal.unproven == ("email",)


@BATCHES
def test_an_unsigned_id_of_a_company_joins_no_two_companies(way):
    target = crm(**VERA, company=Company(domain="target.example"), references=(ident(1),))
    stranger = said(
        email="m@evil.example", company=Company(domain="target.example"), references=(ident(500, "company"),)
    )
    other = crm(**BO, company=Company(domain="firma.example"), references=(ident(2), ident(500, "company")))
    people = people_after(way, target, stranger, other)
    leads = {lead.id: lead for lead in people.leads}
    assert leads[people.of(target)].account_id != leads[people.of(other)].account_id


def test_what_may_link_is_told_by_kind_for_every_kind():
    lead = People().batches(crm(full_name="Vera Danielsson", references=(ident(1),))).leads[0]
    unproven = said(email="x@y.example")
    for kind in get_args(IdentityKind):
        links = (Link("default", IdentityKey(kind=kind, digest="d"), ""),)
        assert may_link(lead, crm(email="x@y.example"), links) == links
        assert may_link(lead, unproven, links) == (links if kind == "email" else ())


def test_the_same_records_of_the_log_give_the_same_rows_byte_for_byte():
    squatter = said(email="m@evil.example", references=(ident(5991),))
    signals = [
        squatter,
        crm(**VERA, references=(ident(5991),)),
        said(**VERA | {"full_name": "Mallory Evil", "phone": "070-1"}),
        crm(**VERA),
    ]
    first, second = (People().batches(*signals).memory for _ in range(2))
    assert first.leads == second.leads and first.links == second.links and first.outbox == second.outbox
    assert [row.decision for row in first.history] == [row.decision for row in second.history]
