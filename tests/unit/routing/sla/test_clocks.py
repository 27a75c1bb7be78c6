"""SLA clocks: what starts, pauses, resumes and keeps them; warnings, the ladder, late facts. Each rule by its name."""

import itertools
from datetime import timedelta

import pytest

from routing.agreement.agreement import compile_agreement
from schemas.signals import Actor, Sales
from schemas.yamlfile import FileError
from tests.setups import EXAMPLES, START
from tests.stories import DAY, DONE, HOUR, MINUTE, Story, rules

FOLLOW_UP = {"name": "follow-up", "metric": "follow_up", "starts": "offer", "target": "24h elapsed"}
NO_EXPIRY = {"handover": {"offer_expires": "900h elapsed", "calendar": None}}


def story(*policies, absences=None, **changes):
    handover = {"max_offers": "3", **changes.pop("handover", {})}
    made = Story(rules(policies, absences, **changes))
    # The offer's own end is no part of these stories.
    file = made.rules.agreement.file
    quiet = file.model_copy(
        update={"handover": file.handover.model_copy(update={"offer_expires": None} | _whole(handover))}
    )
    made.rules = made.rules._replace(agreement=made.rules.agreement._replace(file=quiet))
    return made


def _whole(handover):
    return {key: int(value) for key, value in handover.items()}


def promise(**more):
    return {**FOLLOW_UP, **more}


# --- conditions and starts --------------------------------------------------------------------------------------------
def test_a_policy_holds_for_leads_that_meet_its_condition_when_it_would_start():
    large = promise(name="large", when="'enterprise' in lead.tags", target="2h elapsed")
    assert not story(large).offered().lead.clocks
    told = story(large).tell("form.submitted", timedelta(0), form_id="demo", tags=("enterprise",))
    assert [c.policy for c in told.lead.clocks.values()] == ["large"]


def test_several_clocks_run_on_one_lead_and_the_leads_and_the_owners_are_apart():
    waits = promise(name="lead-waits", starts="hand_over", target="48h elapsed")
    told = story(promise(ladder=[{"do": "reassign"}]), waits).offered().wait(DAY)
    assert [c.state for c in told.lead.clocks.values() if c.policy == "lead-waits"] == ["running"]
    assert told.clock("lead-waits").started_at == START
    assert told.clock("follow-up").started_at == START + DAY, "the second person's begins with the offer to them"


def test_acceptance_is_kept_by_an_answer_of_either_kind():
    answer = promise(name="answer", metric="acceptance", target="2h elapsed")
    for kind in ("sales.accepted", "sales.rejected"):
        told = story(answer).offered().tell(kind, HOUR, reason="wrong timing").wait(DAY)
        assert [d.fulfilled_at for d in told.all("sla.fulfilled", "answer")] == [START + HOUR]
        assert told.all("sla.breached") == []
    assert len(story(answer).offered().wait(DAY).all("sla.breached", "answer")) == 1


def test_time_in_qualification_ends_when_the_lead_leaves_it():
    judge = promise(name="judge", metric="qualification", starts="qualification", target="8h elapsed")
    told = story(judge).tell("email.sent").tell("form.submitted", form_id="news")
    assert told.clock("judge").state == "running"
    told.tell("form.submitted", HOUR, form_id="not-now")
    assert told.clock("judge").state == "fulfilled"
    assert told.clock("judge").side == "marketing"


def test_an_agreed_signal_starts_a_clock_and_another_keeps_it():
    reply = {
        "name": "reply", "metric": "custom", "starts": "signal", "start_on": ["message.received"],
        "fulfil_on": [{"kind": "email.sent", "when": "signal.source == 'web'"}], "target": "4h elapsed",
    }  # fmt: skip
    told = story(reply).tell("message.received", HOUR)
    assert told.clock("reply").due_at == START + 5 * HOUR
    told.tell("message.received", 2 * HOUR)
    assert len(told.lead.clocks) == 1, "one question is open; the second does not start another clock"
    assert told.tell("email.sent", 3 * HOUR).clock("reply").state == "fulfilled"
    assert len(told.tell("message.received", 6 * HOUR).lead.clocks) == 2


@pytest.mark.parametrize("more", [{"automated": True}, {"actor": Actor(kind="system")}])
def test_auto_replies_and_system_made_records_neither_start_nor_fulfil(more):
    reply = {
        "name": "reply", "metric": "custom", "starts": "signal", "start_on": ["email.replied"],
        "fulfil_on": ["outreach.logged"], "target": "4h elapsed",
    }  # fmt: skip
    told = story(reply).tell("email.sent").tell("email.replied", **more)
    assert told.lead.clocks == {}
    told.tell("email.replied").tell("outreach.logged", **more)
    assert told.clock("reply").state == "running"


# --- pauses -----------------------------------------------------------------------------------------------------------
PAUSED = promise(pause_on=["sales.meeting_booked"], resume_on=["sales.meeting_cancelled"])


def test_an_agreed_pause_moves_the_due_instant_by_its_exact_length():
    told = story(PAUSED).offered().tell("sales.meeting_booked", HOUR)
    assert told.clock("follow-up").state == "paused"
    assert told.wait(3 * DAY).all("sla.breached") == []
    told.tell("sales.meeting_cancelled", 3 * DAY + timedelta(microseconds=7))
    assert told.clock("follow-up").due_at == START + 3 * DAY + 23 * HOUR + timedelta(microseconds=7)
    assert [len(told.all(f"sla.{name}")) for name in ("paused", "resumed", "corrected")] == [1, 1, 0]


def test_a_pause_that_arrives_after_the_breach_takes_the_breach_back_and_a_second_one_is_never_said():
    told = story(PAUSED).offered().wait(25 * HOUR)
    assert len(told.all("sla.breached")) == 1
    told.tell("sales.meeting_booked", 2 * HOUR, now=26 * HOUR)
    assert [(d.old, d.new) for d in told.all("sla.corrected")] == [("breached", "paused")]
    told.tell("sales.meeting_cancelled", 30 * HOUR).wait(10 * DAY)
    assert len(told.all("sla.breached")) == 1
    assert [(d.old, d.new) for d in told.all("sla.corrected")][1:] == [("running", "breached")]


def test_pauses_and_touches_give_the_same_verdict_in_whatever_order_they_arrive():
    facts = [
        ("sales.meeting_booked", HOUR, {}),
        ("sales.meeting_cancelled", 5 * HOUR, {}),
        ("sales.follow_up", 27 * HOUR, {"sales": DONE}),
        ("sales.follow_up", 30 * HOUR, {"sales": DONE}),
    ]
    verdicts = set()
    for order in itertools.permutations(facts):
        told = story(PAUSED).offered()
        for kind, at, more in order:
            told.tell(kind, at, now=31 * HOUR, **more)
        clock = told.clock("follow-up")
        verdicts.add((clock.state, clock.due_at, clock.ended_at))
    assert verdicts == {("fulfilled", START + 28 * HOUR, START + 27 * HOUR)}


# --- absences ---------------------------------------------------------------------------------------------------------
ABSENT = promise(target="4h business", calendar="stockholm", absences=True)


@pytest.mark.parametrize("until", ["2045-01-01T00:00:00Z", "2099-12-31T23:59:59Z"])
def test_who_is_away_until_a_year_that_nobody_can_reckon_to_has_a_clock_that_stands_still(until):
    away = {"elin": [("2026-11-24T12:00:00+01:00", until)]}
    told = story(ABSENT, absences=away).offered()
    assert (told.clock("follow-up").state, told.clock("follow-up").person) == ("paused", "elin")
    nobody_knows = story(ABSENT, absences={"elin": [("2026-11-24T12:00:00+01:00", None)]}).offered()
    assert told.clock("follow-up").next_at == nobody_knows.clock("follow-up").next_at, "looked at again, hour by hour"


def test_a_persons_absence_does_not_count_where_the_policy_says_so():
    away = {"elin": [("2026-11-24T12:00:00+01:00", "2026-11-25T13:00:00+01:00")]}
    with_absence, without = (
        story(ABSENT, absences=away).offered(),
        story(promise(**{**ABSENT, "absences": False}), absences=away).offered(),
    )
    assert with_absence.clock("follow-up").person == "elin"
    # Offered at 10:00; two hours before lunch and the absence, two more from 13:00 the day after.
    assert with_absence.clock("follow-up").due_at == START + DAY + 5 * HOUR
    assert without.clock("follow-up").due_at == START + 5 * HOUR


def test_somebody_who_falls_ill_meanwhile_is_not_in_breach_and_the_correction_says_why():
    told = story(ABSENT).offered()
    assert told.clock("follow-up").due_at == START + 5 * HOUR
    told.rules = told.rules._replace(
        roster=rules(absences={"elin": [("2026-11-24T11:00:00+01:00", "2026-11-25T08:00:00+01:00")]}).roster
    )
    told.wait(5 * HOUR)
    assert told.all("sla.breached") == []
    assert [(d.reason, d.old_due_at, d.due_at) for d in told.all("sla.corrected")] == [
        ("absence", START + 5 * HOUR, START + DAY + HOUR)
    ]


def test_while_nobody_knows_when_somebody_returns_the_clock_stands_still_and_goes_on_after_it():
    told = story(ABSENT).offered()
    told.rules = told.rules._replace(roster=rules(absences={"elin": [("2026-11-24T11:00:00+01:00", None)]}).roster)
    told.wait(2 * DAY)
    assert told.clock("follow-up").state == "paused"
    assert len(told.all("sla.paused")) == 1
    back = {"elin": [("2026-11-24T11:00:00+01:00", "2026-11-26T13:00:00+01:00")]}
    told.rules = told.rules._replace(roster=rules(absences=back).roster)
    told.wait(5 * DAY)
    breached = told.all("sla.breached")
    assert [d.due_at for d in breached] == [START + 2 * DAY + 6 * HOUR]


def test_absences_move_whole_days_by_the_open_time_that_they_take_also_within_a_day():
    policy = {**ABSENT, "target": "2 business days"}
    hour = story(policy, absences={"elin": [("2026-11-25T11:00:00+01:00", "2026-11-25T14:00:00+01:00")]}).offered()
    day = story(policy, absences={"elin": [("2026-11-25T00:00:00+01:00", "2026-11-26T00:00:00+01:00")]}).offered()
    assert [each.clock("follow-up").person for each in (hour, day)] == ["elin", "elin"]
    assert hour.clock("follow-up").due_at == START + 3 * DAY, (
        "Friday 10:00: two open hours of Wednesday are made up for"
    )
    assert day.clock("follow-up").due_at == START + 5 * DAY + 23 * HOUR, "Friday has seven hours, Monday one"


def test_a_pause_ends_when_it_ended_not_with_an_absence_that_is_still_to_come():
    away = {"elin": [("2026-11-25T08:00:00+01:00", "2026-11-26T08:00:00+01:00")]}
    told = story(
        {**ABSENT, "target": "12h business", **{k: PAUSED[k] for k in ("pause_on", "resume_on")}}, absences=away
    )
    told.offered().tell("sales.meeting_booked", HOUR).tell("sales.meeting_cancelled", 2 * HOUR)
    assert [d.resumed_at for d in told.all("sla.resumed")] == [START + 2 * HOUR]


# --- warnings and the ladder ------------------------------------------------------------------------------------------
def test_warnings_are_said_at_their_instants_before_due_each_once():
    told = story(promise(warnings=["4h elapsed", "1h elapsed"])).offered().wait(2 * DAY)
    assert [(d.warning, d.warned_at - START) for d in told.all("sla.warned")] == [(1, 20 * HOUR), (2, 23 * HOUR)]
    assert [d.due_at for d in told.all("sla.breached")] == [START + DAY]


def test_a_warning_in_open_time_looks_back_over_the_night():
    told = story(promise(target="1 business day", calendar="stockholm", warnings=["9h business"])).offered()
    # Due Wednesday 17:00; eight open hours on Wednesday, and one more on Tuesday from 16:00.
    assert told.clock("follow-up").next_at == START + 6 * HOUR


def test_what_is_kept_is_not_warned_of():
    told = story(promise(warnings=["4h elapsed"])).offered().tell("sales.follow_up", HOUR, sales=DONE).wait(2 * DAY)
    assert told.all("sla.warned") == [] and told.all("sla.breached") == []


def test_after_an_outage_a_breach_is_said_once_and_warns_of_nothing_that_is_past():
    told = story(promise(warnings=["4h elapsed"])).offered().wait(3 * DAY, late=2 * DAY)
    assert told.all("sla.warned") == []
    assert [(d.due_at - START, d.noticed_at - d.due_at) for d in told.all("sla.breached")] == [(DAY, 48 * HOUR)]


LADDER = [
    {"do": "notify"},
    {"after": "1h elapsed", "do": "escalate"},
    {"after": "2h elapsed", "do": "reassign"},
    {"after": "3h elapsed", "do": "take_back"},
]


def test_a_breach_climbs_the_ladder_at_the_agreed_instants():
    waits = promise(name="lead-waits", starts="hand_over", ladder=LADDER)
    told = story(waits).offered().wait(DAY + 6 * HOUR)
    steps = told.all("sla.escalated")
    # The second person has had it since the third rung, so the fourth is counted from there.
    assert [(d.action, d.outcome, d.escalated_at - START - DAY) for d in steps] == [
        ("notify", "done", 0 * HOUR),
        ("escalate", "done", 1 * HOUR),
        ("reassign", "done", 2 * HOUR),
        ("take_back", "done", 5 * HOUR),
    ]
    assert told.lead.stage == "nurturing"
    assert [[o.person for o in d.to] for d in steps[:3]] == [["elin"], ["maja"], ["johan"]]
    assert len(told.all("sla.breached", "lead-waits")) == 1


def test_reassigning_withdraws_the_offer_only_when_somebody_else_is_there_to_have_it():
    told = story(promise(ladder=[{"do": "reassign"}]), handover={"max_offers": "1"}).offered().wait(6 * DAY)
    assert [d.outcome for d in told.all("sla.escalated")] == ["done", "done", "done", "nobody_left"]
    assert len(told.all("handover.withdrawn")) == 3 and told.lead.owner == "maja", "the last resort keeps it"


def test_taking_back_gives_the_lead_to_marketing_with_the_reason():
    told = story(promise(ladder=[{"after": "2h elapsed", "do": "take_back"}])).offered().tell("sales.accepted")
    told.wait(DAY + 3 * HOUR)
    assert (told.lead.stage, told.lead.track) == ("nurturing", "recycle")
    assert [d.reason for d in told.all("nurture.entered")] == ["taken_back"]
    assert [d.reason for d in told.all("handover.withdrawn")] == ["taken_back"]


def test_a_late_follow_up_ends_the_ladder():
    told = story(promise(ladder=LADDER)).offered().wait(DAY + 30 * MINUTE)
    told.tell("sales.follow_up", DAY + 40 * MINUTE, sales=DONE).wait(5 * DAY)
    assert [d.action for d in told.all("sla.escalated")] == ["notify"]
    assert told.clock("follow-up").state == "breached"


def test_a_correction_ends_the_ladder():
    told = story(promise(ladder=LADDER)).offered().wait(DAY + 30 * MINUTE)
    told.tell("sales.follow_up", HOUR, now=DAY + 40 * MINUTE, sales=DONE).wait(5 * DAY)
    assert [d.action for d in told.all("sla.escalated")] == ["notify"]
    assert told.clock("follow-up").state == "fulfilled"


# --- recurring --------------------------------------------------------------------------------------------------------
STEP = promise(name="next-step", starts="deal", recurs=True, target="2h elapsed")


def test_in_a_deal_each_step_starts_the_clock_for_the_next_one():
    told = story(STEP).dealt()
    told.tell("sales.follow_up", HOUR, sales=DONE).tell("sales.follow_up", 2 * HOUR, sales=DONE)
    assert [c.state for c in told.lead.clocks.values()] == ["fulfilled", "fulfilled", "running"]
    assert told.wait(DAY).all("sla.breached")[0].due_at == START + 4 * HOUR
    assert len(told.all("sla.breached")) == 1, "a dialogue that went silent is one breach"


def test_a_step_that_arrives_late_is_put_between_its_neighbours():
    told = story(STEP).dealt().tell("sales.follow_up", 3 * HOUR, sales=DONE)
    assert len(told.all("sla.breached")) == 1
    told.tell("sales.follow_up", 90 * MINUTE, now=4 * HOUR, sales=DONE)
    clocks = sorted(told.lead.clocks.values(), key=lambda c: c.started_at)
    assert [(c.state, c.started_at - START) for c in clocks] == [
        ("fulfilled", 3 * MINUTE),
        ("fulfilled", 90 * MINUTE),
        ("running", 3 * HOUR),
    ]


def test_the_end_of_the_deal_ends_the_wait_for_its_next_step():
    told = story(STEP).dealt().tell("sales.won", HOUR).wait(DAY)
    assert told.all("sla.breached") == []


# --- late facts and what was changed ----------------------------------------------------------------------------------
def test_the_earliest_genuine_touch_wins_whatever_the_order_of_arrival():
    for order in itertools.permutations((2 * HOUR, 5 * HOUR, 26 * HOUR)):
        told = story(promise()).offered().tell("sales.accepted")
        for at in order:
            told.tell("sales.follow_up", at, now=27 * HOUR, sales=DONE)
        clock = told.clock("follow-up")
        assert (clock.state, clock.ended_at) == ("fulfilled", START + 2 * HOUR)
        assert told.lead.handover.followed_up_at == START + 2 * HOUR


def test_a_follow_up_that_arrives_before_the_signal_that_opened_the_hand_over_counts():
    told = story(promise()).tell("email.sent", -HOUR).tell("sales.follow_up", HOUR, sales=DONE)
    told.tell("form.submitted", timedelta(0), now=2 * HOUR, form_id="demo")
    assert told.clock("follow-up").state == "fulfilled"
    assert told.tell("sales.accepted", 3 * HOUR).lead.stage == "deal"


def test_a_breach_that_was_ended_only_after_its_instant_is_a_breach_whatever_comes_first():
    told = story(promise()).offered().tell("sales.rejected", DAY + MINUTE, reason="no")
    assert [d.due_at for d in told.all("sla.breached")] == [START + DAY]


def test_a_follow_up_known_only_after_the_rejection_still_counts():
    told = story(promise()).offered().tell("sales.rejected", 2 * HOUR, reason="no")
    told.tell("sales.follow_up", HOUR, now=3 * HOUR, sales=DONE)
    assert [(d.old, d.new) for d in told.all("sla.corrected")] == [("cancelled", "fulfilled")]


def test_a_touch_of_the_next_pass_does_not_count_for_the_last():
    told = story(promise()).offered().wait(DAY).tell("sales.rejected", DAY + HOUR, reason="no")
    told.tell("form.submitted", 2 * DAY, form_id="demo").tell("sales.follow_up", 2 * DAY + HOUR, sales=DONE)
    states = sorted((c.started_at, c.state, c.touched_at) for c in told.lead.clocks.values())
    assert [(s, t) for _, s, t in states] == [("breached", None), ("fulfilled", START + 2 * DAY + HOUR)]


def test_a_delivery_three_days_late_is_no_breach_of_a_person_who_could_not_know():
    waits = promise(name="lead-waits", starts="hand_over", ladder=[{"do": "take_back"}])
    told = story(promise(), waits).tell("form.submitted", timedelta(0), now=3 * DAY, form_id="demo").wait(3 * DAY)
    assert told.all("sla.breached", "follow-up") == []
    assert told.clock("follow-up").due_at == START + 4 * DAY
    assert [d.owner for d in told.all("sla.breached", "lead-waits")] == [None]
    assert [d.outcome for d in told.all("sla.escalated")] == ["could_not_know"]
    assert told.lead.stage == "hand_over"


def test_a_clock_keeps_the_agreement_it_started_under():
    told = story(promise()).offered()
    told.past = {told.rules.agreement.hash: told.rules.agreement}
    told.rules = told.rules._replace(agreement=rules([promise(target="1h elapsed")]).agreement)
    told.wait(DAY)
    assert [d.due_at for d in told.all("sla.breached")] == [START + DAY]


# --- what a file may say ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("policy", "rule"),
    [
        (promise(pause_on=["sales.task_open"]), "resume_on"),
        (promise(metric="custom"), "fulfil_on"),
        (promise(starts="signal"), "start_on"),
        (promise(metric="acceptance", starts="deal"), "starts with offer"),
        (promise(recurs=True), "recurs"),
        (promise(absences=True, starts="hand_over"), "absences"),
        (promise(warnings=["25h elapsed"]), "not within"),
        (promise(warnings=["2h business"]), "calendar"),
        (promise(fulfil_on=["clock.due"]), "our own"),
        (promise(fulfil_on=[{"kind": "note.added", "when": "lead.shoe_size > 3"}]), "shoe_size"),
        (promise(when="lead.pass"), "must give BOOL"),
        (promise(ladder=[{"do": "reassign", "to": ["maja"]}]), "routing rules"),
        (promise(calendar="mars", target="1h business"), "mars"),
    ],
)
def test_a_promise_that_makes_no_sense_is_refused_with_its_line(policy, rule):
    with pytest.raises(FileError, match=rule) as caught:
        rules([policy])
    assert "agreement.yaml:" in str(caught.value) and "sla.policies.0" in str(caught.value)


def test_the_example_has_every_kind_of_promise():
    agreement = compile_agreement((EXAMPLES / "agreement.yaml").read_text())
    policies = [policy.file for policy in agreement.policies.all]
    assert {p.metric for p in policies} >= {"follow_up", "acceptance", "qualification"}
    assert any(p.recurs for p in policies) and any(p.pause_on for p in policies)
    assert {rung.do for p in policies for rung in p.ladder} == {"notify", "escalate", "reassign", "take_back"}
    assert {p.promised_by for p in policies} == {"sales", "marketing"}


def test_done_means_done():
    told = story(promise()).offered().tell("sales.follow_up", HOUR, sales=Sales(done=False))
    assert told.clock("follow-up").state == "running"


def test_a_policy_changed_later_moves_open_clocks_only_when_that_was_said_and_the_correction_tells_it():
    told = story(promise(), promise(name="old", starts="hand_over")).offered()
    told.past = {told.rules.agreement.hash: told.rules.agreement}
    told.rules = told.rules._replace(agreement=rules([promise(target="6h elapsed")]).agreement)
    told.tell("clock.recheck", HOUR)
    assert told.clock("follow-up").due_at == START + DAY
    told.tell("clock.recheck", HOUR, reason="adopt")
    assert [(d.old_due_at, d.due_at, d.reason) for d in told.all("sla.corrected", "follow-up")] == [
        (START + DAY, START + 6 * HOUR, "policy")
    ]
    assert [d.reason for d in told.all("sla.cancelled", "old")] == ["policy_ended"]
    assert [d.due_at for d in told.wait(DAY).all("sla.breached")] == [START + 6 * HOUR]


def test_a_holiday_known_later_corrects_the_due_instant_and_nothing_is_silently_rewritten():
    day = promise(target="1 business day", calendar="stockholm")
    told = story(day).offered()
    assert told.clock("follow-up").due_at == START + DAY + 7 * HOUR
    closed = rules([day]).agreement.file.calendars["stockholm"].model_dump(mode="json")
    closed["closed_days"] = ["2026-11-25"]
    told.rules = told.rules._replace(agreement=rules([day], calendars={"stockholm": closed}).agreement)
    told.tell("clock.recheck", 2 * HOUR)
    assert [(d.old, d.new, d.due_at - d.old_due_at, d.cause) for d in told.all("sla.corrected")] == [
        ("running", "running", DAY, f"sig_{told.count}")
    ]


def test_who_falls_ill_by_command_stops_their_clock_at_once_where_agreed():
    from schemas.signals import Commanded

    told = story(ABSENT).offered().tell("sales.accepted", MINUTE)
    away = [("2026-11-24T11:00:00+01:00", "2026-11-25T08:00:00+01:00")]
    told.rules = told.rules._replace(roster=rules(absences={"elin": away}).roster)
    told.tell("owner.away", HOUR, command=Commanded(name="absence", principal="maja", person="elin"))
    assert told.lead.owner == "elin", "an accepted lead waits for the return"
    assert [(d.reason, d.due_at) for d in told.all("sla.corrected")] == [("absence", START + DAY + HOUR)]


def test_a_pause_that_ends_after_the_promise_was_kept_says_nothing():
    told = story(PAUSED).offered().tell("sales.meeting_booked", HOUR).tell("sales.follow_up", 2 * HOUR, sales=DONE)
    said, kept = len(told.said), told.clock("follow-up")
    told.tell("sales.meeting_cancelled", 3 * HOUR)
    after = told.clock("follow-up")
    assert [d.type_name for d in told.said[said:] if "sla" in d.type_name] == []
    assert (after.state, after.due_at, after.ended_at) == (kept.state, kept.due_at, START + 2 * HOUR)
