"""Rows of those who wait: what is said of each."""

from datetime import timedelta

import pytest

from routing.model.records import LeadPersonal, Passed, Queue
from schemas.signals import Person
from services.console.board.rows import summary_of, waiting_rows
from services.console.language.reader import Reader, person_name, reader_of
from services.console.language.vocabulary import lead_name
from services.ports.console import Tally, Waiting
from services.ports.rows import ClockRow, LeadRow
from tests.stories import HOUR, START, Story, rules

FOLLOW_UP = {"name": "first-call", "metric": "follow_up", "starts": "hand_over", "target": "2h elapsed"}
HOSTILE = '<script>alert("x")</script>'


def reading(language="en", after=timedelta(0)):
    return reader_of(language, "Europe/Stockholm", START + after)


def waiting(state="running", person=None, **changes):
    told = Story(rules([FOLLOW_UP])).offered()
    lead = told.lead.copy()
    for name, value in changes.items():
        setattr(lead, name, value)
    clock = told.clock("first-call")
    personal = LeadPersonal(person=person or Person(full_name="Anna Ek")).text()
    queue = lead.queue.place if lead.queue else None
    return Waiting(
        ClockRow(clock.id, lead.id, clock.policy, state, 1, clock.due_at, None, "k", clock.text(), act_by=clock.due_at),
        LeadRow(lead.id, "default", lead.stage, "active", lead.owner, None, False, 1, lead.text(), personal, None, START, queue),
    )  # fmt: skip


def test_a_row_says_who_waits_for_what_until_when_and_who_has_it():
    (row,) = waiting_rows([waiting(company_name="Nordhamn AB")], reading(after=30 * timedelta(minutes=1)))
    assert (row.name, row.company, row.owner) == ("Anna Ek", "Nordhamn AB", "Elin")
    assert (row.task, row.stage, row.promise) == ("Call or write", "Handed over", "first call")
    assert (row.due, row.left, row.urgency) == ("Tue 24 Nov, 12:00 CET", "1 h 30 min left", "later")
    assert row.due_ms == int((START + 2 * HOUR).timestamp() * 1000)
    assert row.why == []


def test_the_same_row_in_swedish():
    (row,) = waiting_rows([waiting()], reading("sv", 3 * HOUR))
    assert (row.due, row.left, row.urgency) == ("tis 24 nov., 12:00 CET", "1 tim sent", "overdue")
    assert (row.task, row.stage) == ("Ring eller skriv", "Överlämnad")


@pytest.mark.parametrize(
    ("after", "state", "urgency", "left"),
    [
        (HOUR, "running", "soon", "1 h left"),
        (2 * HOUR, "running", "overdue", "less than a minute late"),
        (2 * HOUR, "paused", "still", "stands still"),
        (2 * HOUR, "breached", "overdue", "less than a minute late"),
    ],
)
def test_how_urgent_it_is_follows_from_the_due_instant(after, state, urgency, left):
    (row,) = waiting_rows([waiting(state)], reading(after=after))
    assert (row.urgency, row.left) == (urgency, left)


def test_who_waits_in_a_queue_says_why_each_of_the_pool_could_not_take_it():
    queue = Queue(
        route="hand_over",
        rule="everybody",
        pool="key-accounts",
        since=START,
        until=START + HOUR,
        passed=(Passed(person="elin", codes=("full", "absent")), Passed(person="johan", codes=("a_code_to_come",))),
        kept_for="karin",
    )
    (row,) = waiting_rows([waiting(owner=None, queue=queue)], reading())
    assert (row.owner, row.queue) == (None, "key accounts")
    assert row.why == [
        "Elin has as many leads as they can take, was away",
        "Johan a code to come",
        "it is kept for Karin, whose turn it is",
    ]


def test_who_should_have_somebody_and_has_nobody_is_told_as_a_defect():
    (row,) = waiting_rows([waiting(owner=None, limbo="no_owner_and_no_reason")], reading())
    assert "should not happen" in row.why[0]


@pytest.mark.parametrize(
    ("person", "name"),
    [
        (Person(full_name="Anna Ek", email="a@b.example"), "Anna Ek"),
        (Person(first_name="Bo", last_name="Ek"), "Bo Ek"),
        (Person(email="a@b.example", phone="+46701234567"), "a@b.example"),
        (Person(phone="+46701234567"), "+46701234567"),
        (Person(), ""),
    ],
)
def test_a_lead_is_called_by_the_best_that_is_known(person, name):
    assert lead_name(person) == name


def test_a_screen_on_a_wall_names_companies_and_no_people():
    known, unknown = waiting(company_name="Nordhamn AB"), waiting(person=Person(email="anna@secret.example"))
    rows = waiting_rows([known, unknown], reading(), names=False)
    assert [row.name for row in rows] == ["Nordhamn AB", "A lead without a name"]


def test_the_summary_is_one_line_and_says_where_more_are_than_were_counted():
    assert summary_of(Tally(3, 1, 1, True), reading()) == ("3 leads wait, 1 of them overdue", "1", "1", "1")
    assert summary_of(Tally(1, 0, 0, True), reading("sv")).line == "1 lead väntar"
    assert summary_of(Tally(1000, 0, 10, False), reading()) == ("1000+ leads wait", "0", "10", "990+")


def test_people_are_called_as_people_call_them():
    assert [person_name(name) for name in ("elin", "anna-maria", "bo_ek")] == ["Elin", "Anna-Maria", "Bo Ek"]


def test_lengths_and_instants_are_told_in_the_zone_of_the_reader():
    there: Reader = reader_of("en", "America/New_York", START)
    assert there.instant(START) == "Tue 24 Nov, 04:00 EST"
    assert there.instant(START.replace(year=2027)) == "Wed 24 Nov 2027, 04:00 EST"
    assert there.time_of_day(START) == "04:00 EST"
    assert there.day(START) == "Tuesday 24 November"
    assert there.tonight().isoformat() == "2026-11-25T00:00:00-05:00"
    assert [there.length(s) for s in (5, 61, -3600, 90_000, 172_800)] == ["less than a minute", "1 min", "1 h", "1 day 1 h", "2 days"]  # fmt: skip
    assert (there.several(["Elin"]), there.several(["Elin", "Bo", "Cia"])) == ("Elin", "Elin, Bo and Cia")
