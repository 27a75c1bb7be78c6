"""What is agreed on the life of a lead, the hand-over and its clocks, sentence by sentence: what no other file tests."""

from datetime import timedelta

import pytest

from routing.people.commands import to_signal
from routing.people.permissions import Principal
from routing.people.roster import Roster
from routing.people.roster_changes import apply
from schemas.commands import Command
from schemas.roster import RosterChange
from schemas.signals import TOUCHES, Actor, Commanded, Consent, IdentityKey, Reference, Sales
from tests.memory import Memory
from tests.setups import START, ruling, signal
from tests.stories import DAY, DONE, HOUR, MINUTE, Kept, rules

RULES = rules()
FOLLOW_UP = {"name": "follow-up", "metric": "follow_up", "starts": "offer", "target": "24h elapsed"}


def story(*policies):
    return Kept(rules(policies) if policies else RULES)


def qualifying():
    told = story().tell("email.sent", timedelta(0)).tell("form.submitted", MINUTE, form_id="news")
    assert (told.lead.stage, told.lead.owner) == ("qualification", "sara")
    return told


def recycled():
    told = story().offered().tell("sales.rejected", MINUTE, reason="wrong timing")
    assert told.lead.stage == "nurturing"
    return told


def command(told, name, asker, **more):
    ask = Command.model_validate({"command": name, "reason": "agreed", "lead": told.lead.id, **more}).root
    return told.take(to_signal(ask, Principal("desk", asker), told.at, f"k{len(told.steps)}", "default", "p"))


# --- the table --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", sorted(TOUCHES))
def test_any_touch_of_a_prospect_or_of_somebody_new_makes_a_contact(kind):
    for told in (story(), story().tell("prospect.listed", timedelta(0))):
        told.tell(kind, MINUTE)
        assert "contact" in [move.to_stage for move in told.decision.transitions]


WAYS = [
    ("tag.added", {"tags": ("sales-ready",), "actor": Actor(kind="person")}, "hand_over"),
    ("sales.meeting_booked", {}, "hand_over"),
    ("form.submitted", {"form_id": "news"}, "qualification"),
]


@pytest.mark.parametrize(("kind", "more", "stage"), WAYS)
def test_who_is_nurtured_comes_back_by_what_engages_a_tag_or_a_meeting(kind, more, stage):
    told = recycled().tell(kind, HOUR, **more)
    assert (told.lead.stage, told.lead.pass_number, told.lead.track) == (stage, 2, None)
    assert [data.to_stage for data in told.all("nurture.left")] == ["qualification"]


@pytest.mark.parametrize(("kind", "more"), [way[:2] for way in WAYS[:2]] + [("form.submitted", {"form_id": "demo"})])
def test_who_is_judged_is_handed_over_by_the_definition_a_tag_or_a_meeting(kind, more):
    told = qualifying().tell(kind, HOUR, **more)
    assert [(move.from_stage, move.to_stage) for move in told.decision.transitions] == [("qualification", "hand_over")]


def test_won_in_hand_over_passes_through_deal():
    told = story().offered().tell("sales.won", HOUR)
    assert [move.to_stage for move in told.decision.transitions] == ["deal", "nurturing"]
    assert told.lead.track == "growth"


def test_a_first_step_before_the_acceptance_counts_when_it_comes():
    told = story().offered().tell("sales.follow_up", MINUTE, sales=DONE)
    assert told.lead.stage == "hand_over"
    assert told.tell("sales.accepted", HOUR).lead.stage == "deal"


def test_cold_after_the_agreed_attempts():
    told = story().offered()
    for attempt in range(1, 6):
        assert told.tell("sales.follow_up", attempt * MINUTE, sales=DONE).lead.stage == "hand_over", attempt
    told.tell("sales.follow_up", 6 * MINUTE, sales=DONE)
    assert (told.lead.stage, told.lead.track, told.lead.programme) == ("nurturing", "recycle", "not-reached")
    assert [data.reason for data in told.all("nurture.entered")] == ["cold"]
    assert told.lead.handover.outcome == "cold" and told.lead.handover.offers[0].state == "withdrawn"


def test_an_accepted_lead_is_not_cold_however_often_it_is_called():
    told = story().offered().tell("sales.accepted", MINUTE)
    for attempt in range(2, 12):
        told.tell("sales.follow_up", attempt * MINUTE, sales=DONE)
    assert told.lead.stage == "deal"


def test_an_expired_offer_goes_to_the_next_person_of_the_same_hand_over():
    told = story().offered().wait(5 * HOUR)
    assert [(offer.person, offer.state) for offer in told.lead.handover.offers] == [
        ("elin", "expired"),
        ("johan", "open"),
    ]
    (expired,), (first, second) = told.all("handover.expired"), told.all("handover.offered")
    assert expired.expired_at == first.expires_at == START + 5 * HOUR, (
        "four working hours from ten o'clock in Stockholm"
    )
    assert (expired.offer_id, second.handover_id) == (first.offer_id, first.handover_id)
    assert second.offer_number == 2 and second.owner.person == told.lead.owner == "johan"


def test_an_offer_that_expires_with_nobody_left_goes_back_to_marketing_with_the_reason():
    told = story().offered().wait(3 * DAY)
    assert [offer.state for offer in told.lead.handover.offers] == ["expired"] * 3, "as many as were agreed"
    assert (told.lead.stage, told.lead.track, told.lead.owner) == ("nurturing", "recycle", None)
    assert [data.reason for data in told.all("nurture.entered")] == ["offers_exhausted"]


def test_an_answered_offer_does_not_expire():
    told = story().offered().tell("sales.accepted", HOUR).wait(10 * DAY)
    assert told.all("handover.expired") == [] and told.lead.owner == "elin"


def test_a_signal_that_fits_no_row_says_why_it_changed_nothing():
    for kind, note in (
        ("sales.accepted", "no hand-over is open in contact"),
        ("sales.lost", "nothing to be lost in contact"),
    ):
        told = story().tell("email.sent", timedelta(0)).tell(kind, MINUTE)
        assert (told.decision.outcome, told.decision.note, told.lead.stage) == ("recorded", note, "contact")


# --- beside the stage -------------------------------------------------------------------------------------------------
def test_offers_hand_overs_and_clocks_of_the_next_pass_are_others():
    told = story(FOLLOW_UP).offered().tell("sales.rejected", MINUTE, reason="wrong timing")
    told.tell("form.submitted", HOUR, form_id="demo")
    first, second = told.all("handover.offered")
    assert (first.pass_number, second.pass_number) == (1, 2)
    assert first.handover_id != second.handover_id and first.offer_id != second.offer_id
    assert len({data.clock_id for data in told.all("sla.started")}) == 2


def test_one_address_of_two_brands_is_two_leads_each_with_its_own_consent():
    memory = Memory(ruling())
    memory.give(signal(1, "form.submitted"), signal(2, "form.submitted", brand="other"))
    memory.give(signal(3, "consent.withdrawn", brand="other"))
    found = {memory.lead(ident).brand: memory.lead(ident) for ident in memory.leads}
    assert found["default"].consents == {} and found["default"].suppressed is None
    assert found["other"].consents == {"email": "withdrawn"} and found["other"].suppressed == "consent_withdrawn"


def test_two_people_of_one_company_are_two_leads_of_one_account():
    memory = Memory(ruling())
    company = IdentityKey(kind="company", digest="acme")
    for number, name in enumerate(("anna", "bo")):
        item = signal(number, "form.submitted", lead=name, form_id="demo")
        memory.give(item.but(identities=(*item.identities, company)))
    anna, bo = (memory.lead(ident) for ident in memory.leads)
    assert anna.id != bo.id and anna.account_id == bo.account_id
    assert anna.owner == bo.owner, "while one has an open hand-over, the other joins its owner"


def test_a_hunters_prospect_is_never_rotated_away():
    told = story().tell("outreach.logged", timedelta(0), actor=Actor(kind="person", reference="johan"))
    for day in (1, 2, 3):
        told.tell("form.submitted", day * DAY, form_id="demo")
        assert told.lead.owner == "johan", day
        told.tell("sales.rejected", day * DAY + HOUR, reason="wrong timing")
    assert "field" not in told.ledgers


def test_an_sdr_delegates_the_qualification_of_one_lead_to_a_salesperson():
    told = Kept(ruling()).tell("form.submitted", timedelta(0), form_id="news")
    judged = told.clock("judged")
    command(told, "delegate", "sara", person="karin")
    assert (told.lead.stage, told.lead.owner, told.lead.hunter) == ("qualification", "karin", None)
    assert [data.to_owner.person for data in told.all("lead.owner_changed")] == ["sara", "karin"]
    assert (told.clock("judged").id, told.clock("judged").state) == (judged.id, "running"), "the promise runs on"
    assert told.all("handover.offered") == [], "to judge it, not to sell to it"
    told.tell("form.submitted", HOUR, form_id="demo")
    assert told.lead.handover.offers[0].person == "karin" and "field" not in told.ledgers


def test_nobody_but_the_owner_an_sdr_and_managers_delegates():
    told = command(qualifying(), "delegate", "johan", person="karin")
    assert (told.lead.owner, told.decision.note.split(":")[0]) == ("sara", "refused")


def test_every_touch_in_a_deal_is_told_to_its_owner():
    told = story().dealt()
    before = len(told.all("lead.touched"))
    told.tell("form.submitted", HOUR, form_id="news")
    (said,) = told.all("lead.touched")[before:]
    assert (said.stage, said.signal_kind, said.owner.person) == ("deal", "form.submitted", "elin")


AWAY = {"elin": [("2026-11-24T10:30:00+01:00", "2026-11-30T08:00:00+01:00")]}


@pytest.mark.parametrize("mode", ["live", "observe"])
def test_what_an_absence_brings_about_has_the_mode_of_what_it_hands_back(mode):
    told = Kept(rules([FOLLOW_UP], AWAY)).tell("form.submitted", timedelta(0), form_id="demo", mode=mode)
    assert told.lead.owner == "elin"
    said = len(told.said)
    told.tell("owner.away", HOUR, command=Commanded(name="absence", principal="roster", person="elin"))
    assert (told.lead.owner, told.clock("follow-up").state) == ("karin", "running")
    assert {event.mode for event in told.said[said:]} == {mode}
    assert told.clock("follow-up").mode == mode, "so its breach alarms nobody, or somebody"


def test_a_lead_on_trial_before_its_hand_over_stays_on_trial_when_its_sdr_leaves():
    judged = {"name": "judged", "metric": "qualification", "starts": "qualification", "target": "24h elapsed"}
    told = Kept(rules([judged])).tell("form.submitted", timedelta(0), form_id="news", mode="observe")
    assert (told.lead.stage, told.lead.owner) == ("qualification", "sara")
    said = len(told.said)
    left = RosterChange(change="left", at=START, person="sara")
    told.rules = told.rules._replace(roster=Roster(apply(told.rules.roster.file, left)))
    told.tell("owner.away", HOUR, command=Commanded(name="leave", principal="maja", person="sara"))
    assert told.lead.owner == "anders"
    assert {event.mode for event in told.said[said:]} == {"observe"}


# --- the hand-over ----------------------------------------------------------------------------------------------------
def test_events_of_the_hand_over_carry_both_ids_and_the_owners_id_in_each_crm():
    told = story().dealt().tell("sales.won", HOUR)
    (offer,) = told.lead.handover.offers
    for name in ("offered", "accepted", "followed_up", "won"):
        (said,) = told.all(f"handover.{name}")
        assert (said.handover_id, said.offer_id) == (told.lead.handover.id, offer.id), name
        assert said.owner.ids == {"pipedrive": "9101", "hubspot": "70101"}, name


DEAL = Reference(system="pipedrive", object="deal", id="77")


def test_the_crms_own_id_of_the_opportunity_is_linked_once_and_travels_from_then_on():
    told = story().offered()
    for _ in range(2):
        told.tell("crm.linked", references=(DEAL,))
    assert told.lead.handover.references == (DEAL,)
    assert DEAL in told.all("handover.linked")[-1].references
    assert DEAL in told.tell("sales.accepted").all("handover.accepted")[0].references
    told.tell("sales.owner_changed", sales=Sales(owner_id="karin"))
    assert DEAL in told.all("handover.offered")[-1].references, "the second offer is the same opportunity"
    told.tell("sales.rejected", reason="wrong timing").tell("form.submitted", form_id="demo")
    assert told.lead.handover.references == (), "the next pass's is another"


def test_a_link_without_a_hand_over_changes_nothing():
    told = story().tell("email.sent", timedelta(0)).tell("crm.linked", MINUTE, references=(DEAL,))
    assert (told.decision.note, told.all("handover.linked")) == ("there is no hand-over to link", [])


def test_a_deal_that_was_linked_names_its_lead_afterwards():
    memory = Memory(ruling())
    memory.give(signal(1, "form.submitted", form_id="demo"))
    deal = IdentityKey(kind="deal", digest="77")
    linked = signal(2, "crm.linked", references=(DEAL,))
    memory.give(linked.but(identities=(*linked.identities, deal)))
    memory.give(signal(3, "sales.accepted").but(identities=(deal,)))
    (lead,) = map(memory.lead, memory.leads)
    assert lead.handover.accepted_at == START


def test_who_came_back_is_nurtured_with_the_words_in_which_sales_gave_it_back():
    told = story().dealt().tell("sales.returned", HOUR, reason="no budget")
    (entered,) = told.all("nurture.entered")
    assert (entered.reason, entered.detail, entered.programme) == ("returned", "no budget", "wrong-timing")
    assert [data.reason for data in told.all("handover.returned")] == ["no budget"]


@pytest.mark.parametrize("stage", ["contact", "qualification", "hand_over", "deal", "nurturing"])
def test_who_unsubscribes_is_silent_in_every_stage_and_goes_on_in_the_process(stage):
    told = {
        "contact": lambda: story().tell("email.sent", timedelta(0)),
        "qualification": qualifying,
        "hand_over": lambda: story().offered(),
        "deal": lambda: story().dealt(),
        "nurturing": recycled,
    }[stage]()
    told.tell("list.unsubscribed", HOUR)
    assert (told.lead.stage, told.lead.suppressed) == (stage, "consent_withdrawn")
    started = [*told.all("suppression.started"), *told.all("suppression.changed")][-1]
    assert (started.reason, started.exempt_lists) == ("consent_withdrawn", ())
    assert told.tell("email.sent", 2 * HOUR, campaign="service-notices").all("suppression.violated")
    told.tell("consent.given", 3 * HOUR, consents=(Consent(purpose="email", state="given"),))
    assert told.lead.suppressed == (stage if stage in ("hand_over", "deal") else None)


def test_who_wants_no_contact_is_silent_worked_by_nobody_and_timed_by_nothing():
    told = story(FOLLOW_UP).offered().tell("disposition.set", HOUR, sales=Sales(to="do_not_contact"))
    lead = told.lead
    assert (lead.disposition, lead.suppressed, lead.owner) == ("do_not_contact", "do_not_contact", None)
    assert [data.reason for data in told.all("handover.withdrawn")] == ["do_not_contact"]
    assert not [clock for clock in lead.clocks.values() if clock.next_at is not None]
    told.tell("form.submitted", 2 * HOUR, form_id="demo").tell("sales.meeting_booked", 3 * HOUR)
    assert len(told.all("handover.offered")) == 1, "kept, and nothing is made of it"
    assert "the lead is do_not_contact" in told.decision.note
    assert told.tell("email.sent", 4 * HOUR).all("suppression.violated"), "a mail all the same is seen"
    assert told.all("suppression.released") == []


def test_who_may_be_contacted_again_is_offered_again_and_silent_for_the_dialogue_only():
    told = story().offered().tell("disposition.set", HOUR, sales=Sales(to="do_not_contact"))
    told.tell("disposition.set", 2 * HOUR, sales=Sales(to="active"))
    assert (told.lead.stage, told.lead.owner, told.lead.limbo) == ("hand_over", "elin", None)
    told.tell("sales.rejected", 3 * HOUR, reason="wrong timing")
    assert told.lead.suppressed is None and told.all("suppression.released")
