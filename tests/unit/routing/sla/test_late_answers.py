"""Answers and steps of sales that come late, or without a word: who has the lead, and whose promise was kept."""

import pytest

from routing.agreement.advice import advice
from routing.explain.clock import explain_clock
from schemas.signals import Actor, Sales
from tests.setups import START
from tests.stories import DAY, DONE, HOUR, MINUTE, Kept, Story, changed, rules
from tests.tales.late import ANSWER, STEP, WAITS, rules_with

FORM = ("form.submitted", 0 * MINUTE, {"form_id": "demo"})


def actor(person):
    return {"actor": Actor(kind="person", reference=person)}


def call(at, person=None, **more):
    return ("sales.follow_up", at, {"sales": DONE, **(actor(person) if person else {}), **more})


def acceptance(at, person=None, **more):
    return ("sales.accepted", at, {**(actor(person) if person else {}), **more})


def breaches(told):
    """(policy, person) of every clock that stands as breached."""
    return {(clock.policy, clock.person) for clock in told.lead.clocks.values() if clock.state == "breached"}


def story(**handover):
    return Story(rules_with(**handover)).offered()


def tell_in_order(facts, until):
    told = Story(rules_with())
    for kind, at, more in facts:
        told.wait(at).tell(kind, at, **more)
    return told.wait(until)


def tell_last_one_late(facts, until, **handover):
    """The last fact is heard when all that fell due was noticed."""
    told = Story(rules_with(**handover))
    for kind, at, more in facts[:-1]:
        told.wait(at).tell(kind, at, **more)
    kind, at, more = facts[-1]
    return told.wait(until).tell(kind, at, now=until, **more)


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
    told = story().tell("outreach.logged", HOUR, **actor("elin"))
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
        kind, at, **{**known, **actor("elin"), **more} if "automated" in more or "sales" in more else {**known, **more}
    )
    assert (told.lead.stage, told.lead.handover.offers[0].state) == ("hand_over", "open")
    assert told.wait(3 * HOUR).lead.handover.offers[0].state == "expired"


def test_a_step_accepts_nothing_where_the_agreement_says_so():
    told = story(follow_up_accepts=False).tell("sales.follow_up", HOUR, sales=DONE, **actor("elin"))
    assert (told.lead.stage, told.lead.handover.accepted_at) == ("hand_over", None)
    assert told.tell("sales.accepted", 2 * HOUR, **actor("elin")).lead.stage == "deal"


def test_the_owner_of_an_activity_did_it_where_nobody_else_is_named():
    told = story().tell("sales.follow_up", HOUR, sales=Sales(activity_type="call", done=True, owner_id="elin"))
    assert (told.lead.stage, told.lead.owner) == ("deal", "elin")


def test_a_colleagues_call_keeps_the_leads_promise_and_accepts_nothing_and_the_holder_is_told():
    told = story().tell("sales.follow_up", HOUR, sales=DONE, **actor("johan"))
    assert told.lead.stage == "hand_over" and told.all("handover.followed_up") == []
    assert told.clock("waits").state == "fulfilled" and told.clock("step").state == "running"
    (said,) = told.all("lead.touched")
    assert (said.owner.person, said.signal_kind) == ("elin", "sales.follow_up")
    told.tell("sales.accepted", 80 * MINUTE, **actor("elin")).wait(25 * HOUR)
    assert told.lead.stage == "hand_over" and breaches(told) == {("step", "elin")}


def test_a_call_that_came_before_the_form_accepts_the_offer_that_the_form_brings():
    told = Story(rules_with()).tell("email.opened", 0 * MINUTE)
    told.tell("sales.follow_up", 10 * MINUTE, sales=DONE, **actor("elin"))
    told.tell("form.submitted", 5 * MINUTE, now=20 * MINUTE, form_id="demo")
    assert (told.lead.stage, told.lead.owner) == ("deal", "elin")
    assert told.lead.handover.followed_up_at == START + 10 * MINUTE


def test_an_imported_hand_over_is_accepted_by_its_owners_step():
    told = Story(rules_with()).tell("contact.created", mode="import", sales=Sales(to="hand_over", owner_id="elin"))
    assert told.tell("sales.follow_up", HOUR, sales=DONE, **actor("elin")).lead.stage == "deal"


# --- what comes late (tests/tales/late.py has the stories in their orders of arrival) ------------------------------
def test_02_whoever_the_lead_went_on_to_loses_it_while_they_did_nothing_and_all_are_told():
    told = tell_last_one_late([FORM, acceptance(HOUR, "elin")], 3 * HOUR + 30 * MINUTE)
    assert [(o.person, o.state) for o in told.lead.handover.offers] == [("elin", "accepted"), ("johan", "withdrawn")]
    (said,) = told.all("handover.accepted_late")
    assert (said.owner.person, said.holder.person, said.kept_by.person, said.in_time) == ("elin", "johan", "elin", True)
    assert [owner.person for owner in said.to][:2] == ["elin", "johan"]
    assert {"maja"} <= {owner.person for owner in said.to}, "the managers"
    (corrected,) = told.all("sla.corrected", "answer")
    assert (corrected.old, corrected.new, corrected.owner.person) == ("breached", "fulfilled", "elin")
    told.tell("sales.follow_up", 4 * HOUR, sales=DONE, **actor("elin"))
    assert (told.lead.stage, told.lead.owner) == ("deal", "elin")


def test_02_whoever_has_taken_it_meanwhile_keeps_it():
    facts = [FORM, acceptance(3 * HOUR + 10 * MINUTE, "johan"), acceptance(HOUR, "elin")]
    told = tell_last_one_late(facts, 4 * HOUR)
    assert (told.lead.owner, told.lead.handover.current.person) == ("johan", "johan")
    (said,) = told.all("handover.accepted_late")
    assert (said.owner.person, said.holder.person, said.kept_by.person) == ("elin", "johan", "johan")
    assert breaches(told) == set(), "both answered in time"


def test_02_an_acceptance_that_is_told_twice_is_told_once():
    facts = [FORM, acceptance(3 * HOUR + 10 * MINUTE, "johan"), acceptance(HOUR, "elin")]
    told = tell_last_one_late(facts, 4 * HOUR).tell("sales.accepted", HOUR, now=5 * HOUR, **actor("elin"))
    assert len(told.all("handover.accepted_late")) == 1
    assert [said.owner.person for said in told.all("handover.accepted")] == ["johan", "elin"]


def test_02_whoever_won_it_meanwhile_is_the_one_who_had_it():
    facts = [FORM, acceptance(3 * HOUR + 10 * MINUTE, "johan"), ("sales.won", 4 * HOUR, actor("johan"))]
    told = tell_last_one_late([*facts, acceptance(HOUR, "elin")], 5 * HOUR)
    assert [(o.person, o.state) for o in told.lead.handover.offers] == [("elin", "expired"), ("johan", "accepted")]
    assert told.lead.handover.offers[0].answered_at == START + HOUR
    assert breaches(told) == set(), "both answered in time"


def test_02_an_acceptance_after_the_offer_was_over_corrects_nothing_and_takes_the_lead_where_nobody_works_it():
    told = tell_in_order([FORM, acceptance(3 * HOUR + 10 * MINUTE, "elin")], 4 * HOUR)
    assert breaches(told) == {("answer", "elin")} and told.lead.owner == "elin"
    (said,) = told.all("handover.accepted_late")
    assert (said.in_time, said.holder.person, said.kept_by.person) == (False, "johan", "elin")
    facts = [FORM, acceptance(3 * HOUR + 5 * MINUTE, "johan"), acceptance(3 * HOUR + 10 * MINUTE, "elin")]
    told = tell_in_order(facts, 4 * HOUR)
    assert told.lead.owner == "johan" and told.all("handover.accepted_late")[0].kept_by.person == "johan"


def test_03_a_rejection_by_who_lost_the_offer_rejects_nobody_elses():
    refused = ("sales.rejected", 3 * HOUR + 10 * MINUTE, {"reason": "wrong timing", **actor("elin")})
    told = tell_in_order([FORM, refused], 4 * HOUR)
    assert (told.lead.stage, told.lead.owner, told.lead.handover.current.state) == ("hand_over", "johan", "open")
    assert breaches(told) == {("answer", "elin")}


@pytest.mark.parametrize("person", ["elin", None])
def test_10_a_call_that_comes_late_is_of_the_offer_and_the_person_that_it_was_made_for(person):
    told = tell_last_one_late([FORM, call(40 * MINUTE, person)], 3 * HOUR + 30 * MINUTE, follow_up_accepts=False)
    (said,) = told.all("handover.followed_up")
    assert (said.offer_id, said.owner.person) == (told.lead.handover.offers[0].id, "elin")
    assert (told.lead.owner, told.lead.handover.followed_up_at) == ("johan", None)


# --- nobody escapes a promise by letting an offer expire --------------------------------------------------------------
LONG = ANSWER | {"target": "12h elapsed", "ladder": [{"do": "escalate"}]}


def waiting(*policies, **more):
    return Story(rules(list(policies), handover={"offer_expires": "3h elapsed", "calendar": None}, **more)).offered()


def test_an_offer_that_expires_unanswered_is_its_receivers_breach_of_the_answer_at_that_instant():
    told = waiting(LONG).wait(3 * HOUR, late=MINUTE)
    (breach,) = told.all("sla.breached")
    assert (breach.policy, breach.owner.person, breach.due_at) == ("answer", "elin", START + 3 * HOUR)
    assert breach.noticed_at == START + 3 * HOUR + MINUTE
    assert [said.outcome for said in told.all("sla.escalated")] == ["done"], "what comes at once comes"
    told.wait(5 * HOUR)
    assert [(c.person, c.state) for c in told.lead.clocks.values() if c.policy == "answer"] == [
        ("elin", "breached"),
        ("johan", "running"),
    ]


def test_an_answer_in_time_that_comes_late_corrects_that_breach_too():
    told = waiting(LONG).wait(4 * HOUR).tell("sales.accepted", 2 * HOUR, now=4 * HOUR, **actor("elin"))
    (corrected,) = told.all("sla.corrected")
    assert (corrected.old, corrected.new, corrected.due_at) == ("breached", "fulfilled", START + 3 * HOUR)
    assert breaches(told) == set()


def test_who_is_away_when_their_offer_expires_has_broken_nothing():
    away = {"elin": [("2026-11-24T11:00:00+01:00", "2026-11-25T08:00:00+01:00")]}
    answer = LONG | {"absences": True, "target": "2h business", "calendar": "stockholm"}
    told = Story(rules([answer], away, handover={"offer_expires": "3h elapsed", "calendar": None})).offered()
    told.wait(3 * HOUR)
    assert told.lead.handover.offers[0].state == "expired" and breaches(told) == set()


def test_the_headline_promise_follows_the_lead_through_offers_that_expire():
    told = Story(rules([WAITS], handover={"offer_expires": "10h elapsed", "calendar": None})).offered().wait(28 * HOUR)
    (breach,) = told.all("sla.breached", "waits")
    assert breach.due_at == START + DAY and len(told.lead.handover.offers) == 3


def test_the_explanation_says_that_the_offer_ended_before_the_promise_was_due():
    told = Kept(rules([LONG], handover={"offer_expires": "3h elapsed", "calendar": None})).offered().wait(4 * HOUR)
    (clock,) = [c for c in told.lead.clocks.values() if c.person == "elin" and c.policy == "answer"]
    text = explain_clock(clock, None, told.at, told.lead.id).text
    assert "its offer expired unanswered before that: it is due by then" in text and "due 2026-11-24 12:00:00Z" in text


@pytest.mark.parametrize(
    ("policy", "advised"),
    [
        (STEP, True), (STEP | {"starts": "hand_over"}, False), (STEP | {"starts": "acceptance"}, False),
        (STEP | {"target": "2h elapsed"}, False), (ANSWER | {"target": "24h elapsed"}, False),
        (STEP | {"metric": "custom", "fulfil_on": ["sales.task_open"]}, True),
    ],
)  # fmt: skip
def test_advice_is_given_where_an_offer_may_expire_before_a_promise_that_starts_with_it(policy, advised):
    made = rules([policy], handover={"offer_expires": "3h elapsed", "calendar": None}).agreement
    found = list(advice(made))
    assert bool(found) == advised
    assert not advised or (found[0][0], "start it with `hand_over`" in found[0][1]) == (
        ("sla", "policies", 0, "starts"),
        True,
    )


def test_the_example_needs_no_advice():
    assert list(advice(changed().agreement)) == []


# --- the ladder in a deal, meetings, delegation, holds ----------------------------------------------------------------
SILENT = {
    "name": "silent", "metric": "follow_up", "starts": "deal", "recurs": True, "target": "24h elapsed",
    "ladder": [{"after": "1h elapsed", "do": "reassign"}],
}  # fmt: skip


def deal(*policies, **handover):
    given = {"offer_expires": "3h elapsed", "calendar": None, **handover}
    told = Story(rules([*policies, SILENT], handover=given)).offered()
    return told.tell("sales.accepted", 10 * MINUTE, **actor("elin")).tell(
        "sales.follow_up", 20 * MINUTE, sales=DONE, **actor("elin")
    )


def test_05_in_a_deal_the_ladder_offers_it_to_somebody_who_had_no_chance_yet():
    told = deal().wait(25 * HOUR + 20 * MINUTE)
    assert (told.lead.stage, told.lead.owner) == ("deal", "johan")
    assert [(o.person, o.state) for o in told.lead.handover.offers] == [("elin", "withdrawn"), ("johan", "open")]
    assert [said.reason for said in told.all("handover.withdrawn")] == ["sla_breached"]
    assert [said.owner.person for said in told.all("handover.offered")] == ["elin", "johan"]
    told.wait(27 * HOUR)
    assert told.lead.handover.current.state == "open", "in a deal nothing expires"
    assert (told.clock("silent").person, told.clock("silent").state) == ("johan", "running")
    told.tell("sales.follow_up", 28 * HOUR, sales=DONE, **actor("johan"))
    assert told.lead.handover.current.state == "accepted" and told.all("handover.accepted")[-1].owner.person == "johan"


def test_05_never_to_who_let_it_expire_or_rejected_it():
    told = Story(rules([SILENT], handover={"offer_expires": "3h elapsed", "calendar": None, "max_offers": "2"}))
    told.offered().wait(3 * HOUR)
    told.tell("sales.follow_up", 4 * HOUR, sales=DONE, **actor("johan"))
    told.wait(30 * HOUR)
    assert [o.person for o in told.lead.handover.offers] == ["elin", "johan", "karin"]
    told.wait(60 * HOUR)
    assert told.lead.owner == "maja", "the last resort"
    told.wait(90 * HOUR)
    assert [said.outcome for said in told.all("sla.escalated")] == ["done", "done", "nobody_left"]
    assert told.lead.owner == "maja" and len(told.lead.handover.offers) == 4


def test_05_a_rejection_of_what_was_offered_in_a_deal_answers_it():
    answer = ANSWER | {"target": "20h elapsed"}
    told = deal(answer).wait(26 * HOUR).tell("sales.rejected", 27 * HOUR, reason="wrong timing", **actor("johan"))
    assert (told.lead.stage, breaches(told)) == ("nurturing", {("silent", "elin")})
    assert told.all("handover.rejected")[0].owner.person == "johan"
    assert told.clock("answer").state == "fulfilled"


def test_max_offers_bounds_offers_by_rule_and_not_the_ladders():
    waits = WAITS | {"target": "7h elapsed", "ladder": [{"after": "1h elapsed", "do": "reassign"}]}
    told = Story(rules([waits], handover={"offer_expires": "5h elapsed", "calendar": None, "max_offers": "2"}))
    told.offered().wait(9 * HOUR)
    assert [o.person for o in told.lead.handover.offers] == ["elin", "johan", "karin"]
    assert told.wait(20 * HOUR).lead.stage == "nurturing", "no further one is made by rule"


def test_a_meeting_that_its_owner_books_is_a_step_and_accepts():
    told = story().tell("sales.accepted", 10 * MINUTE, **actor("elin"))
    told.tell("sales.meeting_booked", 30 * MINUTE, **actor("elin"))
    assert told.lead.stage == "deal" and told.clock("waits").state == "fulfilled"
    assert told.wait(3 * DAY).lead.owner == "elin" and breaches(told) == set()
    alone = story().tell("sales.meeting_booked", HOUR, **actor("elin"))
    assert (alone.lead.stage, alone.lead.handover.offers[0].state) == ("deal", "accepted")


@pytest.mark.parametrize(
    "more",
    [{}, {"sales": Sales(owner_id="elin")}, {"actor": Actor(kind="automation", reference="elin")}, actor("johan")],
)
def test_a_meeting_that_the_lead_a_program_or_a_colleague_books_is_no_step_of_the_holder(more):
    told = story().tell("sales.accepted", 10 * MINUTE).tell("sales.meeting_booked", 30 * MINUTE, **more)
    assert told.lead.stage == "hand_over" and told.clock("step").state == "running"
    assert told.clock("waits").state == ("fulfilled" if more == actor("johan") else "running")
    assert len(told.all("lead.touched")) == 1


def test_whom_a_promise_was_delegated_to_keeps_it():
    proposal = {
        "name": "proposal",
        "metric": "custom",
        "starts": "deal",
        "target": "48h elapsed",
        "fulfil_on": ["sales.task_open"],
    }
    for command, kept in (("delegate", True), ("assign", False)):
        told = deal(proposal).ask(command, 2 * HOUR, "maja", person="karin")
        told.tell("sales.task_open", 3 * HOUR, **actor("karin"))
        assert (told.clock("proposal").person, told.clock("proposal").state == "fulfilled") == ("elin", kept)


def test_10_a_hold_stops_the_end_of_an_open_offer_and_gives_back_the_time():
    told = story().ask("hold", HOUR).wait(20 * HOUR)
    assert told.lead.handover.offers[0].state == "open"
    told.ask("release", 21 * HOUR)
    assert told.lead.handover.offers[0].expires_at == START + 23 * HOUR
    assert told.wait(23 * HOUR - MINUTE).lead.handover.offers[0].state == "open"
    assert told.wait(23 * HOUR).lead.handover.offers[0].state == "expired"


def test_10_an_offer_that_is_made_during_a_hold_waits_for_its_end():
    told = story().ask("hold", HOUR).tell("sales.owner_changed", 2 * HOUR, sales=Sales(owner_id="karin"))
    assert told.wait(20 * HOUR).lead.handover.current.state == "open"
    told.ask("release", 21 * HOUR).wait(24 * HOUR - MINUTE)
    assert (told.lead.owner, told.lead.handover.current.state) == ("karin", "open")
    assert told.wait(24 * HOUR).lead.handover.offers[1].state == "expired"


def test_10_an_offer_on_hold_can_be_accepted():
    told = story().ask("hold", HOUR).tell("sales.accepted", 2 * HOUR, **actor("elin")).ask("release", 3 * HOUR)
    assert told.wait(2 * DAY).lead.handover.offers[0].state == "accepted"
