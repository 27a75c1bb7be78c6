"""What an erasure does to a lead, and what comes to nothing after it."""

from routing.model.identity import resolve
from routing.model.links import erased_before, subject_of, tombstone
from routing.model.records import LeadPersonal
from schemas.signals import IdentityKey, Reference
from tests.setups import START, signal
from tests.stories import DAY, HOUR, MINUTE, Story, rules

RULES = rules()
CRM = (Reference(system="crm", object="person", id="7"),)
BURIED = {
    ("default", kind, digest): tombstone(START) for kind, digest in (("email", "e"), ("like_phone", "p"), ("deal", "d"))
}


def erased():
    return Story(RULES).offered().tell("contact.updated", HOUR, references=CRM).tell("person.erasure_requested", DAY)


def test_offers_and_clocks_end_nobody_has_it_and_nothing_names_the_person():
    told = erased()
    lead = told.lead
    assert (lead.disposition, lead.owner, lead.personal, lead.references) == ("erased", None, LeadPersonal(), ())
    assert (lead.names, lead.gathered) == ((), {}) and not [c for c in lead.clocks.values() if c.open]
    assert lead.handover.current.state == "withdrawn"
    (event,) = told.all("lead.erased")
    assert event.references == CRM and event.reason == "erasure"


def test_it_happens_once_and_nothing_is_taken_in_afterwards():
    told = erased()
    before = told.lead.text()
    assert told.tell("person.erasure_requested", 2 * DAY).decision.reason == "no_change"
    told = told.tell("form.submitted", 3 * DAY, lead_id=told.lead.id)
    assert told.decision.reason == "person_erased" and told.lead.personal == LeadPersonal()
    assert len(told.all("lead.erased")) == 1
    assert told.lead.but(version=0, sequence=0).text() == type(told.lead).read(before).but(version=0, sequence=0).text()


def test_who_proves_nothing_erases_nobody():
    told = Story(RULES).offered().tell("person.erasure_requested", HOUR, proof="none")
    assert (told.lead.disposition, told.decision.reason) == ("active", "not_allowed")


def named(number, kind, *identities, at, **more):
    keys = tuple(IdentityKey(kind=k, digest=d) for k, d in identities)
    return signal(number, kind, at=at, **more).but(identities=keys)


def test_a_tombstone_leads_to_nobody_and_knows_since_when():
    assert subject_of("default", tombstone(START), {}) is None
    assert erased_before(tombstone(START), START + MINUTE) and not erased_before(tombstone(START), START)
    assert not erased_before("lead_a", START + MINUTE)


def test_what_a_system_tells_is_of_somebody_erased_and_what_they_do_is_of_somebody_new():
    after = START + MINUTE
    sync = resolve(named(1, "contact.updated", ("email", "e"), ("person", "new"), at=after), BURIED)
    assert sync.erased and sync.lead_id is None and [i.kind for i in sync.unlinked] == ["person"]
    form = resolve(named(2, "form.submitted", ("email", "e"), ("like_phone", "p"), at=after), BURIED)
    assert not form.erased and [i.kind for i in form.unlinked] == ["email", "like_phone"]
    for older in (named(3, "form.submitted", ("email", "e"), at=START), named(4, "form.submitted", ("email", "e"), at=after, automated=True)):  # fmt: skip
        assert resolve(older, BURIED).erased
    assert resolve(named(5, "deal.updated", ("deal", "d"), at=after), BURIED).erased


def test_a_number_that_only_likens_two_makes_nobody_an_erased_one():
    colleague = resolve(named(1, "contact.updated", ("email", "other"), ("like_phone", "p"), at=START + MINUTE), BURIED)
    assert not colleague.erased and [i.kind for i in colleague.unlinked] == ["email"]


def test_a_lead_that_is_named_besides_is_found():
    links = {**BURIED, ("default", "email", "bo"): "lead_bo"}
    found = resolve(named(1, "deal.updated", ("email", "bo"), ("deal", "d"), at=START + MINUTE), links)
    assert found.lead_id == "lead_bo" and not found.erased
