"""The rows of the lifecycle and the rules of the hand-over, each by a test that names it."""

from datetime import timedelta

import pytest

from routing.decide import decide
from routing.draft import Context
from routing.lifecycle import TABLE
from routing.model.records import Account
from schemas.signals import Actor, Asserted, Kind, Sales
from tests.setups import START, ruling, signal

RULES = ruling()
MINUTE = timedelta(minutes=1)


class Story:
    """One lead, its signals one after the other."""

    def __init__(self, account=None):
        self.lead, self.ledgers, self.account, self.count, self.said = None, {}, account, 0, []

    def tell(self, kind, after=None, now=None, **more):
        self.count += 1
        at = START + (after if after is not None else self.count * MINUTE)
        item = signal(self.count, kind, at=at, **more)
        context = Context(RULES.agreement, RULES.roster, self.ledgers, self.account, now or at)
        self.decision = decide(self.lead, item, context)
        self.lead = self.decision.lead or self.lead
        self.ledgers |= {ledger.pool: ledger for ledger in self.decision.ledgers}
        self.account = self.decision.account
        self.said += [e.data.type_name.removeprefix("stafett.").removesuffix(".v1") for e in self.decision.emissions]
        return self

    def offered(self):
        return self.tell("form.submitted", form_id="demo")

    def dealt(self):
        return self.offered().tell("sales.accepted").tell("sales.follow_up", sales=Sales(done=True))


def test_every_row_is_reachable_and_stages_are_the_six():
    assert {row.to_stage for row in TABLE} == {
        "prospecting",
        "contact",
        "qualification",
        "hand_over",
        "deal",
        "nurturing",
    }


def test_listing_makes_a_prospect_and_outreach_a_contact():
    story = Story().tell("prospect.listed")
    assert story.lead.stage == "prospecting"
    assert story.tell("email.sent").lead.stage == "contact"


def test_engagement_by_the_definition_leads_to_qualification_with_an_sdr():
    story = Story().tell("email.sent").tell("form.submitted", form_id="news")
    assert (story.lead.stage, story.lead.owner) == ("qualification", "sara")


def test_what_made_the_lead_known_may_come_late_and_still_counts():
    story = Story().tell("email.clicked", after=10 * MINUTE).tell("form.submitted", after=MINUTE, form_id="demo")
    assert story.lead.stage == "hand_over"


def test_a_late_fact_does_not_move_a_lead_back_by_not_now():
    story = Story().tell("message.received", after=10 * MINUTE)
    assert story.lead.stage == "qualification"
    assert story.tell("message.received", after=MINUTE, tags=("not-now",)).lead.stage == "qualification"
    assert story.tell("message.received", after=11 * MINUTE, tags=("not-now",)).lead.stage == "nurturing"


def test_an_auto_reply_is_no_engagement():
    assert Story().tell("email.sent").tell("email.replied", automated=True).lead.stage == "contact"


def test_a_meeting_booked_goes_all_the_way_to_a_named_person():
    story = Story().tell("sales.meeting_booked")
    assert story.lead.stage == "hand_over"
    assert story.lead.handover.offers[0].person == story.lead.owner


@pytest.mark.parametrize(
    ("actor", "stage"), [(Actor(kind="person"), "hand_over"), (Actor(kind="automation"), "contact")]
)
def test_the_sales_ready_tag_counts_when_a_person_set_it(actor, stage):
    assert Story().tell("email.sent").tell("tag.added", tags=("sales-ready",), actor=actor).lead.stage == stage


def test_not_now_goes_back_to_be_kept_warm():
    story = Story().tell("email.sent").tell("form.submitted", form_id="news").tell("form.submitted", form_id="not-now")
    assert (story.lead.stage, story.lead.track, story.lead.pass_number) == ("nurturing", "warm_up", 2)


def test_accepting_does_not_stop_the_follow_up_clock():
    story = Story().offered().tell("sales.accepted")
    assert story.lead.stage == "hand_over"
    assert {c.policy for c in story.lead.clocks.values() if c.state == "running"} >= {"follow-up", "lead-waits"}


def test_accepted_and_followed_up_is_a_deal():
    assert Story().dealt().lead.stage == "deal"


@pytest.mark.parametrize("more", [{"automated": True}, {"sales": Sales(done=False)}, {"actor": Actor(kind="system")}])
def test_what_no_person_did_is_no_follow_up(more):
    story = Story().offered().tell("sales.accepted").tell("sales.follow_up", **more)
    assert story.lead.stage == "hand_over"
    assert {c.policy for c in story.lead.clocks.values() if c.state == "running"} >= {"follow-up", "lead-waits"}


def test_rejected_is_recycled_with_the_reason_and_does_not_bounce_back_with_yesterdays_score():
    story = Story().offered().tell("sales.rejected", reason="wrong timing")
    assert (story.lead.stage, story.lead.track, story.lead.owner) == ("nurturing", "recycle", None)
    assert story.lead.recent == {}
    late = story.tell("form.submitted", after=timedelta(0), form_id="demo")
    assert late.lead.stage == "nurturing"
    assert story.tell("form.submitted", form_id="demo").lead.pass_number == 2
    assert story.lead.handover.pass_number == 2


def test_won_goes_to_growth_with_an_account_manager():
    story = Story().dealt().tell("sales.won", amount=10.0)
    assert (story.lead.stage, story.lead.track, story.lead.owner) == ("nurturing", "growth", "olof")


def test_won_in_hand_over_passes_through_deal():
    story = Story().offered().tell("sales.won")
    assert [t.to_stage for t in story.decision.transitions] == ["deal", "nurturing"]


@pytest.mark.parametrize("kind", ["sales.lost", "sales.returned"])
def test_lost_or_returned_is_recycled(kind):
    assert Story().dealt().tell(kind).lead.track == "recycle"


def test_dialogue_suppresses_marketing_and_its_end_releases():
    story = Story().offered()
    assert story.said.count("suppression.started") == 1
    assert "suppression.violated" in story.tell("email.sent", campaign="spring").said
    assert "suppression.released" in story.tell("sales.rejected").said


def test_mail_of_an_exempt_list_violates_nothing():
    assert "suppression.violated" not in Story().offered().tell("email.sent", campaign="service-notices").said


def test_consent_withdrawn_wins_and_is_not_released():
    story = Story().offered().tell("consent.withdrawn").tell("sales.rejected")
    assert "suppression.released" not in story.said


def test_every_further_touch_is_told_to_the_owner():
    assert Story().offered().tell("page.visited").said[-1] == "lead.touched"


def test_only_active_leads_are_routed_and_timed():
    story = Story().offered().tell("disposition.set", sales=Sales(to="spam"))
    assert "handover.withdrawn" in story.said
    assert all(clock.state != "running" for clock in story.lead.clocks.values())
    assert story.tell("sales.meeting_booked").lead.stage == "hand_over"


def test_a_colleague_of_an_account_in_dialogue_joins_its_owner():
    account = Account(id="acc_1", brand="default", open={"lead_other": "karin"})
    story = Story(account).offered()
    assert story.lead.owner == "karin"
    assert "field" not in story.ledgers


def test_a_hunters_own_prospect_stays_with_the_hunter():
    story = Story().tell("outreach.logged", actor=Actor(kind="person", reference="johan")).offered()
    assert story.lead.handover.offers[0].person == "johan"
    assert "field" not in story.ledgers


def test_another_owner_by_hand_in_the_crm_is_obeyed_as_another_offer_of_the_same_hand_over():
    story = Story().offered().tell("sales.owner_changed", sales=Sales(owner_id="karin"))
    assert [(o.person, o.state) for o in story.lead.handover.offers] == [("elin", "withdrawn"), ("karin", "open")]
    assert len({o.id.rpartition(".")[0] for o in story.lead.handover.offers}) == 1


def test_a_follow_up_in_time_that_arrives_after_the_breach_corrects_it():
    story = Story().offered().tell("sales.accepted")
    late = story.tell("sales.follow_up", after=timedelta(days=1, hours=1))
    assert late.said.count("sla.breached") == 1
    story.tell("sales.follow_up", after=timedelta(hours=2))
    corrected = [e.data for e in story.decision.emissions if e.data.type_name == "stafett.sla.corrected.v1"]
    assert [(c.policy, c.old, c.new) for c in corrected] == [
        ("follow-up", "breached", "fulfilled"),
        ("lead-waits", "fulfilled", "fulfilled"),
    ]


def test_a_test_delivery_is_never_a_lead():
    assert Story().tell("form.submitted", mode="test").lead is None


def test_an_import_starts_no_clock_makes_no_offer_and_touches_no_ledger():
    story = Story().tell("contact.created", mode="import", sales=Sales(to="hand_over", owner_id="elin"))
    assert (story.lead.stage, story.lead.owner) == ("hand_over", "elin")
    assert story.lead.clocks == {} and story.ledgers == {} and "handover.offered" not in story.said


def test_observe_decides_everything_and_touches_no_ledger():
    story = Story().tell("form.submitted", mode="observe", form_id="demo")
    assert story.lead.stage == "hand_over"
    assert story.ledgers == {}
    assert {e.data.mode for e in story.decision.emissions} == {"observe"}


def test_every_kind_is_decided_on_in_every_stage_and_nobody_is_in_limbo():
    beginnings = [
        lambda: Story().tell("prospect.listed"),
        lambda: Story().tell("email.sent"),
        lambda: Story().tell("email.sent").tell("form.submitted", form_id="news"),
        lambda: Story().offered(),
        lambda: Story().dealt(),
        lambda: Story().dealt().tell("sales.lost"),
    ]
    for begin in beginnings:
        for kind in Kind:
            lead = begin().tell(kind).lead
            assert lead.owner or lead.unowned_reason


def test_a_lead_that_is_active_again_is_offered_again_to_who_had_it():
    story = Story().offered().tell("disposition.set", sales=Sales(to="spam"))
    assert story.lead.unowned_reason == "spam"
    story.tell("disposition.set", sales=Sales(to="active"))
    assert [(o.person, o.state) for o in story.lead.handover.offers] == [("elin", "withdrawn"), ("elin", "open")]
    assert story.lead.owner == "elin"


def test_a_disposition_of_before_does_not_undo_a_later_one():
    story = Story().offered().tell("disposition.set", sales=Sales(to="spam"))
    assert story.tell("disposition.set", after=timedelta(0), sales=Sales(to="active")).lead.disposition == "spam"


def test_a_rejection_of_an_earlier_offer_that_comes_late_rejects_not_the_next_persons():
    story = Story().offered().tell("sales.owner_changed", sales=Sales(owner_id="karin"))
    first = story.lead.handover.offers[0].id
    assert story.tell("sales.rejected", offer_id=first).lead.stage == "hand_over"
    assert story.tell("sales.rejected", after=MINUTE, now=START + 9 * MINUTE).lead.stage == "hand_over"
    assert story.tell("sales.rejected").lead.stage == "nurturing"


def test_a_loss_from_before_the_hand_over_ends_nothing_unless_it_names_it():
    story = Story().offered().tell("sales.lost", after=-MINUTE)
    assert story.lead.stage == "hand_over"
    assert "earlier hand-over" in story.decision.note
    assert story.tell("sales.lost", after=-MINUTE, handover_id=story.lead.handover.id).lead.stage == "nurturing"
    assert story.lead.pass_since >= story.lead.created_at


def test_who_takes_over_by_hand_has_to_accept_for_themselves():
    story = Story().offered().tell("sales.accepted").tell("sales.owner_changed", sales=Sales(owner_id="karin"))
    assert story.tell("sales.follow_up").lead.stage == "hand_over"
    assert story.tell("sales.accepted").lead.stage == "deal"


def test_consent_given_again_after_a_withdrawal_releases():
    story = Story().tell("email.sent").tell("consent.withdrawn").tell("consent.given", after=timedelta(0))
    assert story.lead.suppressed == "consent_withdrawn", "an older consent undoes no withdrawal"
    assert story.tell("consent.given").lead.suppressed is None


def test_a_dialogue_that_ends_in_qualification_releases_too():
    story = Story().tell("outreach.logged", actor=Actor(kind="person", reference="johan")).tell("email.replied")
    assert (story.lead.stage, story.lead.suppressed) == ("qualification", "dialogue")
    assert story.tell("form.submitted", form_id="not-now").lead.suppressed is None


@pytest.mark.parametrize(("kind", "stage"), [("sales.rejected", "nurturing"), ("sales.accepted", "hand_over")])
def test_an_imported_hand_over_can_be_answered(kind, stage):
    story = Story().tell("contact.created", mode="import", sales=Sales(to="hand_over", owner_id="elin")).tell(kind)
    assert story.lead.stage == stage
    assert story.tell("sales.follow_up").lead.stage == {"hand_over": "deal", "nurturing": "nurturing"}[stage]


def test_a_customer_is_imported_into_growth_with_the_account_manager():
    said = Asserted(track="growth")
    story = Story().tell(
        "contact.created", mode="import", asserted=said, sales=Sales(to="nurturing", owner_id="olof"), language="sv-SE"
    )
    lead = story.lead
    assert (lead.stage, lead.track, lead.owner, lead.language) == ("nurturing", "growth", "olof", "sv")
    assert not lead.clocks and not lead.handover


def test_an_imported_disposition_holds_and_one_who_asked_to_be_left_alone_is_heard_even_where_a_hand_over_is_open():
    story = Story().tell(
        "contact.created", mode="import", asserted=Asserted(disposition="not_a_buyer"), sales=Sales(to="deal")
    )
    assert (story.lead.disposition, story.lead.owner, story.lead.limbo) == ("not_a_buyer", None, None)
    worked = Story().offered().tell("contact.updated", mode="import", asserted=Asserted(disposition="spam"))
    assert worked.lead.disposition == "active"
    worked.tell("contact.updated", mode="import", asserted=Asserted(disposition="do_not_contact"))
    assert (worked.lead.disposition, worked.lead.suppressed) == ("do_not_contact", "do_not_contact")


def test_an_import_changes_nothing_of_a_lead_that_is_worked_here():
    story = Story().offered().tell("contact.updated", mode="import", sales=Sales(to="contact"))
    assert story.lead.stage == "hand_over"
