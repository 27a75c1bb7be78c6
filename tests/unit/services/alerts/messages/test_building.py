"""What a message says, of one and of many, in each language."""

from datetime import UTC
from string import Formatter
from typing import get_args

import pytest

from routing.incidents.records import Notification, Resolution
from schemas.notify import Language
from schemas.sla import Metric
from services.alerts.messages.building import SHOWN, About, Links, Material, Reader, build, text_lines
from services.alerts.messages.words import WORDS
from tests.alerting import HOUR, MINUTE, NOW, Desk, breached, escalated, fulfilled, warned

LINKS = Links("https://x/{lead}", "https://x/{clock}/explain", "https://x/ack", "https://x/all")


def message(*events, kind="news", about=None, language="en", links=LINKS, after=HOUR, subject=None):
    desk = Desk()
    for event in events:
        desk.tell(event, subject=subject)
    incidents = sorted(desk.incidents.values(), key=lambda i: (i.due_at, i.id))
    told = Notification(id="ntf_1", channel="mail", thread="t", grouping="g", kind=kind, incidents=(), created_at=NOW)
    material = Material(incidents, incidents, None, about or {})
    return build(told, material, Reader(language, UTC), links, NOW + after)


@pytest.mark.parametrize(
    ("events", "subject"),
    [
        ([warned(1)], "Due soon: follow-up: lead_1"),
        ([breached(1)], "Broken promise: follow-up: lead_1"),
        ([breached(1), fulfilled(1)], "Over: follow-up: lead_1"),
        ([warned(1), warned(2)], "2 promises due soon: follow-up"),
        ([warned(1), breached(2)], "2 broken promises: follow-up"),
        ([breached(1), breached(2, policy="answer")], "2 broken promises: answer, follow-up"),
        ([breached(1), breached(2), fulfilled(1), fulfilled(2)], "2 are over: follow-up"),
    ],
)
def test_the_subject_says_what_it_is_about(events, subject):
    assert message(*events).subject == subject


def test_an_outage_of_ours_and_quiet_hours_say_so():
    late = message(*[breached(n) for n in range(9)], kind="late")
    assert late.subject == "Found late: 9 broken promises" and "09:00 UTC" in late.intro[0]
    held = message(breached(1), breached(2), fulfilled(2), kind="held")
    assert held.subject == "In your quiet hours: 1 to look at, 1 over by now"
    assert "the promise was kept" in "\n".join(text_lines(held))


def test_it_says_whose_lead_when_due_how_late_what_to_do_and_why():
    text = "\n".join(
        text_lines(message(breached(1), escalated(1, "maja", rung=2), about={"lead_1": About("Anna Ek", "Fjordkraft")}))
    )
    for part in (
        "Anna Ek, Fjordkraft: due Tue 24 Nov 09:00 UTC, 1 h late; step 2 of the ladder",
        "Promise: follow-up (24h elapsed)",
        "Owner: elin",
        "To do: Call or write to the lead",
        "Why: https://x/clk_1/explain",
        "The lead: https://x/lead_1",
        "I have seen it: https://x/ack",
    ):
        assert part in text


def test_what_is_still_to_come_is_said_as_time_left():
    assert "in 30 min" in message(warned(1, due_at=NOW + HOUR), after=30 * MINUTE).items[0].headline


def test_a_summary_names_the_oldest_and_counts_the_rest():
    many = message(*[breached(n, due_at=NOW - n * MINUTE) for n in range(8)], kind="summary")
    assert [i.incident.about for i in many.items] == [f"clk_{n}" for n in (7, 6, 5, 4, 3)] and len(many.items) == SHOWN
    assert (many.more, many.total) == ("and 3 more", 8)
    assert "All of them: https://x/all" in "\n".join(text_lines(many))


def test_a_promise_by_number_is_named_by_whose_it_is_and_links_to_no_lead():
    counted = breached(1, subject_id="field", subject_kind="team", owner=None, metric="volume", counted=3, team="field")
    (item,) = message(counted, subject="promise:calls").items
    assert (item.who, item.lead, item.explain) == ("field", None, "https://x/clk_1/explain")
    assert ("Promise", "counted 3") in item.facts and ("Owner", "field") in item.facts


def test_without_links_there_are_none():
    text = "\n".join(text_lines(message(breached(1), links=Links())))
    assert "https://" not in text and "seen it" not in text


def fields(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("language", get_args(Language))
def test_each_language_says_everything_with_the_same_values(language):
    words = WORDS[language]
    for name, english in WORDS["en"]._asdict().items():
        said = getattr(words, name)
        if isinstance(english, str):
            assert said and fields(said) == fields(english), name
        else:
            assert said.keys() == english.keys() and all(said.values()), name
    assert set(words.resolutions) == set(get_args(Resolution))
    assert set(words.tasks) == {*get_args(Metric), "volume", "share", "target", "source"}
