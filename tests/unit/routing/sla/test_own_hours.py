"""Promises in the hours of the person whom they measure: `calendar: owner`."""

import json

import pytest
import yaml

from routing.agreement.advice import advice
from routing.agreement.agreement import compile_agreement
from routing.explain.clock import explain_clock
from routing.explain.lead import known_calendar
from routing.model.records import Clock
from routing.people.roster import Roster
from routing.sla.clocks import forecast
from routing.sla.own_hours import calendar_of
from schemas.roster import RosterFile
from schemas.yamlfile import FileError
from services.cli.main import main
from tests.setups import EXAMPLES, START
from tests.stories import DAY, DONE, HOUR, MINUTE, Story, rules

ANSWER = {
    "name": "answer", "metric": "acceptance", "starts": "offer", "target": "4h business", "calendar": "owner",
}  # fmt: skip
NEXT = {
    "name": "next", "metric": "follow_up", "starts": "deal", "recurs": "true", "target": "4h business",
    "calendar": "owner",
}  # fmt: skip
NO_EXPIRY = {"offer_expires": "900h elapsed", "calendar": None}
MORNINGS = {
    "zone": "Europe/Stockholm",
    "week": {day: [["09:00", "12:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
}
KATHMANDU = {"zone": "Asia/Kathmandu", "week": {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu")}}


def roster(hours=None, absences=None):
    """The example's people, who are at work in `hours` ({person: hours}) and away in `absences`."""
    people = yaml.load((EXAMPLES / "roster.yaml").read_text(), yaml.BaseLoader)
    for person in people["people"]:
        if person["id"] in (hours or {}):
            person["hours"] = hours[person["id"]]
        if person["id"] in (absences or {}):
            person["absences"] = [{"from": a, "to": b} for a, b in absences[person["id"]]]
    return Roster(RosterFile.model_validate(people))


def story(*policies, hours=None, absences=None, calendars=None):
    changes = {"handover": NO_EXPIRY} | ({"calendars": calendars} if calendars else {})
    return Story(rules(policies, **changes)._replace(roster=roster(hours, absences)))


# --- what counts ------------------------------------------------------------------------------------------------------
def test_time_counts_only_in_the_hours_of_who_was_offered_the_lead():
    told = story(ANSWER, hours={"elin": MORNINGS}).offered()
    # Offered on Tuesday at 10:00: two hours until noon, two more on Wednesday from 9:00.
    assert told.clock("answer").person == "elin"
    assert told.clock("answer").due_at == START + DAY + HOUR
    assert [d.due_at for d in told.wait(2 * DAY).all("sla.breached")] == [START + DAY + HOUR]


def test_hours_count_in_their_own_zone():
    told = story(ANSWER, hours={"elin": KATHMANDU}).offered()
    # 10:00 in Stockholm is 14:45 in Kathmandu: 2:15 hours until 17:00, the other 1:45 from 9:00, which is 3:15 UTC.
    assert told.clock("answer").due_at == START + 20 * HOUR


def test_who_has_no_hours_is_measured_on_the_organisations_calendar():
    own, named = story(ANSWER).offered(), story({**ANSWER, "calendar": "stockholm"}).offered()
    assert own.clock("answer").due_at == named.clock("answer").due_at == START + 5 * HOUR
    assert own.clock("answer").own_hours.hours is None


def test_hours_in_which_the_promise_would_never_be_due_are_no_hours():
    seconds = {"zone": "Europe/Stockholm", "week": {"tue": [["10:00:00", "10:00:01"]]}}
    told = story({**ANSWER, "target": "2h business"}, hours={"elin": seconds}).offered()
    assert told.clock("answer").person == "elin"
    assert told.clock("answer").own_hours.hours is None
    assert told.clock("answer").due_at == START + 2 * HOUR


def test_otherwise_names_the_calendar_where_there_are_more_than_one():
    calendars = {
        "stockholm": {"zone": "Europe/Stockholm", "week": {"tue": [["08:00", "17:00"]]}},
        "late": {"zone": "Europe/Stockholm", "week": {"tue": [["14:00", "20:00"]]}},
    }
    told = story({**ANSWER, "otherwise": "late"}, calendars=calendars).offered()
    assert told.clock("answer").due_at == START + 8 * HOUR, "14:00 to 18:00"


def test_whole_days_are_those_on_which_the_owner_works():
    told = story({**ANSWER, "target": "2 business days"}, hours={"elin": KATHMANDU}).offered()
    assert told.clock("answer").due_at == START + 2 * DAY + 2 * HOUR + 15 * MINUTE, "Thursday's close, 17:00 there"


def test_warnings_and_the_ladder_count_in_the_same_hours():
    policy = {**ANSWER, "warnings": ["90m business"], "ladder": [{"after": "3h business", "do": "escalate"}]}
    told = story(policy, hours={"elin": MORNINGS}).offered().wait(5 * DAY)
    due = START + DAY + HOUR
    assert [d.warned_at for d in told.all("sla.warned")] == [due - 90 * MINUTE]
    assert [d.escalated_at for d in told.all("sla.escalated")] == [due + DAY], "an hour that day, two the next"


def test_an_absence_within_the_hours_is_made_up_for():
    away = {"elin": [("2026-11-25T08:00:00+01:00", "2026-11-26T08:00:00+01:00")]}
    told = story({**ANSWER, "absences": "true"}, hours={"elin": MORNINGS}, absences=away).offered()
    assert told.clock("answer").due_at == START + 2 * DAY + HOUR


# --- who has it -------------------------------------------------------------------------------------------------------
def test_the_next_person_has_a_clock_of_their_own_in_their_own_hours():
    afternoons = MORNINGS | {"week": {day: [["13:00", "17:00"]] for day in MORNINGS["week"]}}
    policy = {**ANSWER, "ladder": [{"do": "reassign"}]}
    told = story(policy, hours={"elin": MORNINGS, "johan": MORNINGS, "karin": afternoons}).offered()
    first = told.clock("answer")
    told.wait(DAY + 2 * HOUR)
    second = told.clock("answer")
    assert (first.person, first.due_at) == ("elin", START + DAY + HOUR)
    assert (second.person, second.started_at) == ("johan", START + DAY + HOUR), "karin is not at work in the morning"
    assert second.due_at == START + 2 * DAY + 2 * HOUR, "an hour on Wednesday, three on Thursday"


def test_who_gets_a_deal_has_a_next_step_due_in_their_hours():
    told = story(NEXT, hours={"johan": KATHMANDU}).dealt()
    assert told.clock("next").person == "elin"
    told.ask("assign", HOUR, person="johan")
    assert told.clock("next").person == "johan"
    calendar = calendar_of(told.clock("next"), told.rules.agreement)
    assert str(calendar.zone) == "Asia/Kathmandu"


# --- what changes -----------------------------------------------------------------------------------------------------
def test_other_hours_correct_the_due_instant_and_the_correction_says_why():
    told = story(ANSWER, hours={"elin": MORNINGS}).offered()
    longer = MORNINGS | {"week": {"tue": [["09:00", "17:00"]], "wed": [["09:00", "12:00"]]}}
    told.rules = told.rules._replace(roster=roster({"elin": longer}))
    told.tell("clock.recheck", HOUR)
    assert [(d.reason, d.old_due_at, d.due_at) for d in told.all("sla.corrected")] == [
        ("absence", START + DAY + HOUR, START + 4 * HOUR)
    ]


def test_an_ended_clock_keeps_the_hours_that_it_was_judged_on():
    told = story(ANSWER, hours={"elin": MORNINGS}).offered().tell("sales.accepted", HOUR)
    told.rules = told.rules._replace(roster=roster({"elin": KATHMANDU}))
    told.tell("sales.follow_up", 2 * HOUR, sales=DONE)
    kept = Clock.read(told.clock("answer").text())
    assert (kept.state, kept.due_at) == ("fulfilled", START + DAY + HOUR)
    calendar = known_calendar(kept, {told.rules.agreement.hash: told.rules.agreement}.get)
    assert str(calendar.zone) == "Europe/Stockholm"


def test_a_forecast_and_adoption_put_a_clock_into_its_owners_hours():
    told = story({**ANSWER, "calendar": "stockholm"}, hours={"elin": MORNINGS}).offered()
    new = rules([ANSWER], handover=NO_EXPIRY).agreement
    clock = told.clock("answer")
    assert (clock.due_at, clock.own_hours) == (START + 5 * HOUR, None)
    assert forecast(clock, new, told.rules.roster).due_at == START + DAY + HOUR
    back = forecast(forecast(clock, new, told.rules.roster), told.rules.agreement, told.rules.roster)
    assert (back.due_at, back.own_hours) == (clock.due_at, None)


def test_a_clock_of_before_is_read_and_judged_as_it_was():
    told = story({**ANSWER, "calendar": "stockholm"}, hours={"elin": MORNINGS}).offered()
    text = told.clock("answer").text()
    assert "own_hours" not in text and Clock.read(text) == told.clock("answer")


# --- why --------------------------------------------------------------------------------------------------------------
def test_the_explanation_says_whose_hours_count():
    for hours, words in (
        ({"elin": MORNINGS}, "4h business in the working hours of elin"),
        ({}, "4h business on calendar stockholm, for the roster has no hours of elin that suffice"),
    ):
        told = story(ANSWER, hours=hours).offered()
        clock = told.clock("answer")
        made = explain_clock(clock, calendar_of(clock, told.rules.agreement), told.at)
        assert words in made.text.splitlines()[0]
        assert made.due_at == clock.due_at and made.counted_seconds == 4 * 3600


# --- what is refused --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"starts": "hand_over"}, "a clock that starts with `hand_over` is the lead's own"),
        ({"otherwise": "stokholm"}, "calendar `stokholm` is not among `calendars`"),
        ({"calendar": "stockholm", "otherwise": "stockholm"}, "`otherwise` is for `calendar: owner`"),
        ({"target": "9000h elapsed"}, "takes no `calendar`"),
        ({"target": "80000h business"}, "is longer than calendar `stockholm` is open"),
    ],
)
def test_what_cannot_hold_is_refused_with_its_reason(change, rule):
    with pytest.raises(FileError) as error:
        rules([{**ANSWER, **change}])
    assert rule in str(error.value)


def test_more_calendars_than_one_need_an_otherwise():
    week = {"zone": "Europe/Stockholm", "week": {"tue": [["08:00", "17:00"]]}}
    with pytest.raises(FileError) as error:
        rules([ANSWER], calendars={"stockholm": week, "oslo": week})
    assert "say in `otherwise` which of `calendars` counts for an owner without hours (oslo, stockholm)" in str(
        error.value
    )


def test_a_calendar_of_the_agreement_that_is_called_owner_is_that_calendar():
    week = {"zone": "Europe/Stockholm", "week": {"tue": [["14:00", "20:00"]]}}
    told = story({**ANSWER, "starts": "hand_over"}, calendars={"owner": week}, hours={"elin": MORNINGS}).offered()
    assert (told.clock("answer").due_at, told.clock("answer").own_hours) == (START + 8 * HOUR, None)


def test_advice_names_who_has_no_hours_or_too_few():
    made = rules([ANSWER])
    [(path, rule)] = advice(made.agreement, roster({"elin": MORNINGS}))
    assert path == ("sla", "policies", 0, "calendar")
    assert (
        "no `hours` of sara, anders, johan, karin, olof, maja: `answer` counts the open time of calendar `stockholm`"
        in rule
    )
    everybody = dict.fromkeys(roster().people, MORNINGS)
    assert list(advice(made.agreement, roster(everybody))) == []
    seconds = {"zone": "Europe/Stockholm", "week": {"tue": [["10:00:00", "10:00:01"]]}}
    [(_, rule)] = advice(made.agreement, roster({**everybody, "elin": seconds}))
    assert rule.startswith("the `hours` of elin are too few for it within twelve years: `answer` counts")
    assert list(advice(rules([{**ANSWER, "calendar": "stockholm"}]).agreement, roster())) == []


# --- the commands -----------------------------------------------------------------------------------------------------
def test_the_commands_know_whose_hours_count(tmp_path, capsys):
    file = yaml.load((EXAMPLES / "agreement.yaml").read_text(), yaml.BaseLoader)
    file["sla"] = {"policies": [ANSWER]}
    people = yaml.load((EXAMPLES / "roster.yaml").read_text(), yaml.BaseLoader)
    next(p for p in people["people"] if p["id"] == "elin")["hours"] = MORNINGS
    agreement, team = tmp_path / "agreement.yaml", tmp_path / "roster.yaml"
    agreement.write_text(yaml.safe_dump(file))
    team.write_text(yaml.safe_dump(people))
    assert main(["agreement", "check", str(agreement), "--roster", str(team)]) == 0
    assert "advice: " in capsys.readouterr().err
    asked = ["sla", "due", "--agreement", str(agreement), "--policy", "answer", "--start", START.isoformat()]
    assert main([*asked, "--roster", str(team), "--person", "elin"]) == 0
    assert json.loads(capsys.readouterr().out)["due_at"] == "2026-11-25T10:00:00.000000Z"
    assert main(asked) == 0
    assert json.loads(capsys.readouterr().out)["due_at"] == "2026-11-24T14:00:00.000000Z"
    for more in (["--person", "elin"], ["--roster", str(team), "--person", "nobody"]):
        assert main([*asked, *more]) == 2
    assert compile_agreement(agreement.read_text()).policies.all
