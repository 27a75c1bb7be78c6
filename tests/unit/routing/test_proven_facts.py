"""What somebody unproven says fills gaps and is kept beside, and replaces nothing that somebody proven said."""

import json
from datetime import timedelta

import pytest

from routing.lead.proof import MOST_PROPOSED
from routing.model.records import Lead, LeadPersonal
from schemas.signals import Actor, Company, Person, Reference, Sales
from tests.setups import START
from tests.stories import DAY, HOUR, MINUTE, Kept, changed, rules

RULES = rules()
ATTRIBUTES = changed(attributes={"partner": {"type": "yes_no", "from": ["partner"]}})
VERA = Person(
    email="vera@target.example", first_name="Vera", last_name="Danielsson", full_name="Vera Danielsson", phone="+46701234567"
)  # fmt: skip
MALLORY = Person(
    email="vera@target.example", first_name="Mallory", last_name="Evil", full_name="Mallory Evil", phone="+46709999999"
)  # fmt: skip
TARGET = Company(
    name="Target AB", domain="target.example", industry="software", country="SE", employees=120, region="uppland",
    city="Uppsala", postcode="75310",
)  # fmt: skip
EVIL = Company(
    name="Evil Ltd", domain="evil.example", industry="arms", country="NO", employees=9, region="oslo", city="Oslo",
    postcode="0150",
)  # fmt: skip
FACTS = ("company_name", "company_domain", "company_industry", "company_country", "company_employees", "company_region",
         "company_city", "company_postcode", "language", "campaign", "attributes", "names")  # fmt: skip


def crm(told=None, after=timedelta(0), **more):
    """Somebody proven tells of Vera."""
    said = {"company": TARGET, "person": VERA, "language": "sv", "campaign": "fair", "fields": {"partner": "no"},
            "names": ("a.v", "b.d"), **more}  # fmt: skip
    return (told or Kept(ATTRIBUTES)).tell("contact.updated", after, proof="signed", **said)


def stranger(told, after, kind="form.submitted", **more):
    """Anybody who knows her address."""
    said = {"company": EVIL, "person": MALLORY, "language": "no", "campaign": "evil", "fields": {"partner": "yes"},
            "names": ("x.m", "y.e"), **more}  # fmt: skip
    return told.tell(kind, after, proof="none", **said)


def known_facts(lead):
    return {name: getattr(lead, name) for name in FACTS} | {"person": lead.personal.person.known_fields()}


def test_h2_nothing_that_somebody_proven_said_is_replaced_by_somebody_unproven():
    told = crm()
    before = known_facts(told.lead)
    assert known_facts(stranger(told, HOUR).lead) == before
    assert told.lead.references == () and told.lead.personal.answers == {"partner": "no"}


def test_h2_what_was_said_against_it_is_kept_beside_with_who_said_it_and_when():
    told = stranger(crm(), HOUR)
    proposed = told.lead.personal.proposed_facts
    phone = proposed["phone"]
    assert (phone.value, phone.at, phone.source) == ("+46709999999", START + HOUR, "web")
    assert phone.signal_id == told.steps[-1].signal_id
    assert {"company_name", "company_country", "company_employees", "language", "attribute:partner"} <= proposed.keys()
    assert "email" not in proposed, "an address written the same is no proposal"
    assert told.decision.evidence["proposed_facts"] == sorted({*proposed, "answer:partner"})
    assert "Evil" not in told.lead.text() and "Evil" not in json.dumps(told.decision.evidence), "values are personal"


def test_the_same_value_in_other_letters_is_no_proposal():
    more = VERA.but(email=" Vera@Target.example ", phone="070-123 45 67", full_name="VERA DANIELSSON")
    told = stranger(
        crm(), HOUR, person=more, company=Company(name="target ab"), language="sv", campaign=None, fields={}
    )
    assert told.lead.personal.proposed_facts == {}


def test_somebody_unproven_fills_gaps_and_the_facts_are_marked():
    told = stranger(crm(company=Company(name="Target AB"), person=Person(email=VERA.email), language=None), HOUR)
    lead = told.lead
    assert (lead.company_name, lead.company_country, lead.language) == ("Target AB", "NO", "no")
    assert lead.personal.person.phone == "+46709999999"
    assert {"company_country", "language"} <= {*lead.unproven} and "company_name" not in lead.unproven
    assert "phone" in lead.personal.unproven and "email" not in lead.personal.unproven


def test_a_name_is_one_fact_of_which_no_part_is_filled_in_beside_a_proven_one():
    told = stranger(crm(person=Person(email=VERA.email, full_name="Vera Danielsson")), HOUR)
    person = told.lead.personal.person
    assert (person.full_name, person.first_name, person.last_name) == ("Vera Danielsson", None, None)
    assert told.lead.personal.proposed_facts["full_name"].value == "Mallory Evil"


def test_the_newer_of_two_unproven_counts_as_ever():
    told = stranger(stranger(Kept(RULES), timedelta(0)), HOUR, company=TARGET, person=VERA)
    assert told.lead.company_name == "Target AB" and told.lead.personal.person.phone == VERA.phone
    assert told.lead.personal.proposed_facts == {} and told.lead.proof == "none"
    older = stranger(told, MINUTE, person=MALLORY.but(full_name="Older"))
    assert older.lead.personal.person.full_name == VERA.full_name


def test_what_somebody_proven_says_replaces_what_nobody_proved_even_where_it_is_older():
    told = crm(stranger(Kept(ATTRIBUTES), HOUR), timedelta(0))
    assert (told.lead.company_name, told.lead.company_employees, told.lead.language) == ("Target AB", 120, "sv")
    assert told.lead.personal.person == VERA and told.lead.attributes == {"partner": False}
    assert told.lead.unproven == () and told.lead.proof == "signed"


def test_a_proven_statement_of_the_same_value_proves_it():
    told = stranger(Kept(RULES), timedelta(0), company=TARGET, person=VERA, language="sv", campaign="fair")
    assert "company_name" in told.lead.unproven and "email" in told.lead.personal.unproven
    told = crm(told, HOUR)
    assert told.lead.unproven == () and not {"email", "phone"} & {*told.lead.personal.unproven}
    assert known_facts(stranger(told, DAY).lead) == known_facts(told.lead)


def test_a_proposal_that_somebody_proven_says_later_becomes_the_fact():
    told = crm(stranger(crm(), HOUR), DAY, company=TARGET.but(name="Evil Ltd"), person=VERA.but(phone="+46709999999"))
    assert told.lead.company_name == "Evil Ltd" and told.lead.personal.person.phone == "+46709999999"
    assert not {"company_name", "phone"} & told.lead.personal.proposed_facts.keys()
    assert "company_country" in told.lead.personal.proposed_facts, "the CRM's echo of the old value denies nothing"


def test_proposals_are_bounded_in_number_and_length():
    file = {"partner": {"type": "yes_no", "from": ["partner"]}}
    file |= {f"a{n}": {"type": "text", "from": [f"a{n}"]} for n in range(50)}
    told = crm(Kept(changed(attributes=file)), fields={f"a{n}": "ours" for n in range(50)})
    for n in range(50):
        stranger(told, HOUR + n * MINUTE, fields={f"a{n}": f"theirs{n}"}, company=Company(name="x" * 5000))
    assert len(told.lead.personal.proposed_facts) == MOST_PROPOSED
    assert len(told.lead.personal.text()) < 20_000


def test_answers_of_somebody_unproven_drive_out_no_proven_ones():
    told = crm(fields={"need": "cranes"})
    for n in range(30):
        stranger(told, HOUR + n * MINUTE, fields={"need": "nothing", **{f"q{n}-{m}": "y" for m in range(20)}})
    assert told.lead.personal.answers["need"] == "cranes"
    assert len(told.lead.personal.unproven) < 120


def test_tags_of_somebody_unproven_come_beside_and_take_nothing_off():
    told = crm(tags=("vip",))
    stranger(told, HOUR, tags=tuple(f"t{n}" for n in range(200)))
    assert "vip" in told.lead.tags
    stranger(told, 2 * HOUR, kind="tag.removed", tags=("vip", "t1"))
    assert "vip" in told.lead.tags and "t1" not in told.lead.tags
    assert "agreed" in crm(told, DAY, tags=("agreed",)).lead.tags, "there is room for a proven one"
    assert len([name for name in told.lead.unproven if name.startswith("tag:")]) <= 100


def test_somebody_unproven_brings_no_ids_to_a_proven_lead_and_finds_it_no_owner():
    ids = (Reference(system="hubspot", object="person", id="666"),)
    told = stranger(crm(), HOUR, kind="outreach.logged", actor=Actor(kind="person", reference="elin"), references=ids)
    assert told.lead.references == () and told.lead.stage == "contact"
    assert told.lead.hunter is None and told.lead.owner is None
    told = stranger(told, DAY + HOUR, kind="sales.meeting_booked", sales=Sales(owner_id="elin"))
    assert told.lead.meetings[-1].host is None


def test_h2_somebody_unproven_sends_no_proven_lead_back_to_marketing():
    def asks_for_the_guide():
        return crm(Kept(RULES), fields={}).tell("form.submitted", MINUTE, form_id="guide", proof="signed")

    told = asks_for_the_guide()
    assert told.lead.stage == "qualification"
    assert stranger(told, HOUR, form_id="not-now").lead.stage == "qualification"
    assert any("not_now" in finding for finding in told.decision.evidence["findings"])
    proven = asks_for_the_guide().tell("form.submitted", HOUR, form_id="not-now", proof="signed")
    assert proven.lead.stage == "nurturing"


def test_a_lead_that_nobody_proven_told_of_is_worked_by_what_its_forms_say():
    told = stranger(Kept(RULES), timedelta(0), form_id="guide")
    assert told.lead.stage == "qualification"
    assert stranger(told, HOUR, form_id="not-now").lead.stage == "nurturing"


def test_what_nobody_proved_is_said_in_the_dossier_and_in_the_explanation():
    told = stranger(
        crm(Kept(RULES), company=Company(name="Target AB"), fields={}), HOUR, form_id="demo", fields={"need": "x"}
    )
    (offer,) = told.all("handover.offered")
    assert "company_country" in offer.dossier.unproven and "company_name" not in offer.dossier.unproven
    assert [fact.value for fact in offer.personal.proposed if fact.name == "phone"] == ["+46709999999"]
    assert offer.personal.person.phone == VERA.phone, "sales calls the number that was proven"
    assert (
        "said by somebody unproven only: " in told.explained().text and "company_country" in told.explained().unproven
    )


def test_a_lead_from_before_proofs_were_kept_is_proven_throughout():
    lead = Lead.read(crm().lead.text())
    assert lead.proof == "signed" and lead.unproven == () and "proof" not in lead.text()
    assert LeadPersonal.read("{}") == LeadPersonal()


@pytest.mark.parametrize("proof", ["none", "signed"])
def test_an_assumed_fact_gives_way_to_who_is_as_proven(proof):
    told = Kept(RULES).tell(
        "contact.updated", timedelta(0), proof=proof, person=VERA, company=Company(country="SE"), assumed=("country",)
    )
    told.tell("form.submitted", HOUR, proof="none", person=VERA, company=Company(country="NO"))
    assert told.lead.company_country == ("NO" if proof == "none" else "SE")


def test_the_same_signals_decide_the_same_byte_for_byte():
    lives = [stranger(crm(stranger(Kept(ATTRIBUTES), MINUTE)), HOUR, tags=("a", "b")) for _ in range(2)]
    texts = {told.lead.text() + told.lead.personal.text() + json.dumps(told.decision.evidence) for told in lives}
    assert len(texts) == 1
