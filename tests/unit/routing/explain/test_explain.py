"""Explanations: whatever was decided can be said, and what is said adds up."""

from datetime import timedelta

import pytest

from routing.calendar.business_time import compile_calendar
from routing.explain.clock import explain_clock, format_amount
from schemas.calendar import Calendar
from tests.setups import START
from tests.stories import DAY, DONE, HOUR, MINUTE, Kept, Story, rules

BUSINESS = {"name": "p", "metric": "follow_up", "starts": "offer", "target": "4h business", "calendar": "stockholm"}
PAUSE = {"pause_on": ["sales.meeting_booked"], "resume_on": ["sales.meeting_cancelled"]}


# --- clocks -----------------------------------------------------------------------------------------------------------
def test_a_clocks_intervals_tile_its_way_and_their_sum_is_the_target():
    away = {"elin": [("2026-11-24T14:00:00+01:00", "2026-11-24T15:00:00+01:00")]}
    told = Kept(rules([{**BUSINESS, **PAUSE, "absences": True}], away)).offered()
    told.tell("sales.meeting_booked", 30 * MINUTE).tell("sales.meeting_cancelled", HOUR)
    made = told.clock_explained("p")
    assert made.intervals[0].from_ == START and made.intervals[-1].to == made.due_at
    assert all(a.to == b.from_ for a, b in zip(made.intervals, made.intervals[1:], strict=False))
    assert made.counted_seconds == 4 * 3600
    skipped = [i.cause for i in made.intervals if not i.counted]
    pause = f"pause by sales.meeting_booked sig_{told.count - 1}"
    assert skipped == [pause, "closed: outside the week's hours", "absence of elin"]
    assert "absence of elin" in made.text and pause in made.text and "counted 04:00:00 in all" in made.text


def test_a_holiday_is_named_and_whole_days_are_numbered():
    told = Kept(rules([{**BUSINESS, "target": "2 business days"}]))
    told.tell("form.submitted", 29 * DAY, form_id="demo")
    made = told.clock_explained("p")
    assert [(f"{d.day:%m-%d}", d.number) for d in made.days] == [
        ("12-23", 0), ("12-24", None), ("12-25", None), ("12-26", None), ("12-27", None), ("12-28", 1), ("12-29", 2),
    ]  # fmt: skip
    assert made.days[1].cause == "closed: holiday Christmas Eve"
    causes = {i.cause for i in made.intervals}
    assert {"closed: holiday Christmas Day", "closed: outside a special day's hours", "open"} <= causes


def test_whole_days_over_a_pause_say_when_they_would_be_due_without_it_and_which_day_makes_up_for_it():
    told = Kept(rules([{**BUSINESS, **PAUSE, "target": "2 business days"}])).offered()
    # Tuesday 10:00, open 8-12 and 13-17; Wednesday is paused from 8:01 to 15:00, which is 5:59.
    told.tell("sales.meeting_booked", 22 * HOUR + MINUTE).tell("sales.meeting_cancelled", 29 * HOUR)
    made = told.clock_explained("p")
    assert [(f"{d.day:%m-%d}", d.number) for d in made.days] == [
        ("11-24", 0),
        ("11-25", 1),
        ("11-26", 2),
        ("11-27", None),
    ]
    assert made.days[-1].cause == "makes up for pauses"
    assert made.plain_due_at == START + 55 * HOUR
    assert made.due_at == START + 3 * DAY + 5 * HOUR - MINUTE
    assert made.counted_seconds == 22 * 3600
    assert "without pauses it is due 2026-11-26 16:00:00Z (Thu 2026-11-26 17:00 CET)" in made.text


def test_a_day_of_ones_own_is_told_from_a_holiday():
    closed = rules([BUSINESS]).agreement.file.calendars["stockholm"].model_dump(mode="json")
    told = Kept(rules([BUSINESS], calendars={"stockholm": closed | {"closed_days": ["2026-11-24"]}})).offered()
    assert told.clock_explained("p").intervals[0].cause == "closed: a closed day"


def test_a_clock_that_stands_still_is_explained_to_the_moment_and_says_what_it_waits_for():
    told = Kept(rules([{**BUSINESS, **PAUSE}])).offered().tell("sales.meeting_booked", HOUR).wait(2 * HOUR)
    made = told.clock_explained("p")
    assert made.due_at is None and made.intervals[-1].to == START + 2 * HOUR
    assert made.counted_seconds == 3600
    assert f"it stands still: pause by sales.meeting_booked sig_{told.count}" in made.text


@pytest.mark.parametrize(
    ("tell", "verdict"),
    [
        (lambda s: s.tell("sales.follow_up", HOUR, sales=DONE), "kept at 2026-11-24 10:00:00Z by sig_2"),
        (lambda s: s.tell("sales.accepted").wait(DAY), "breached; not done"),
        (
            lambda s: s.tell("sales.follow_up", 9 * HOUR, sales=DONE),
            "breached; done late at 2026-11-24 18:00:00Z by sig_2",
        ),
        (lambda s: s.tell("sales.rejected", HOUR, reason="wrong timing"), "cancelled at 2026-11-24 10:00:00Z"),
        (lambda s: s, "running"),
    ],
)
def test_the_verdict_says_when_and_by_which_signal(tell, verdict):
    told = tell(Kept(rules([BUSINESS])).offered())
    assert told.clock_explained("p").text.splitlines()[-1] == verdict


def test_a_clock_whose_agreement_is_not_at_hand_is_explained_as_it_is_recorded():
    told = Kept(rules()).offered()
    clock = next(clock for clock in told.lead.clocks.values() if "business" in clock.target)
    made = explain_clock(clock, None, START + HOUR)
    assert (made.due_at, made.intervals, made.agreement) == (clock.due_at, (), clock.agreement)
    assert "which time counted cannot be shown" in made.text and "counted 0" not in made.text
    paused = explain_clock(clock.but(state="paused"), None, START + HOUR)
    assert paused.due_at is None and "it stands still" in paused.text


def test_wall_time_is_counted_whole():
    told = Kept(rules([{"name": "p", "metric": "follow_up", "starts": "offer", "target": "24h elapsed"}])).offered()
    assert [(i.cause, i.seconds) for i in told.clock_explained("p").intervals] == [("wall time", 86400)]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "00:00:00"), (7.5, "00:00:07.5"), (93784, "1 d 02:03:04"), (0.000001, "00:00:00.000001")]
)
def test_amounts_are_exact(seconds, text):
    assert format_amount(seconds) == text


# --- assignments ------------------------------------------------------------------------------------------------------
def test_an_assignment_names_each_candidate_the_ledger_and_the_smallest_change():
    away = {"karin": [("2026-11-01T00:00:00Z", None)]}
    told = Kept(rules([], away)).offered()
    made = told.assigned()[-1]
    assert (made.person, made.rule, made.pool, made.offer_id) == (
        "elin",
        "everybody",
        "field",
        f"{told.lead.handover.id}.1",
    )
    assert [(c.person, c.code, c.chosen) for c in made.candidates] == [
        ("elin", None, True), ("johan", None, False), ("karin", "absent", False),
    ]  # fmt: skip
    assert made.ledger.seq == (0, 1) and made.runner_up == "johan"
    assert [(s.person, s.given, s.short) for s in made.ledger.seats] == [
        ("elin", (0, 1), (0.0, -0.5)), ("johan", (0, 0), (0.0, 0.5)), ("karin", (0, 0), (0.0, 0.0)),
    ]  # fmt: skip
    assert made.smallest_change == (
        "elin and johan were equal, and the first seat of the pool wins; "
        "had johan's seat stood first, johan would have been chosen"
    )
    (passed,) = made.path
    assert (passed.rule, passed.when, passed.inputs) == (
        "large-accounts",
        "'enterprise' in lead.tags",
        {"lead.tags": []},
    )
    assert "karin: passed over, away then" in made.text
    assert "    elin: given 0 and 1, short +0.00 and -0.50" in made.text.splitlines()
    assert "    lead.tags = []" in made.text.splitlines()


def test_an_assignment_without_a_pool_says_by_which_rule_and_what_would_have_come_first():
    away = {p: [("2026-11-01T00:00:00Z", None)] for p in ("elin", "johan", "karin")}
    told = Kept(rules([], away)).offered()
    made = told.assigned()[-1]
    assert (made.person, made.rule, made.pool, made.candidates) == ("maja", "fallback", None, ())
    assert [rule.code for rule in made.path] == ["not_met", "nobody"]
    assert [c.reason for c in made.path[1].candidates] == ["away then"] * 3
    assert made.smallest_change == (
        "rule `large-accounts` would have been asked first, had its condition held: 'enterprise' in lead.tags"
    )
    assert "given to maja by rule `fallback` (the person of last resort)" in made.text


def test_a_rule_says_what_it_was_asked_of_and_which_fact_was_unknown():
    from tests.stories import changed

    file = rules().agreement.file.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    first, last = file["routing"]["hand_over"]["rules"]
    first["when"] = "company.employees > 50"
    last["when"] = "signal.form_id != 'news'"
    made = Kept(changed(routing=file["routing"])).offered().assigned()[-1]
    (passed,) = made.path
    assert (passed.code, passed.unknown, passed.inputs) == ("unknown", "company.employees", {"company.employees": None})
    assert (made.when, made.inputs) == ("signal.form_id != 'news'", {"signal.form_id": "demo"})
    assert "a fact that it asks for was unknown (company.employees): company.employees > 50" in made.text
    assert "rule `everybody` decided: its condition held: signal.form_id != 'news'" in made.text


def test_what_lets_a_lead_leave_a_track_is_explained_with_its_text():
    told = Kept(rules()).offered().tell("sales.rejected", HOUR, reason="wrong timing")
    made = told.tell("form.submitted", 2 * HOUR, form_id="news").explained()
    (asked,) = [d for d in made.stage.definitions if d.name == "exit:recycle"]
    assert asked.met and asked.expression == rules().agreement.exits["recycle"].text


# --- leads ------------------------------------------------------------------------------------------------------------
def test_a_leads_stage_is_explained_by_the_definition_with_its_inputs():
    told = Kept(rules()).tell("email.sent").tell("form.submitted", form_id="news")
    made = told.explained()
    assert (made.stage.stage, made.stage.row, made.stage.fact) == ("qualification", "engaged", "engaged")
    by_name = {d.name: d for d in made.stage.definitions}
    assert by_name["engaged"].met and by_name["engaged"].inputs == {"count('form.submitted', 720h)": 1}
    assert not by_name["sales_qualified"].met
    assert by_name["sales_qualified"].inputs["signal.form_id"] == "news"
    assert set(by_name["not_now"].inputs) == {"signal.form_id", "signal.tags"}, "words in quotes are no inputs"
    assert "count('form.submitted', 720h) = 1" in made.text and "row `engaged`" in made.text


def test_custody_is_counted_apart_from_the_leads_own_clock():
    told = Kept(rules([{**BUSINESS, "starts": "hand_over", "target": "40h business"}]))
    told.offered().tell("sales.owner_changed", 2 * HOUR, sales=DONE.but(owner_id="karin")).wait(5 * HOUR)
    made = told.explained()
    turns = [(turn.person, turn.seconds) for turn in made.custody]
    assert turns == [("elin", 2 * 3600), ("karin", 3 * 3600)]
    assert len(made.clocks) == 1 and made.clocks[0].started_at == START


def test_a_lead_that_nobody_has_says_why():
    made = Kept(rules()).offered().tell("sales.rejected", HOUR, reason="bad weather").explained()
    assert made.owner is None and made.assignment is None
    assert "nobody has it: nurturing: rejected" in made.text
    assert made.findings == (
        "the dossier lacks need, company",
        "rejected for a reason that is not among the agreed ones",
    )


def test_every_lead_of_every_story_can_be_explained():
    for kind in ("sales.accepted", "sales.won", "sales.lost", "disposition.set", "tag.added", "consent.withdrawn"):
        told = Kept(rules()).offered().tell(kind).wait(9 * DAY)
        made = told.explained()
        assert made.text.startswith(told.lead.id)
        for clock in made.clocks:
            assert all(i.seconds > 0 for i in clock.intervals)


def test_days_are_counted_as_the_due_instant_counts_them():
    calendar = compile_calendar(
        Calendar(zone="Europe/Stockholm", week={"mon": [("09:00", "17:00")], "wed": [("09:00", "17:00")]})
    )
    for hours in range(0, 200, 7):
        told = Story(rules([{**BUSINESS, "target": "3 business days"}])).tell(
            "form.submitted", timedelta(hours=hours), form_id="demo"
        )
        from routing.sla.verdict import with_verdict

        clock, _ = with_verdict(told.clock("p"), calendar)
        made = explain_clock(clock, calendar, told.at)
        assert made.days[-1].number == 3, hours


def with_overflow(overflow, absences=None):
    from tests.stories import changed

    made = changed()
    file = made.agreement.file.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    rules_of = file["routing"]["hand_over"]["rules"]
    rules_of[-1]["overflow"] = overflow
    return changed(routing=file["routing"])._replace(roster=rules([], absences).roster)


FIELD_AWAY = {p: [("2026-11-01T00:00:00Z", "2026-11-25T09:00:00Z")] for p in ("elin", "johan", "karin")}


def test_a_lead_that_waits_in_a_queue_says_for_whom():
    told = Kept(with_overflow({"hold": "2 business days", "calendar": "stockholm"}, FIELD_AWAY)).offered()
    made = told.explained()
    assert made.waits_for.rule == "everybody" and {c.reason for c in made.waits_for.candidates} == {"away then"}
    assert "it waits for somebody of rule `everybody`" in made.text and made.limbo is None
    told.wait(DAY + HOUR)
    assert told.lead.owner == "elin" and told.explained().waits_for is None


def test_an_overflow_names_the_pool_that_could_not_take_it():
    told = Kept(with_overflow({"person": "maja"}, FIELD_AWAY)).offered()
    made = told.assigned()[-1]
    assert (made.person, made.rule) == ("maja", "everybody")
    assert [(rule.rule, rule.code) for rule in made.path] == [("large-accounts", "not_met"), ("everybody", "nobody")]


def test_an_overflow_that_could_not_take_it_either_is_named_with_the_reason():
    away = {**FIELD_AWAY, "maja": [("2026-11-20T00:00:00Z", None)]}
    told = Kept(with_overflow({"person": "maja"}, away)).offered()
    passed = told.assigned()[-1].path[-1]
    assert (passed.rule, passed.code) == ("everybody", "nobody")
    assert [(c.person, c.code, c.reason) for c in passed.overflow] == [("maja", "absent", "away then")]
    assert "    and of its overflow:\n      maja: away then" in told.assigned()[-1].text
