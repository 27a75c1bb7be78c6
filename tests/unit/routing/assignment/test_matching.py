"""Whose lead it is already: hunter, owner of now, owner of before, the company's; before any rule and without a turn."""

from datetime import timedelta

import pytest

from routing.lead import meetings
from routing.model.records import Account
from routing.people.roster import Roster
from schemas.signals import Actor, Asserted, Sales
from tests.stories import DAY, DONE, Kept, rules

RULES = rules()
AWAY = [("2026-11-01T00:00:00+00:00", "2027-01-01T00:00:00+00:00")]
JOHAN = Actor(kind="person", reference="johan")


def story(ruling=RULES, **account):
    told = Kept(ruling)
    told.account = Account(id="acc_1", brand="default", **account) if account else None
    return told


def demo(told, **more):
    return told.tell("form.submitted", form_id="demo", **more)


def owned(ruling=RULES):
    """Karin was made the owner in the CRM, before anybody routed it."""
    return story(ruling).tell("email.sent").tell("sales.owner_changed", sales=Sales(owner_id="karin"))


def test_who_owns_it_in_the_crm_before_the_hand_over_gets_it():
    told = demo(owned())
    assert (told.lead.stage, told.lead.handover.offers[0].person) == ("hand_over", "karin")
    assert told.assigned()[-1].rule == "present_owner"
    assert "they have it already" in told.assigned()[-1].text


def test_an_owner_set_while_nobody_is_routed_takes_no_turn_of_the_pool():
    told = owned()
    assert told.ledgers == {}
    assert "field" not in demo(told).ledgers


def test_an_imported_owner_gets_it():
    told = story().tell("contact.created", mode="import", sales=Sales(to="contact", owner_id="karin"))
    assert demo(told).lead.handover.offers[0].person == "karin"


def test_a_salesperson_to_whom_the_qualification_was_delegated_gets_the_hand_over():
    told = story().tell("form.submitted", form_id="news")
    assert told.lead.owner == "sara"
    told.tell("sales.owner_changed", sales=Sales(owner_id="karin"))
    assert demo(told).lead.handover.offers[0].person == "karin"


def test_an_owner_who_is_away_is_passed_over_and_said_so():
    told = demo(owned(rules(absences={"karin": AWAY})))
    assert told.lead.handover.offers[0].person == "elin"
    offered = told.assigned()[1]
    assert (offered.person, offered.path[0].rule) == ("elin", "present_owner")
    assert "rule `present_owner` was passed over: who has it so could not take it\n    karin: away then" in offered.text


def heirs(*away, **successors):
    """The rules with successors in the roster; those `away` are on leave."""
    made = rules(absences=dict.fromkeys(away, AWAY))
    file = made.roster.file
    people = tuple(p.model_copy(update={"successor": successors.get(p.id)}) for p in file.people)
    return made._replace(roster=Roster(file.model_copy(update={"people": people})))


def test_the_successor_of_an_owner_who_is_away_gets_the_lead_and_the_explanation_says_why():
    told = demo(owned(heirs("karin", karin="johan")))
    assert [offer.person for offer in told.lead.handover.offers] == ["johan"]
    given = told.assigned()[1]
    assert (given.person, given.rule, given.path[0].rule) == ("johan", "successor", "present_owner")
    assert "(they are the successor of who had it)" in given.text and "karin: away then" in given.text
    assert given.smallest_change == "the rules would have decided, had karin named no successor in the roster"
    assert "field" not in told.ledgers, "nobody's turn was taken"


def test_the_successor_of_a_hunter_or_of_who_is_with_the_company_takes_their_place():
    found = story(heirs("johan", johan="karin")).tell("outreach.logged", actor=JOHAN)
    assert demo(found).lead.handover.offers[0].person == "karin"
    assert found.lead.hunter == "johan", "who comes back is asked first again"
    beside = story(heirs("johan", johan="karin"), open={"lead_other": "johan"})
    assert demo(beside).lead.handover.offers[0].person == "karin"


@pytest.mark.parametrize(
    ("away", "heir", "said"), [(("karin", "johan"), "johan", "johan: away then"), (("karin",), "sara", "")]
)
def test_a_successor_who_is_away_or_has_no_role_for_it_is_passed_over_too(away, heir, said):
    told = demo(story(heirs(*away, karin=heir), open={"lead_other": "karin"}))
    assert told.lead.handover.offers[0].person == "elin"
    assert said in told.assigned()[-1].text


def test_the_successor_of_who_had_their_chance_is_not_asked_for_them():
    told = demo(owned(heirs(karin="johan")))
    told.tell("sales.rejected", reason="no time")
    assert [offer.person for offer in told.lead.handover.offers][:2] == ["karin", "elin"]


def test_an_owner_of_another_role_does_not_get_the_hand_over():
    told = story().tell("email.sent").tell("sales.owner_changed", sales=Sales(owner_id="olof"))
    assert demo(told).lead.handover.offers[0].person == "elin"


def test_who_was_chosen_to_qualify_only_by_rule_does_not_get_the_hand_over_by_that():
    away = rules(absences={"sara": AWAY, "anders": AWAY})
    told = story(away).tell("form.submitted", form_id="news")
    assert told.lead.owner == "maja"
    assert demo(told).lead.handover.offers[0].person == "elin"


def test_a_recycled_lead_goes_back_to_who_had_it():
    told = demo(story()).tell("sales.accepted").tell("sales.follow_up", sales=DONE)
    told.ledgers["field"] = told.ledgers["field"].but(seq=9)
    told.tell("sales.lost", reason="wrong timing")
    assert told.lead.owner is None
    demo(told)
    assert (told.lead.pass_number, told.lead.owner, told.assigned()[-1].rule) == (2, "elin", "former_owner")
    assert told.ledgers["field"].seq == 9


def test_the_sdr_who_sent_it_back_judges_it_again():
    told = story().tell("form.submitted", form_id="news").tell("form.submitted", form_id="not-now")
    told.tell("form.submitted", form_id="guide")
    assert (told.lead.stage, told.lead.owner, told.assigned()[-1].rule) == ("qualification", "sara", "former_owner")


def test_who_never_answered_is_not_asked_first_again():
    told = demo(story().tell("form.submitted", form_id="news")).wait(3 * DAY)
    assert told.lead.stage == "nurturing"
    assert told.lead.former == {"qualification": "sara"}


def test_who_rejected_it_for_a_reason_that_asks_for_somebody_else_is_not_asked_first_again():
    told = demo(story()).tell("sales.rejected", reason="no time").tell("sales.rejected", reason="no time")
    told.tell("sales.rejected", reason="no time")
    assert told.lead.stage == "nurturing"
    assert "hand_over" not in told.lead.former


def test_a_new_customer_of_a_company_goes_to_its_account_manager():
    told = story(customers={"lead_other": "olof"})
    demo(told).tell("sales.won")
    assert (told.lead.track, told.lead.owner, told.assigned()[-1].rule) == ("growth", "olof", "customer_account")
    assert "account-managers" not in told.ledgers
    assert told.account.customers == {"lead_other": "olof", told.lead.id: "olof"}


def test_a_colleague_at_a_customers_company_is_offered_to_its_account_manager():
    told = demo(story(customers={"lead_other": "olof"}))
    assert (told.lead.handover.offers[0].person, told.assigned()[-1].rule) == ("olof", "customer_account")


def test_a_dialogue_at_the_company_comes_before_its_account_manager():
    told = demo(story(open={"lead_other": "karin"}, customers={"lead_third": "olof"}))
    assert told.lead.handover.offers[0].person == "karin"


def test_of_several_in_dialogue_with_a_company_the_first_who_is_there_is_joined():
    told = story(rules(absences={"karin": AWAY}), open={"lead_a": "karin", "lead_b": "johan"})
    assert demo(told).lead.handover.offers[0].person == "johan"


def test_a_lead_that_is_spam_keeps_nobody_as_a_customers_manager():
    told = demo(story(customers={"lead_other": "olof"})).tell("sales.won")
    told.tell("disposition.set", sales=Sales(to="spam"))
    assert told.account.customers == {"lead_other": "olof"}


@pytest.mark.parametrize("owner", [None, Sales(owner_id="johan")])
def test_who_enters_a_contact_in_the_crm_is_its_hunter(owner):
    told = story().tell("contact.created", actor=JOHAN, sales=owner)
    assert (told.lead.stage, told.lead.hunter, told.lead.owner) == ("prospecting", "johan", "johan")
    told.tell("outreach.logged", actor=JOHAN)
    demo(told)
    assert told.lead.handover.offers[0].person == "johan"
    assert told.assigned()[-1].rule == "hunter" and told.ledgers == {}
    assert [e.to_owner.person for e in told.all("lead.owner_changed")] == ["johan"]


def test_a_contact_entered_for_somebody_else_makes_no_hunter_of_who_typed_it():
    told = story().tell("contact.created", actor=JOHAN, sales=Sales(owner_id="karin"))
    assert told.lead.hunter is None


@pytest.mark.parametrize("first", ["prospect.listed", "email.sent"])
def test_who_first_reaches_out_to_a_contact_that_nobody_has_is_its_hunter(first):
    told = demo(story().tell(first).tell("outreach.logged", actor=JOHAN))
    assert told.lead.handover.offers[0].person == "johan"


def test_outreach_to_somebody_elses_contact_makes_no_hunter():
    told = owned().tell("outreach.logged", actor=JOHAN)
    assert (told.lead.hunter, told.lead.owner) == (None, "karin")
    late = story().tell("form.submitted", form_id="news").tell("outreach.logged", actor=JOHAN)
    assert (late.lead.hunter, late.lead.owner) == (None, "sara")


@pytest.mark.parametrize(
    "more",
    [
        {"automated": True, "actor": JOHAN},
        {"actor": Actor(kind="automation", reference="johan")},
        {"actor": JOHAN, "sales": Sales(done=False)},
        {"actor": Actor(kind="person", reference="sara")},
        {"actor": Actor()},
    ],
)
def test_what_no_salesperson_did_makes_no_hunter(more):
    assert story().tell("outreach.logged", **more).lead.hunter is None


@pytest.mark.parametrize("more", [{"sales": Sales(done=False)}, {"automated": True}, {"actor": Actor(kind="system")}])
def test_planned_and_automated_steps_are_no_attempts(more):
    told = demo(story(), after=timedelta(0))
    for _ in range(7):
        told.tell("sales.follow_up", **more)
    assert (told.lead.stage, told.lead.recent.get("sales.follow_up")) == ("hand_over", None)
    for _ in range(6):
        told.tell("sales.follow_up", sales=DONE)
    assert told.lead.stage == "nurturing"


def test_an_imported_customer_keeps_the_company_with_its_account_manager():
    told = story()
    told.account = Account(id="acc_1", brand="default")
    placed = Asserted(track="growth")
    told.tell("contact.created", mode="import", sales=Sales(to="nurturing", owner_id="olof"), asserted=placed)
    assert told.account.customers == {told.lead.id: "olof"}


BOOKED = "sales.meeting_booked"


def known_as(person, ids):
    """The rules with these ids of a member."""
    file = RULES.roster.file
    people = tuple(m.model_copy(update={"ids": {**m.ids, **ids}}) if m.id == person else m for m in file.people)
    return RULES._replace(roster=Roster(file.model_copy(update={"people": people})))


@pytest.mark.parametrize("invites", [{"owner_id": "karin"}, {"owner_id": "cal_7"}, {"owner_id": "u", "owner_email": "Karin@ours.example"}, {"owner_id": "karin@ours.example"}])  # fmt: skip
def test_who_invites_to_the_meeting_owns_the_lead_that_booked_it(invites):
    told = story(known_as("karin", {"web": "cal_7", "mail": "karin@ours.example"})).tell(
        BOOKED, sales=Sales(activity_type="meeting", **invites)
    )
    assert (told.lead.stage, told.lead.handover.offers[0].person) == ("hand_over", "karin")
    assert told.assigned()[-1].rule == "host" and "booked a meeting with them" in told.assigned()[-1].text


def test_the_host_comes_before_who_had_it_and_after_who_found_it():
    told = owned().tell(BOOKED, sales=Sales(owner_id="elin"))
    assert told.lead.handover.offers[0].person == "elin"
    found = story().tell("contact.created", actor=JOHAN).tell(BOOKED, sales=Sales(owner_id="elin"))
    assert found.lead.handover.offers[0].person == "johan"


@pytest.mark.parametrize(("who", "finding"), [("nobody@x.example", "is nobody of the roster"), ("sara", "has no role for hand_over")])  # fmt: skip
def test_a_host_who_is_nobody_here_or_has_another_role_is_a_finding_and_the_rules_choose(who, finding):
    told = story().tell(BOOKED, sales=Sales(owner_id=who))
    assert told.lead.handover.offers[0].person not in (who, None)
    assert any(finding in said for said in told.decision.evidence["findings"])


def test_of_a_meeting_that_was_called_off_nobody_is_the_host():
    told = story()
    told.tell(BOOKED, sales=Sales(owner_id="elin")).tell("sales.meeting_cancelled", sales=Sales(owner_id="elin"))
    assert meetings.host_of(told.lead) is None
