"""Time alone can act: a lead is asked again at the instant at which the answer turns, and what nobody can foresee is refused."""

from datetime import UTC, datetime, timedelta

import pytest
import yaml

from routing.agreement.agreement import compile_agreement
from routing.agreement.timing import Moment, Unforeseen, time_changes_in
from routing.draft import Context
from routing.people.commands import to_signal
from routing.people.permissions import Principal
from routing.sla.clocks import WAKE
from routing.upkeep.merging import join
from schemas.commands import Command
from schemas.signals import Asserted, Sales
from schemas.yamlfile import FileError
from tests.setups import EXAMPLES, START, signal
from tests.stories import DAY, DONE, HOUR, MINUTE, Kept, rules

NURTURING = yaml.load((EXAMPLES / "agreement.yaml").read_text(), yaml.BaseLoader)["nurturing"]
TICK = timedelta.resolution


def recycled_lead(exit_=None, wake=None, **more):
    """Sales gave it back two minutes after the start."""
    track = (
        {**NURTURING["recycle"], "entry": []} | ({"exit": exit_} if exit_ else {}) | ({"wake": wake} if wake else {})
    )
    told = Kept(rules(nurturing={**NURTURING, "recycle": track}, **more))
    told.tell("form.submitted", form_id="demo").tell("sales.rejected", reason="wrong timing")
    assert told.lead.stage == "nurturing"
    return told


def test_who_was_on_a_track_for_as_long_as_agreed_leaves_it_by_itself():
    told = recycled_lead(wake="90d")
    since = told.lead.stage_since
    told.wait(90 * DAY)
    assert told.lead.stage == "nurturing"
    told.wait(91 * DAY)
    assert told.lead.stage == "qualification" and told.lead.stage_since == since + 90 * DAY
    assert told.steps[-1].decision["evidence"]["woken"]["at"] == (since + 90 * DAY).isoformat()


@pytest.mark.parametrize(
    ("exit_", "late"),
    [
        ("now - lead.stage_since >= duration('48h')", timedelta(0)),
        ("now - lead.stage_since > duration('48h')", TICK),
        ("duration('48h') < now - lead.stage_since", TICK),
        ("lead.stage_since + duration('48h') <= now", timedelta(0)),
        ("!(now < lead.stage_since + duration('48h'))", timedelta(0)),
        ("lead.stage_since - now <= duration('-48h')", timedelta(0)),
        ("false || (now - lead.stage_since > duration('48h') && lead.pass > 1)", TICK),
    ],
)
def test_an_exit_that_asks_for_time_is_asked_when_it_turns(exit_, late):
    told = recycled_lead(exit_)
    since = told.lead.stage_since
    told.wait(30 * DAY)
    assert told.lead.stage == "qualification" and told.lead.stage_since == since + 2 * DAY + late


def test_a_written_instant_is_one_too():
    told = recycled_lead("now > timestamp('2026-12-01T00:00:00Z')").wait(30 * DAY)
    assert told.lead.stage_since == datetime(2026, 12, 1, tzinfo=UTC) + TICK


def test_a_count_that_falls_out_of_its_window_is_noticed():
    told = recycled_lead("count('email.clicked', duration('24h')) == 0 && now - lead.stage_since > duration('1h')")
    told.tell("email.clicked", HOUR)
    told.wait(3 * DAY)
    assert told.lead.stage == "qualification" and told.lead.stage_since == START + HOUR + DAY


def test_points_that_fade_below_a_bound_are_noticed_within_a_day():
    told = Kept(rules(definitions={"not_now": "score() < 10", "sales_qualified": "score() >= 1000"}))
    told.tell("form.submitted", form_id="other")
    assert told.lead.stage == "qualification"
    told.wait(20 * DAY)
    assert told.lead.stage == "nurturing"
    assert told.lead.stage_since - told.steps[0].occurred_at <= 9 * DAY + HOUR


def test_nothing_is_asked_of_a_lead_whose_agreement_asks_for_no_time():
    told = (
        Kept(rules()).tell("form.submitted", form_id="demo").tell("sales.accepted").tell("sales.follow_up", sales=DONE)
    )
    assert WAKE not in {clock.policy for clock in told.lead.clocks.values()}


def test_whoever_comes_to_another_stage_is_asked_what_that_asks():
    told = recycled_lead("now - lead.stage_since >= duration('48h')")
    told.tell("disposition.set", HOUR, reason="not_a_buyer")
    assert not told.clock(WAKE).open, "nobody works it"
    told.tell("disposition.set", 2 * HOUR, reason="active").wait(3 * DAY)
    assert told.lead.stage == "qualification" and not told.clock(WAKE).open
    assert len([clock for clock in told.lead.clocks.values() if clock.policy == WAKE]) == 1


def test_during_a_hold_nothing_is_asked_and_at_its_end_it_is():
    told = recycled_lead("now - lead.stage_since >= duration('48h')")
    told.ask("hold", HOUR, until=(told.at + 10 * DAY).isoformat())
    assert not told.clock(WAKE).open
    told.wait(20 * DAY)
    assert told.lead.stage == "qualification" and told.lead.stage_since >= told.steps[0].occurred_at + 10 * DAY


def test_a_deal_that_was_quiet_for_long_is_told_as_the_definition_says():
    told = Kept(rules(definitions={"opportunity": "now - lead.stage_since > duration('24h')"})).dealt()
    told.wait(2 * DAY)
    assert [met.definition for met in told.all("lead.definition_met")][-1] == "opportunity"


def test_what_turned_before_an_import_waits_for_the_next_signal_and_what_turns_later_does_not():
    rule = rules(nurturing={**NURTURING, "recycle": {**NURTURING["recycle"], "entry": [], "wake": "90d"}})
    for days, woken in ((100, False), (80, True)):
        told = Kept(rule)
        told.tell("prospect.listed", -days * DAY, now=timedelta(0), mode="import", asserted=Asserted(track="recycle"),
                  sales=Sales(to="nurturing"))  # fmt: skip
        told.wait(20 * DAY)
        assert (told.lead.stage == "qualification") is woken, days


@pytest.mark.parametrize(
    "text",
    [
        "now.getDayOfWeek() == 1",
        "now - lead.stage_since == duration('24h')",
        "now - lead.stage_since > duration('1h') + duration('2h')",
        "now - lead.stage_since > now - lead.created_at",
        "string(now) == ''",
        "count('form.submitted', now - lead.stage_since) == 0",
        "count('form.submitted', duration(lead.source)) < 2",
    ],
)
@pytest.mark.parametrize("where", ["definitions", "exit", "programme", "segment", "fit"])
def test_what_nobody_can_foresee_is_refused_where_it_would_have_to_be_asked_again(text, where):
    with pytest.raises(Unforeseen):
        time_changes_in(text)
    file = yaml.load((EXAMPLES / "agreement.yaml").read_text(), yaml.BaseLoader)
    match where:
        case "definitions":
            file["definitions"]["not_now"] = text
        case "exit":
            file["nurturing"]["growth"]["exit"] = text
        case "programme":
            file["nurturing"]["recycle"]["entry"][0]["exit"] = text
        case "segment":
            file["segments"]["enterprise"]["when"] = text
        case _:
            file["scoring"]["fit"][0]["when"] = text
    with pytest.raises(FileError, match="nobody can tell when this turns with time"):
        compile_agreement(yaml.safe_dump(file))


def test_what_is_asked_once_may_ask_for_any_time():
    file = yaml.load((EXAMPLES / "agreement.yaml").read_text(), yaml.BaseLoader)
    file["routing"]["hand_over"]["rules"][0]["when"] = "now.getDayOfWeek() == 1"
    assert compile_agreement(yaml.safe_dump(file))


def test_a_segment_and_a_rule_for_points_that_ask_for_time_are_asked_with_what_asks_for_them():
    fit = [{"name": "old", "when": "in_segment('old')", "points": 50}]
    old = {"purpose": "Known for long.", "when": "now - lead.created_at > duration('240h')"}
    told = Kept(rules(scoring={"fit": fit}, segments={"old": old}, definitions={"sales_qualified": "fit() >= 50"}))
    told.tell("form.submitted", form_id="other").wait(9 * DAY)
    assert told.lead.stage == "qualification"
    told.wait(11 * DAY)
    assert told.lead.stage == "hand_over"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("count('form.submitted', duration('720h')) >= 1", ()),
        ("2 <= count('form.submitted', duration('720h'))", ()),
        ("count('a', duration('1h')) < 1", (("a", HOUR),)),
        ("!(count('a', duration('1h')) >= 1)", (("a", HOUR),)),
        ("1 > count('a', duration('1h'))", (("a", HOUR),)),
        ("count('a', duration('1h')) == 2", (("a", HOUR),)),
        ("count('a') == 0", ()),
    ],
)
def test_a_window_matters_only_where_a_count_that_falls_makes_it_true(text, found):
    assert time_changes_in(text).windows == set(found)


def test_a_moment_lies_as_long_after_a_time_or_before_it():
    found = time_changes_in("now - last('email.replied') > duration('2h')").moments
    assert found == {Moment("last:email.replied", 2 * HOUR), Moment("last:email.replied", -2 * HOUR)}


@pytest.mark.parametrize("wake", ["30m", "11y", "-1d", "4000d", ""])
def test_a_wake_is_between_an_hour_and_ten_years(wake):
    with pytest.raises(FileError, match="wake"):
        rules(nurturing={**NURTURING, "growth": {**NURTURING["growth"], "wake": wake}})


def test_a_track_that_nobody_leaves_by_what_they_do_may_end_by_time():
    told = recycled_lead("false", "2d").wait(3 * DAY)
    assert told.lead.stage == "qualification"


def test_what_is_true_already_where_the_lead_comes_is_found_at_once():
    told = recycled_lead("now - lead.created_at > duration('30s')").wait(HOUR)
    assert told.lead.stage == "qualification" and told.lead.stage_since == START + 2 * MINUTE + TICK


def test_a_signal_that_nobody_is_asked_on_account_of_is_noticed_all_the_same():
    told = recycled_lead("count('email.delivered') >= 2 && now - lead.stage_since > duration('1h')")
    told.tell("email.delivered", 2 * HOUR).tell("email.delivered", 3 * HOUR).wait(DAY)
    assert told.lead.stage_since == START + 3 * HOUR + TICK


def test_a_lead_that_time_moves_in_a_circle_keeps_nobody_busy():
    told = recycled_lead("now > lead.stage_since", definitions={"not_now": "now > lead.stage_since"})
    before = len(told.steps)
    told.wait(10 * MINUTE)
    assert len(told.steps) - before <= 12


@pytest.mark.parametrize("parted_after", [HOUR, 3 * DAY])
def test_who_was_merged_meanwhile_is_asked_once_they_are_parted(parted_after):
    told = recycled_lead("now - lead.stage_since >= duration('48h')")
    other = Kept(told.rules).take(signal("b1", "form.submitted", lead="bo", form_id="news"))
    since = told.lead.stage_since

    def joined(name, kept, gone, after):
        command = Command.model_validate({"command": name, "reason": "same", "lead": kept.id, "other": gone.id}).root
        ask = to_signal(command, Principal("desk", None), since + after, f"{name}{after}", "default", "p")
        contexts = [Context(told.rules.agreement, told.rules.roster, {}, None, since + after) for _ in range(2)]
        return join(kept, gone, ask, tuple(contexts))

    merged = joined("merge", other.lead, told.lead, MINUTE)
    parted = joined("unmerge", merged.kept.lead, merged.gone.lead, parted_after)
    (clock,) = [clock for clock in parted.gone.lead.clocks.values() if clock.policy == WAKE]
    assert clock.open and since + parted_after <= clock.next_at <= since + max(parted_after, 2 * DAY)
