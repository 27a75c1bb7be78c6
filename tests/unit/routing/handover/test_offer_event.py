"""What an offer tells its receiver, so that nobody has to ask back."""

from datetime import timedelta

from schemas.signals import Company, Person
from tests.setups import START, signal
from tests.stories import DAY, DONE, HOUR, Story, rules

FOLLOW = {"name": "follow-up", "metric": "follow_up", "starts": "hand_over", "target": "24h elapsed"}
OFFERED = {"name": "offered", "metric": "follow_up", "starts": "offer", "target": "8h elapsed"}
ACCEPTED = {"name": "accepted", "metric": "follow_up", "starts": "acceptance", "target": "1h elapsed"}
COMPANY = Company(
    name="Ek AB", domain="ek.example", industry="logistics", employees="120-250", country="SE", region="Skåne",
    city="Malmö", postcode="211 20",
)  # fmt: skip


def offered(*policies, **more):
    return Story(rules(policies)).tell("form.submitted", timedelta(0), form_id="demo", **more)


def offers(story):
    return story.all("handover.offered")


def test_the_company_comes_with_its_size_and_place():
    (offer,) = offers(offered(company=COMPANY))
    facts = offer.dossier
    assert (facts.company_name, facts.company_domain, facts.company_industry) == ("Ek AB", "ek.example", "logistics")
    assert (facts.company_employees, facts.company_country, facts.company_region) == (120, "SE", "Skåne")
    assert (facts.company_city, facts.company_postcode) == ("Malmö", "21120")


def test_what_was_only_assumed_of_the_company_is_named():
    told = Story(rules())
    told.take(signal(1, "form.submitted", form_id="demo", company=Company(country="SE")).but(assumed=("country",)))
    (offer,) = offers(told)
    assert (offer.dossier.company_country, offer.dossier.assumed) == ("SE", ("company_country",))


def test_an_offer_says_when_the_first_follow_up_is_due_also_where_that_clock_starts_with_it():
    told = offered(FOLLOW, OFFERED, ACCEPTED)
    (offer,) = offers(told)
    clock = told.clock("offered")
    assert (offer.follow_up_due_at, offer.follow_up_clock_id) == (START + 8 * HOUR, clock.id)
    names = [data.type_name.split(".", 1)[1] for data in told.said]
    started = [i for i, data in enumerate(told.said) if getattr(data, "policy", None) == "offered"]
    assert names.index("handover.offered.v1") < started[0], "the offer is told before what starts with it"


def test_a_follow_up_that_waits_for_the_acceptance_has_no_due_instant_yet():
    (offer,) = offers(offered(ACCEPTED))
    assert (offer.follow_up_due_at, offer.follow_up_clock_id) == (None, None)


def test_a_promise_that_was_broken_before_is_not_the_next_receivers_to_keep():
    told = offered({**FOLLOW, "target": "2h elapsed", "ladder": [{"do": "reassign"}]}).wait(DAY)
    first, second = offers(told)[:2]
    assert first.follow_up_due_at == START + 2 * HOUR
    assert (second.offer_number, second.follow_up_due_at) == (2, None)


def test_a_later_offer_has_its_number_and_the_same_qualification_whatever_the_agreement_says_by_then():
    told = offered(FOLLOW)
    told.rules = rules([FOLLOW], definitions={"sales_qualified": "'other' in signal.tags"})
    told.wait(DAY)
    first, second = offers(told)[:2]
    assert (first.offer_number, second.offer_number) == (1, 2)
    assert first.qualification is not None and second.qualification == first.qualification
    assert second.expires_at > first.expires_at


def test_what_qualified_is_forgotten_with_the_end_of_the_hand_over():
    told = offered(FOLLOW)
    assert told.lead.handover.qualification is not None
    told.tell("sales.rejected", HOUR, reason="wrong timing")
    assert told.lead.handover.closed_at is not None and told.lead.handover.qualification is None


def test_the_paths_are_those_of_the_lead():
    told = offered()
    (offer,) = offers(told)
    assert offer.paths.lead == f"/v1/leads/{told.lead.id}"
    assert offer.paths.explanation == f"/v1/leads/{told.lead.id}/explain"


def test_the_hash_of_the_facts_changes_with_them_and_not_with_the_words():
    plain = offers(offered())[0]
    again = offers(offered())[0]
    larger = offers(offered(company=Company(employees=7)))[0]
    named = offers(offered(person=Person(phone="+46701234567")))[0]
    assert plain.dossier.hash == again.dossier.hash and len(plain.dossier.hash) == 32
    assert plain.personal.hash == again.personal.hash
    assert larger.dossier.hash != plain.dossier.hash and larger.personal.hash != plain.personal.hash
    assert named.dossier.hash == plain.dossier.hash and named.personal.hash != plain.personal.hash


def test_a_deal_that_changes_hands_brings_the_same_dossier():
    told = Story(rules([FOLLOW])).tell("form.submitted", timedelta(0), form_id="demo", company=COMPANY)
    told.tell("sales.accepted").tell("sales.follow_up", sales=DONE).ask("assign", HOUR, person="johan")
    (given,) = told.all("handover.transferred")
    assert (given.dossier.company_employees, given.dossier.company_postcode) == (120, "21120")
    assert given.dossier.hash and given.personal.hash and given.personal.hash != given.dossier.hash
