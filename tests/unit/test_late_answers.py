"""Answers and steps of sales that come late, or without a word: who has the lead, and whose promise was kept."""

import pytest

from schemas.signals import Actor, Sales
from tests.setups import START
from tests.stories import DAY, DONE, HOUR, MINUTE, Story, rules, told_in_order, told_late, told_reversed

ANSWER = {"name": "answer", "metric": "acceptance", "starts": "offer", "target": "90m elapsed"}
STEP = {"name": "step", "metric": "follow_up", "starts": "offer", "target": "24h elapsed"}
WAITS = {"name": "waits", "metric": "follow_up", "starts": "hand_over", "target": "24h elapsed"}
FORM = ("form.submitted", 0 * MINUTE, {"form_id": "demo"})
ORDERS = [told_in_order, told_late, told_reversed]
every_order = pytest.mark.parametrize("heard", ORDERS, ids=lambda order: order.__name__)


def by(person):
    return {"actor": Actor(kind="person", reference=person)}


def call(at, person=None, **more):
    return ("sales.follow_up", at, {"sales": DONE, **(by(person) if person else {}), **more})


def accepted(at, person=None, **more):
    return ("sales.accepted", at, {**(by(person) if person else {}), **more})


def agreed(**handover):
    given = {"offer_expires": "3h elapsed", "calendar": None, **handover}
    return rules([ANSWER, STEP, WAITS], handover=given)


def breaches(told):
    """(policy, person) of every clock that stands as breached."""
    return {(clock.policy, clock.person) for clock in told.lead.clocks.values() if clock.state == "breached"}


def story(**handover):
    return Story(agreed(**handover)).offered()


# --- a step accepts ---------------------------------------------------------------------------------------------------
def test_who_was_offered_the_lead_and_calls_has_accepted_it():
    told = story().tell(*call(HOUR, "elin")[:2], **call(HOUR, "elin")[2])
    assert (told.lead.stage, told.lead.handover.offers[0].state) == ("deal", "accepted")
    assert told.lead.handover.accepted_at == told.lead.handover.followed_up_at == START + HOUR
    (said,) = told.all("handover.accepted")
    assert said.owner.person == "elin"
    told.wait(4 * HOUR)
    assert told.all("handover.expired") == [] and told.lead.owner == "elin" and breaches(told) == set()


def test_a_personal_message_of_who_was_offered_it_accepts_as_well():
    told = story().tell("outreach.logged", HOUR, **by("elin"))
    assert (told.lead.stage, told.lead.owner) == ("deal", "elin")


@pytest.mark.parametrize(
    "more",
    [
        {"automated": True}, {"sales": Sales(done=False)}, {"actor": Actor(kind="automation", reference="elin")},
        {"actor": Actor(kind="person", reference="johan")}, {"actor": Actor(kind="person", reference="nobody")}, {},
    ],
    ids=["automated", "planned", "by a program", "by a colleague", "by a stranger", "by nobody named"],
)  # fmt: skip
def test_no_other_step_accepts(more):
    kind, at, known = call(HOUR)
    told = story().tell(
        kind, at, **{**known, **by("elin"), **more} if "automated" in more or "sales" in more else {**known, **more}
    )
    assert (told.lead.stage, told.lead.handover.offers[0].state) == ("hand_over", "open")
    assert told.wait(3 * HOUR).lead.handover.offers[0].state == "expired"


def test_a_step_accepts_nothing_where_the_agreement_says_so():
    told = story(follow_up_accepts=False).tell("sales.follow_up", HOUR, sales=DONE, **by("elin"))
    assert (told.lead.stage, told.lead.handover.accepted_at) == ("hand_over", None)
    assert told.tell("sales.accepted", 2 * HOUR, **by("elin")).lead.stage == "deal"


def test_the_owner_of_an_activity_did_it_where_nobody_else_is_named():
    told = story().tell("sales.follow_up", HOUR, sales=Sales(activity_type="call", done=True, owner_id="elin"))
    assert (told.lead.stage, told.lead.owner) == ("deal", "elin")


def test_a_colleagues_call_keeps_the_leads_promise_and_accepts_nothing_and_the_holder_is_told():
    told = story().tell("sales.follow_up", HOUR, sales=DONE, **by("johan"))
    assert told.lead.stage == "hand_over" and told.all("handover.followed_up") == []
    assert told.clock("waits").state == "fulfilled" and told.clock("step").state == "running"
    (said,) = told.all("lead.touched")
    assert (said.owner.person, said.signal_kind) == ("elin", "sales.follow_up")
    told.tell("sales.accepted", 80 * MINUTE, **by("elin")).wait(25 * HOUR)
    assert told.lead.stage == "hand_over" and breaches(told) == {("step", "elin")}


def test_a_call_that_came_before_the_form_accepts_the_offer_that_the_form_brings():
    told = Story(agreed()).tell("email.opened", 0 * MINUTE)
    told.tell("sales.follow_up", 10 * MINUTE, sales=DONE, **by("elin"))
    told.tell("form.submitted", 5 * MINUTE, now=20 * MINUTE, form_id="demo")
    assert (told.lead.stage, told.lead.owner) == ("deal", "elin")
    assert told.lead.handover.followed_up_at == START + 10 * MINUTE


def test_an_imported_hand_over_is_accepted_by_its_owners_step():
    told = Story(agreed()).tell("contact.created", mode="import", sales=Sales(to="hand_over", owner_id="elin"))
    assert told.tell("sales.follow_up", HOUR, sales=DONE, **by("elin")).lead.stage == "deal"


# --- stories: the order of arrival changes no verdict -----------------------------------------------------------------
@every_order
def test_02_an_acceptance_in_time_keeps_the_promise_to_answer_also_when_the_offer_had_expired(heard):
    told = heard(agreed(), [FORM, accepted(HOUR, "elin")], 3 * HOUR + 30 * MINUTE)
    assert breaches(told) == set()
    assert (told.lead.owner, told.lead.handover.current.state) == ("elin", "accepted")
    assert told.clock("step").person == "johan" or heard is told_in_order
    assert [c.state for c in told.lead.clocks.values() if (c.policy, c.person) == ("step", "elin")] == ["running"]


def test_02_whoever_the_lead_went_on_to_loses_it_while_they_did_nothing_and_all_are_told():
    told = told_late(agreed(), [FORM, accepted(HOUR, "elin")], 3 * HOUR + 30 * MINUTE)
    assert [(o.person, o.state) for o in told.lead.handover.offers] == [("elin", "accepted"), ("johan", "withdrawn")]
    (said,) = told.all("handover.accepted_late")
    assert (said.owner.person, said.holder.person, said.kept_by.person, said.in_time) == ("elin", "johan", "elin", True)
    assert [owner.person for owner in said.to][:2] == ["elin", "johan"]
    assert {"maja"} <= {owner.person for owner in said.to}, "the managers"
    (corrected,) = told.all("sla.corrected", "answer")
    assert (corrected.old, corrected.new, corrected.owner.person) == ("breached", "fulfilled", "elin")
    told.tell("sales.follow_up", 4 * HOUR, sales=DONE, **by("elin"))
    assert (told.lead.stage, told.lead.owner) == ("deal", "elin")


def test_02_whoever_has_taken_it_meanwhile_keeps_it():
    facts = [FORM, accepted(3 * HOUR + 10 * MINUTE, "johan"), accepted(HOUR, "elin")]
    told = told_late(agreed(), facts, 4 * HOUR)
    assert (told.lead.owner, told.lead.handover.current.person) == ("johan", "johan")
    (said,) = told.all("handover.accepted_late")
    assert (said.owner.person, said.holder.person, said.kept_by.person) == ("elin", "johan", "johan")
    assert breaches(told) == set(), "both answered in time"


def test_02_an_acceptance_that_is_told_twice_is_told_once():
    facts = [FORM, accepted(3 * HOUR + 10 * MINUTE, "johan"), accepted(HOUR, "elin")]
    told = told_late(agreed(), facts, 4 * HOUR).tell("sales.accepted", HOUR, now=5 * HOUR, **by("elin"))
    assert len(told.all("handover.accepted_late")) == 1
    assert [said.owner.person for said in told.all("handover.accepted")] == ["johan", "elin"]


def test_02_an_acceptance_after_the_offer_was_over_corrects_nothing_and_takes_the_lead_where_nobody_works_it():
    told = told_in_order(agreed(), [FORM, accepted(3 * HOUR + 10 * MINUTE, "elin")], 4 * HOUR)
    assert breaches(told) == {("answer", "elin")} and told.lead.owner == "elin"
    (said,) = told.all("handover.accepted_late")
    assert (said.in_time, said.holder.person, said.kept_by.person) == (False, "johan", "elin")
    facts = [FORM, accepted(3 * HOUR + 5 * MINUTE, "johan"), accepted(3 * HOUR + 10 * MINUTE, "elin")]
    told = told_in_order(agreed(), facts, 4 * HOUR)
    assert told.lead.owner == "johan" and told.all("handover.accepted_late")[0].kept_by.person == "johan"


@every_order
def test_03_a_rejection_in_time_keeps_the_promise_and_its_reason_is_told_also_when_the_offer_had_expired(heard):
    refused = ("sales.rejected", HOUR, {"reason": "no time", **by("elin")})
    told = heard(agreed(), [FORM, refused], 3 * HOUR + 30 * MINUTE)
    assert ("answer", "elin") not in breaches(told)
    assert [(said.owner.person, said.reason) for said in told.all("handover.rejected")] == [("elin", "no time")]
    assert (told.lead.handover.offers[0].state, told.lead.handover.offers[0].reason) == ("rejected", "no time")
    assert told.lead.owner == "johan"


def test_03_a_rejection_by_who_lost_the_offer_rejects_nobody_elses():
    refused = ("sales.rejected", 3 * HOUR + 10 * MINUTE, {"reason": "wrong timing", **by("elin")})
    told = told_in_order(agreed(), [FORM, refused], 4 * HOUR)
    assert (told.lead.stage, told.lead.owner, told.lead.handover.current.state) == ("hand_over", "johan", "open")
    assert breaches(told) == {("answer", "elin")}


@every_order
def test_04_what_was_accepted_and_called_before_it_was_lost_kept_both_promises(heard):
    facts = [FORM, accepted(HOUR, "elin"), call(80 * MINUTE, "elin"), ("sales.lost", 2 * HOUR, {"reason": "price"})]
    told = heard(agreed(), facts, 2 * HOUR + 30 * MINUTE)
    assert (told.lead.stage, breaches(told)) == ("nurturing", set())
    states = {(c.policy, c.state) for c in told.lead.clocks.values() if c.person == "elin"}
    assert states == {("answer", "fulfilled"), ("step", "fulfilled")}


@pytest.mark.parametrize("accepts", [True, False])
@every_order
def test_06_a_lead_stays_in_hand_over_until_whoever_accepted_it_follows_up(heard, accepts):
    facts = [FORM, call(HOUR, "elin"), accepted(3 * HOUR + 20 * MINUTE, "johan")]
    more = {"late": 1} if heard is told_late else {}
    told = heard(agreed(follow_up_accepts=accepts), facts, 3 * HOUR + 30 * MINUTE, **more)
    if accepts and heard is told_in_order:
        assert (told.lead.stage, told.lead.owner) == ("deal", "elin"), "her call accepted it"
        return
    # Heard only after he had accepted, it takes nothing from him.
    assert (told.lead.stage, told.lead.owner) == ("hand_over", "johan")
    assert told.tell("sales.follow_up", 4 * HOUR, sales=DONE, **by("johan")).lead.stage == "deal"


@pytest.mark.parametrize("person", ["elin", None])
def test_10_a_call_that_comes_late_is_of_the_offer_and_the_person_that_it_was_made_for(person):
    told = told_late(agreed(follow_up_accepts=False), [FORM, call(40 * MINUTE, person)], 3 * HOUR + 30 * MINUTE)
    (said,) = told.all("handover.followed_up")
    assert (said.offer_id, said.owner.person) == (told.lead.handover.offers[0].id, "elin")
    assert (told.lead.owner, told.lead.handover.followed_up_at) == ("johan", None)


@every_order
def test_10_a_call_accepts_in_whatever_order_it_comes(heard):
    told = heard(agreed(), [FORM, call(40 * MINUTE, "elin")], 3 * HOUR + 30 * MINUTE)
    assert (told.lead.stage, told.lead.owner, breaches(told)) == ("deal", "elin", set())
    (said,) = told.all("handover.followed_up")
    assert (said.offer_id, said.owner.person) == (told.lead.handover.offers[0].id, "elin")


@every_order
def test_an_acceptance_before_the_call_is_when_it_was_accepted(heard):
    told = heard(agreed(), [FORM, accepted(HOUR, "elin"), call(100 * MINUTE, "elin")], 2 * HOUR)
    assert (told.lead.stage, told.lead.handover.accepted_at, breaches(told)) == ("deal", START + HOUR, set())
    told.wait(DAY)
    assert len(told.all("handover.accepted")) == 1
