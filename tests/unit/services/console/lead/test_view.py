"""The screen of a lead, without its story: owner and why, clocks and their pictures, what comes next, what can be asked for."""

from datetime import timedelta
from typing import get_args

import pytest

from routing.people.hindrances import OwnRule
from schemas.explain import CandidateView, RuleView
from services.console.language.reader import reader_of
from services.console.language.targets import target_text
from services.console.lead.actions import Situation, actions_for, command_of
from services.console.lead.clocks import clock_view
from services.console.lead.dossier import country_name, dossier_view, language_name, title_of
from services.console.lead.next_steps import next_steps
from services.console.lead.owner import OWN_RULE_NAMES, OWN_RULES, owner_view
from services.console.lead.picture import WIDTH, draw
from services.console.lead.view import Material, asker_name, lead_view
from services.ports.console import StoryPage, StoryPlace
from tests.stories import DONE, HOUR, MINUTE, START, Kept, rules

FOLLOW_UP = {"name": "first-call", "metric": "follow_up", "starts": "hand_over", "target": "2h elapsed"}
ANSWER = {
    "name": "answer", "metric": "acceptance", "starts": "offer", "target": "4h business", "calendar": "stockholm", "absences": True,
    "pause_on": ["sales.meeting_booked"], "resume_on": ["sales.meeting_cancelled"],
}  # fmt: skip
AWAY = {"elin": [("2026-11-24T13:00:00+01:00", "2026-11-24T14:00:00+01:00")]}


def reading(language="en", after=timedelta(0)):
    return reader_of(language, "Europe/Stockholm", START + after)


def situation(told, person="elin", firing=False):
    return Situation(person, told.lead, told.rules.agreement, told.rules.roster, firing)


def shown(told, language="en", after=timedelta(0), **more):
    material = Material(situation(told, **more), told.explained(), StoryPage((), {}, StoryPlace(3, 7)), True)
    return lead_view(material, reading(language, after))


def test_the_owner_is_told_with_why_them_and_why_not_each_of_the_others():
    view = shown(Kept(rules([FOLLOW_UP])).offered())
    assert (view.owner.name, view.owner.because) == ("Elin", "it was their turn in field: they had been given none yet")
    assert [tuple(other) for other in view.owner.others] == [
        ("Johan", "had been given none either: later in turn"),
        ("Karin", "had been given none either: later in turn"),
    ]
    assert [tuple(rule) for rule in view.owner.rules] == [("large accounts", "did not apply")]
    assert (view.stage, view.since, view.earlier) == ("Handed over", "Tue 24 Nov, 10:00 CET", "3.7")


def test_somebody_who_was_away_is_said_to_have_been():
    away = {"johan": [("2026-11-01T00:00:00+01:00", "2026-12-01T00:00:00+01:00")]}
    view = shown(Kept(rules([FOLLOW_UP], away)).offered(), "sv")
    assert ("Johan", "var borta") in [tuple(other) for other in view.owner.others]


def explained(**changes):
    told = Kept(rules([FOLLOW_UP])).offered()
    made = told.explained()
    return made.model_copy(update={"assignment": made.assignment.model_copy(update=changes)})


def test_owners_by_hand_and_by_the_last_resort_have_words_of_their_own():
    assert owner_view(explained(rule="manual"), "", reading()).because == "somebody gave it to them by hand"
    assert "last resort" in owner_view(explained(rule="fallback"), "", reading()).because
    alone = explained(candidates=(CandidateView(person="elin", chosen=True, reason=""),))
    assert owner_view(alone, "", reading()).because == "they take the leads of field"
    had = CandidateView(person="elin", chosen=True, reason="", had=3)
    several = explained(
        candidates=(had, CandidateView(person="bo", reason="", had=4), CandidateView(person="cia", reason=""))
    )
    view = owner_view(several, "", reading())
    assert "given 3 leads, the fewest" in view.because
    assert [other.why for other in view.others] == ["had been given 4 leads: later in turn", "later in turn"]
    assert owner_view(explained().model_copy(update={"assignment": None}), "", reading()).because == ""


def test_a_lead_that_waits_says_who_could_not_take_it():
    rule = RuleView(
        rule="r",
        code="nobody",
        reason="",
        candidates=(CandidateView(person="elin", code="full", also=("absent",), reason=""),),
    )
    made = explained().model_copy(update={"owner": None, "waits_for": rule})
    view = owner_view(made, "", reading())
    assert (view.name, view.because) == (None, "It waits for somebody who can take it")
    assert [tuple(other) for other in view.others] == [("Elin", "has as many leads as they can take, was away")]
    for changes, words in (
        ({"limbo": "x", "waits_for": None}, "should not happen"),
        ({"waits_for": None, "unowned_reason": "waiting: the dossier"}, "before the dossier is complete"),
        ({"waits_for": None}, "nobody by name"),
    ):
        assert words in owner_view(made.model_copy(update=changes), "", reading()).because


def with_pause():
    told = Kept(rules([ANSWER], AWAY)).offered()
    return told.tell("sales.meeting_booked", 30 * MINUTE).tell("sales.meeting_cancelled", HOUR)


def test_every_stretch_of_a_clock_is_told_with_why_it_counted_or_not():
    view = clock_view(with_pause().clock_explained("answer"), reading(after=HOUR))
    assert (view.name, view.task, view.target) == ("answer", "Accept or say no", "within 4 h of working time")
    assert [(row.counted, row.why) for row in view.rows] == [
        (True, "counts"),
        (False, "stood still, as agreed"),
        (True, "counts"),
        (False, "outside working hours"),
        (False, "Elin was away"),
        (True, "counts"),
    ]
    assert (view.verdict, view.counted, view.state) == ("Runs", "4 h", "running")
    assert view.due_ms is not None


def test_the_picture_tiles_the_way_from_start_to_due_and_says_so_in_words():
    made = with_pause().clock_explained("answer")
    picture = draw(made, reading(after=HOUR))
    edges = [(float(bar.x), float(bar.x) + float(bar.width)) for bar in picture.bars]
    assert all(abs(end - start) < 0.2 for (_, end), (start, _) in zip(edges, edges[1:], strict=False))
    assert abs(edges[0][0] - 8) < 0.1 and edges[-1][1] < WIDTH
    assert [(mark.kind, mark.label) for mark in picture.marks] == [("due", "due"), ("now", "now")]
    assert picture.desc == "4 h count; 2 h 30 min are skipped; due Tue 24 Nov, 16:30 CET."
    assert draw(made, reading(after=HOUR)) == picture, "the same figures give the same picture"


def test_a_clock_of_no_length_has_a_picture():
    made = with_pause().clock_explained("answer")
    flat = made.model_copy(update={"intervals": (), "due_at": None, "state": "paused"})
    picture = draw(flat, reading())
    assert (picture.bars, [mark.kind for mark in picture.marks]) == ([], ["now"])
    assert "stands still" in picture.desc


@pytest.mark.parametrize(
    ("state", "changes", "verdict"),
    [
        ("fulfilled", {"kept_at": START}, "Kept Tue 24 Nov, 10:00 CET"),
        ("breached", {}, "Broken, and not done yet"),
        ("breached", {"kept_at": START}, "Broken; done late, Tue 24 Nov, 10:00 CET"),
        ("paused", {"due_at": None}, "Stands still"),
        ("cancelled", {"ended_at": START}, "Holds no more since Tue 24 Nov, 10:00 CET"),
    ],
)
def test_what_became_of_a_promise_is_one_line(state, changes, verdict):
    made = (
        Kept(rules([FOLLOW_UP])).offered().clock_explained("first-call").model_copy(update={"state": state, **changes})
    )
    view = clock_view(made, reading())
    assert (view.verdict, view.due_ms) == (verdict, None)


def test_targets_are_told_in_the_unit_that_was_agreed():
    texts = [
        target_text(text, reading()) for text in ("24h elapsed", "1h30m business", "1 business day", "3 business days")
    ]
    assert texts == [
        "within 24 h",
        "within 1 h 30 min of working time",
        "within 1 working day",
        "within 3 working days",
    ]


def test_what_comes_next_is_told_by_its_time_with_who_has_to_do_it():
    told = Kept(rules([FOLLOW_UP, ANSWER])).offered()
    steps = next_steps(told.lead, reading())
    assert [(step.text, step.who, step.at) for step in steps] == [
        ("Call or write (first call)", "Elin", "Tue 24 Nov, 12:00 CET"),
        ("The offer to Elin ends; then somebody else is asked", "", "Tue 24 Nov, 15:00 CET"),
        ("Accept or say no (answer)", "Elin", "Tue 24 Nov, 15:00 CET"),
    ]
    late = next_steps(told.wait(3 * HOUR).lead, reading(after=3 * HOUR))
    assert (late[0].text, late[0].late) == ("Call or write (first call)", True)
    done = told.tell("sales.follow_up", 4 * HOUR, sales=DONE)
    assert "Call or write (first call)" not in [step.text for step in next_steps(done.lead, reading(after=4 * HOUR))]


def names(told, person, **more):
    return [action.name for action in actions_for(situation(told, person, **more), reading())]


def test_each_sees_the_buttons_that_make_sense_and_are_theirs_to_press():
    told = Kept(rules([FOLLOW_UP])).offered()
    assert names(told, "elin") == ["accept", "reject", "hold", "disposition"]
    assert names(told, "johan") == ["claim"]
    assert names(told, "lena", firing=True) == ["acknowledge", "hold", "disposition"]
    assert names(told, "maja") == ["accept", "reject", "claim", "assign", "hold", "disposition"]
    assert names(told.ask("hold", by="elin"), "elin") == ["accept", "reject", "release", "disposition"]
    assert names(told.ask("accept", by="elin"), "elin") == ["reject", "release", "disposition"]
    assert names(told.ask("disposition", by="elin", disposition="spam"), "maja") == ["disposition"]
    merged = told.lead.copy()
    merged.merged_into = "lead_b"
    assert actions_for(situation(told)._replace(lead=merged), reading()) == []


def test_the_form_of_a_rejection_offers_the_agreed_reasons_and_asks_for_the_criterion():
    (reject,) = [a for a in actions_for(situation(Kept(rules([FOLLOW_UP])).offered()), reading()) if a.name == "reject"]
    reason, criterion = reject.fields
    assert ("wrong timing", "wrong timing") in reason.choices and reason.required and not criterion.required


def test_a_form_becomes_the_members_of_its_command():
    reader = reading("sv")
    assert command_of("accept", "lead_a", {"reason": " "}, reader) == {
        "command": "accept",
        "lead": "lead_a",
        "reason": "på sidan",
    }
    asked = command_of("reject", "lead_a", {"reason": "no time", "criterion": "", "person": "x", "other": "y"}, reader)
    assert asked == {"command": "reject", "lead": "lead_a", "reason": "no time", "person": "x"}, (
        "what does not fit is refused later"
    )
    until = command_of("hold", "lead_a", {"reason": "r", "until": "2026-12-24"}, reader)["until"]
    assert until == "2026-12-24T22:59:59+00:00", "to the end of that day where the reader is"
    with pytest.raises(ValueError, match="day"):
        command_of("hold", "lead_a", {"until": "tomorrow, the day after"}, reader)


def test_the_dossier_says_what_is_known_and_what_is_missing_in_the_readers_language():
    told = Kept(rules([FOLLOW_UP])).offered()
    lead = told.lead.copy()
    lead.company_name, lead.company_country, lead.company_city, lead.language = "Nordhamn AB", "SE", "Malmö", "sv"
    lead.consents = {"newsletter": "withdrawn", "email": "given", "list:big-news": "withdrawn", "their_own": "given"}
    view = dossier_view(lead, told.rules.agreement, reading("sv"))
    assert ("Plats", "Malmö, Sverige") in view.facts and ("Talar", "svenska") in view.facts
    assert view.consents == [
        "ja till e-post",
        "vill inte ha e-postlistan ”big news”",
        "vill inte ha nyhetsbrev",
        "ja till their own",
    ]
    assert "vad de behöver" in view.missing
    assert (country_name("XX", reading()), language_name(None, reading())) == ("XX", "")
    lead.personal = lead.personal.but(person=type(lead.personal.person)())
    lead.company_name = lead.company_domain = None
    assert title_of(lead, reading()) == "A lead without a name"


def test_what_somebody_should_know_first_is_said_first():
    told = Kept(rules([FOLLOW_UP])).offered().ask("hold", by="maja", until="2026-12-24T22:59:59Z")
    assert shown(told).warnings == ["On hold until Thu 24 Dec, 23:59 CET, by Desk"]
    assert asker_name("page/maja") == "Maja"
    lead = told.lead.copy()
    lead.merged_into, lead.disposition, lead.limbo, lead.held, lead.parked = "lead_b", "spam", "x", True, None
    told.lead = lead
    warnings = " ".join(shown(told).warnings)
    for words in ("one with another", "Set aside: spam", "should not happen", "could not be read"):
        assert words in warnings


def test_rules_of_our_own_have_names_on_the_page_too():
    assert set(OWN_RULE_NAMES) == set(OWN_RULES) == set(get_args(OwnRule))
