"""The dossier, what its gaps lead to, reasons to reject, second offers; and that nobody is left in limbo."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from routing.stages import limbo
from schemas.signals import Actor, Commanded, Company, Kind, Person
from schemas.yamlfile import FileError
from tests.setups import START
from tests.stories import DAY, HOUR, Story, rules

PROMISE = {
    "name": "dossier", "metric": "dossier", "starts": "hand_over", "target": "4h elapsed",
    "ladder": [{"do": "escalate"}, {"after": "2h elapsed", "do": "take_back"}],
}  # fmt: skip
ASKED = {"requires": ["need", "contact", "company", "messages", "next_step"]}


def story(incomplete="finding", requires=ASKED, policies=(PROMISE,), **handover):
    return Story(rules(policies, handover={"dossier": {**requires, "incomplete": incomplete}, **handover}))


def offers(told):
    return told.all("handover.offered")


def test_the_dossier_is_put_together_from_the_history_in_the_order_of_happening():
    told = story().tell("email.sent").tell("note.added", 3 * HOUR, fields={"note": "budget is set"})
    told.tell("message.received", HOUR, now=4 * HOUR, fields={"text": "can you call?"}, company=Company(name="Ek AB"))
    told.tell("page.visited", 5 * HOUR).tell(
        "email.replied", 5 * HOUR, automated=True, fields={"text": "out of office"}
    )
    told.tell("form.submitted", 6 * HOUR, form_id="demo", fields={"need": "a route planner"}, tags=("warehouse",))
    (offer,) = offers(told)
    assert [e.kind for e in offer.dossier.entries] == ["message.received", "note.added", "form.submitted"]
    assert [s.words for s in offer.personal.said] == [
        {"text": "can you call?"},
        {"note": "budget is set"},
        {"need": "a route planner"},
    ]
    assert offer.personal.answers["need"] == "a route planner"
    assert (offer.dossier.company_name, offer.dossier.tags) == ("Ek AB", ("warehouse",))
    assert offer.dossier.complete and offer.dossier.next_step.startswith("Call")


def test_the_words_are_in_the_personal_half_only():
    told = story().tell("form.submitted", timedelta(0), form_id="demo", fields={"need": "secret words"})
    assert "secret words" not in told.lead.text()
    (offer,) = offers(told)
    assert "secret words" in repr(offer.personal) and "secret words" not in repr(replace(offer, personal=None))


def test_who_did_it_is_named_by_the_roster():
    told = story().tell("note.added", person=Person(email="a@example.com")).tell("email.sent")
    told.tell("note.added", actor=Actor(kind="person", reference="sara"), fields={"note": "x"})
    assert [e.by for e in told.lead.record] == ["sara"]


def test_an_incomplete_dossier_is_a_finding_that_travels_with_the_offer_and_starts_marketings_clock():
    told = story().offered()
    assert offers(told)[0].dossier.missing == ("need", "company", "messages")
    assert told.decision.evidence["findings"] == ["the dossier lacks need, company, messages"]
    assert (told.clock("dossier").state, told.clock("dossier").side) == ("running", "marketing")


def test_marketings_promise_is_kept_when_the_last_part_comes():
    told = story().offered().tell("message.received", HOUR, fields={"text": "hello"})
    assert told.clock("dossier").state == "running"
    told.tell("contact.updated", 2 * HOUR, company=Company(domain="ek.example"))
    assert [d.fulfilled_at for d in told.all("sla.fulfilled", "dossier")] == [START + 2 * HOUR]


def test_a_complete_dossier_keeps_the_promise_at_once():
    told = story(requires={"requires": ["contact"]}).offered()
    assert told.clock("dossier").state == "fulfilled"


def test_a_blocking_gap_keeps_the_offer_back_until_it_is_closed():
    told = story("block").tell("message.received").tell("form.submitted", HOUR, form_id="demo", fields={"need": "x"})
    assert told.lead.stage == "hand_over" and offers(told) == []
    assert [d.missing for d in told.all("handover.blocked")] == [("company",)]
    assert limbo.why(told.lead, told.rules.roster) is None, "it waits under marketing's clock, with its SDR"
    assert told.lead.owner == "sara"
    told.tell("contact.updated", 2 * HOUR, company=Company(name="Ek AB"))
    assert offers(told)[0].dossier.complete
    assert told.lead.owner == "elin"


def test_a_blocked_offer_that_nobody_completes_goes_back_to_marketing():
    told = story("block").offered().wait(DAY)
    assert [d.action for d in told.all("sla.escalated")] == ["escalate", "take_back"]
    assert told.lead.stage == "nurturing"


@pytest.mark.parametrize(
    "policies",
    [
        (),
        ({**PROMISE, "ladder": [{"do": "escalate"}]},),
        ({**PROMISE, "when": "'enterprise' in lead.tags"},),
        ({**PROMISE, "pause_on": ["tag.added"], "resume_on": ["tag.removed"]},),
    ],
)
def test_blocking_without_a_clock_that_ends_the_waiting_of_every_lead_is_refused(policies):
    with pytest.raises(FileError, match="metric: dossier"):
        story("block", policies=policies)


def test_a_blocked_offer_leaves_under_an_agreement_that_keeps_none_back():
    told = story("block").offered()
    told.rules = told.rules._replace(agreement=story().rules.agreement)
    told.tell("clock.recheck", HOUR, reason="adopt")
    assert [data.dossier.complete for data in offers(told)] == [False]
    assert told.lead.handover.blocked == ()


def test_a_blocked_offer_is_not_made_to_another_by_a_ladder():
    waits = {**PROMISE, "name": "waits", "metric": "follow_up", "target": "2h elapsed", "ladder": [{"do": "reassign"}]}
    told = story("block", policies=(PROMISE, waits)).offered().wait(3 * HOUR)
    assert [(data.action, data.outcome) for data in told.all("sla.escalated")] == [("reassign", "not_open")]
    assert offers(told) == []


def test_who_claims_a_blocked_lead_has_it_and_no_second_offer_follows_when_it_is_complete():
    told = story("block").offered().tell("sales.owner_changed", HOUR, sales={"owner_id": "karin"})
    told.tell("message.received", 2 * HOUR, company=Company(name="Ek AB"), fields={"need": "x", "text": "hello"})
    assert [offer.person for offer in told.lead.handover.offers] == ["karin"]


def test_a_lead_that_waits_for_its_dossier_waits_on_when_its_owner_leaves():
    told = story("block").tell("form.submitted", timedelta(0), form_id="news").offered()
    assert told.lead.owner == "sara", "who judged it has it while it waits"
    gone = [p.model_copy(update={"active": p.id != "sara"}) for p in told.rules.roster.file.people]
    file = told.rules.roster.file.model_copy(update={"people": tuple(gone)})
    told.rules = told.rules._replace(roster=type(told.rules.roster)(file))
    told.tell("owner.away", HOUR, command=Commanded(name="leave", principal="maja", person="sara"))
    assert (told.lead.owner, told.lead.unowned_reason, told.lead.limbo) == (None, "waiting: owner_left", None)
    assert told.wait(DAY).lead.stage == "nurturing"


REASONS = {
    "reasons": [{"name": "not qualified", "criterion": True}, {"name": "no time"}, {"name": "wrong territory"}],
    "second_offer": [{"reasons": ["no time"], "to": "next"}, {"reasons": ["wrong territory"], "to": "fallback"}],
}


@pytest.mark.parametrize("written", ["no time", "No-Time", "NO_TIME "])
def test_a_rejection_for_an_agreed_reason_is_a_second_offer_of_the_same_opportunity(written):
    told = story(**REASONS).offered().tell("sales.rejected", HOUR, reason=written)
    assert [(o.person, o.state) for o in told.lead.handover.offers] == [("elin", "rejected"), ("johan", "open")]
    assert len({d.handover_id for d in offers(told)}) == 1
    assert told.lead.stage == "hand_over"


def test_the_second_offer_may_be_the_persons_of_last_resort():
    told = story(**REASONS).offered().tell("sales.rejected", HOUR, reason="wrong territory")
    assert told.lead.owner == "maja"
    told.tell("sales.rejected", 2 * HOUR, reason="wrong territory")
    assert told.lead.stage == "nurturing", "nobody is offered the same lead twice"


def test_who_accepted_first_and_then_rejects_does_not_accept_for_the_next():
    told = story(**REASONS).offered().tell("sales.accepted", HOUR).tell("sales.rejected", 2 * HOUR, reason="no time")
    told.tell("sales.follow_up", 3 * HOUR)
    assert told.lead.stage == "hand_over" and told.lead.handover.accepted_at is None


def test_a_step_of_who_rejected_is_no_step_of_the_next():
    told = story(**REASONS).offered().tell("sales.follow_up", HOUR).tell("sales.rejected", 2 * HOUR, reason="no time")
    assert told.tell("sales.accepted", 3 * HOUR).lead.stage == "hand_over"
    assert told.tell("sales.follow_up", 4 * HOUR).lead.stage == "deal"


def test_other_reasons_hand_the_lead_back():
    told = story(**REASONS).offered().tell("sales.rejected", HOUR, reason="not qualified", criterion="budget")
    assert told.lead.stage == "nurturing"
    assert "findings" not in told.decision.evidence


@pytest.mark.parametrize(("reason", "finding"), [("not qualified", "criterion"), ("bad weather", "agreed")])
def test_a_rejection_that_is_not_as_agreed_is_a_finding(reason, finding):
    told = story(**REASONS).offered().tell("sales.rejected", HOUR, reason=reason)
    assert finding in told.decision.evidence["findings"][0]


def test_a_second_offer_for_a_reason_that_nobody_agreed_on_is_refused():
    with pytest.raises(FileError, match="not among `reasons`"):
        story(**{**REASONS, "reasons": []})


# --- limbo ------------------------------------------------------------------------------------------------------------
def test_a_lead_whose_owner_left_is_in_limbo_and_that_is_told_once():
    told = story().offered()
    people = [p.model_copy(update={"active": p.id != told.lead.owner}) for p in told.rules.roster.file.people]
    roster = type(told.rules.roster)(told.rules.roster.file.model_copy(update={"people": tuple(people)}))
    told.rules = told.rules._replace(roster=roster)
    told.tell("page.visited").tell("page.visited")
    assert [d.reason for d in told.all("lead.in_limbo")] == ["owner_is_gone"]
    told.rules = told.rules._replace(roster=rules().roster)
    assert told.tell("page.visited").lead.limbo is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"owner": None}, "no_owner_and_no_reason"),
        ({"owner": None, "unowned_reason": "pool is full", "clocks": {}}, "nobody_works_it"),
        ({"owner": "ghost"}, "owner_is_gone"),
    ],
)
def test_each_way_into_limbo_is_named(change, reason):
    told = story().offered()
    assert limbo.why(told.lead, told.rules.roster) is None
    assert limbo.why(told.lead.but(**change), told.rules.roster) == reason


def test_a_hand_over_without_an_open_offer_is_limbo():
    told = story().offered()
    open_one = told.lead.handover
    over = open_one.but(offers=(open_one.offers[0].but(state="expired"),))
    assert limbo.why(told.lead.but(handover=over), told.rules.roster) == "no_open_offer"
    never = open_one.but(offers=())
    assert limbo.why(told.lead.but(handover=never), told.rules.roster) == "never_offered"


def test_who_waits_under_a_clock_or_is_no_lead_is_not_in_limbo():
    told = story().offered()
    waits = told.lead.but(owner=None, unowned_reason="pool is full")
    assert limbo.why(waits, told.rules.roster) is None
    assert limbo.why(told.lead.but(owner=None, disposition="spam"), told.rules.roster) is None


def test_every_kind_of_signal_leaves_nobody_in_limbo_under_the_example():
    for kind in Kind:
        told = Story(rules()).offered().tell(kind)
        assert told.lead.limbo is None, kind
