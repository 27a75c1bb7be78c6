"""Storms, summaries, inhibition, an outage of ours, quiet hours."""

from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from routing.incidents.changes import acknowledge
from routing.incidents.grouping import compose
from routing.incidents.records import Destination
from schemas.events import Owner, SlaCorrected
from tests.alerting import (
    HOUR,
    MAIL,
    MINUTE,
    NOW,
    PAGER,
    PEOPLE,
    ROOM,
    SECOND,
    Desk,
    _fields,
    breached,
    escalated,
    fulfilled,
    places,
    warned,
)

ONE_ROOM = {"routes": [{"channels": ["room"]}]}
NIGHT = {"from": "20:00", "to": "07:00"}


def test_the_first_message_waits_for_what_comes_with_it_and_the_next_for_the_interval():
    desk = Desk(ROOM).tell(breached(1))
    assert desk.wait(29 * SECOND) == []
    desk.tell(breached(2))
    (sent,) = desk.wait(SECOND)
    assert (sent.kind, len(sent.incidents)) == ("news", 2)
    desk.tell(breached(3))
    assert desk.wait(4 * MINUTE) == []
    assert len(desk.wait(MINUTE)) == 1


def test_it_says_when_something_is_ready_next():
    desk = Desk(ROOM, people=PEOPLE).tell(breached(1))
    made = compose(desk.pending.values(), desk.incidents, {}, audience=desk.audience, usual_zone=UTC)
    assert (list(made.notifications), made.next_at) == ([], NOW + 30 * SECOND)
    last = {(Destination("room"), "follow-up/field"): NOW - MINUTE}
    made = compose(desk.pending.values(), desk.incidents, last, audience=desk.audience, usual_zone=UTC)
    assert made.next_at == NOW + 4 * MINUTE
    assert compose([], {}, {}, audience=desk.audience, usual_zone=UTC).next_at is None


def test_a_storm_of_500_breaches_is_one_summary_for_each_channel():
    desk = Desk(ROOM, PAGER, MAIL, routes=[{"to": ["elin"], "channels": ["room", "pager", "mail"]}])
    for number in range(500):
        desk.tell(breached(number))
    sent = desk.wait(MINUTE)
    assert places(sent) == [("mail", "elin"), ("pager", ""), ("room", "")]
    assert {(n.kind, len(n.incidents)) for n in sent} == {("summary", 500)}
    assert desk.wait(HOUR) == []


def test_policies_and_teams_are_told_apart():
    desk = Desk(ROOM).tell(breached(1)).tell(breached(2, policy="answer")).tell(breached(3, owner=Owner(person="maja")))
    assert sorted(n.grouping for n in desk.wait(MINUTE)) == ["answer/field", "follow-up/", "follow-up/field"]


def test_a_breach_silences_its_own_warning():
    desk = Desk().tell(warned()).tell(breached())
    sent = desk.wait(MINUTE)
    assert places(sent) == [("mail", "elin"), ("mail", "maja")] and not desk.pending


def test_what_is_over_before_anybody_was_told_is_not_told():
    desk = Desk(MAIL, ROOM).tell(breached()).tell(fulfilled())
    assert desk.wait(MINUTE) == [] and not desk.pending


def test_breach_and_rung_for_the_same_person_are_one_message():
    desk = Desk().tell(breached()).tell(escalated(1, "maja"))
    assert places(desk.wait(MINUTE)) == [("mail", "elin"), ("mail", "maja")]


def test_an_outage_found_late_is_one_message_whatever_the_policies():
    desk = Desk(ROOM)
    for number in range(40):
        desk.tell(breached(number, policy=f"p{number % 4}", due_at=NOW - HOUR))
    (sent,) = desk.wait(MINUTE)
    assert (sent.kind, len(sent.incidents), sent.grouping) == ("late", 40, "found late")


def test_few_that_are_found_late_are_told_as_any_others():
    desk = Desk(ROOM, **ONE_ROOM)
    for number in range(3):
        desk.tell(breached(number, due_at=NOW - HOUR))
    (sent,) = desk.wait(MINUTE)
    assert (sent.kind, len(sent.incidents)) == ("news", 3)


def test_a_correction_is_no_outage():
    desk = Desk(ROOM)
    for number in range(10):
        desk.tell(
            SlaCorrected(**_fields(number, {"due_at": NOW - HOUR, "old": "fulfilled", "new": "breached", "cause": "s"}))
        )
    assert [n.kind for n in desk.wait(MINUTE)] == ["summary"]


def with_night(person="elin", hours=NIGHT):
    return [{**p, "quiet_hours": hours} if p["id"] == person else p for p in PEOPLE]


def test_quiet_hours_hold_what_is_told_and_end_in_one_message_with_what_is_over_by_then():
    desk = Desk(people=with_night())
    desk.now = datetime(2026, 11, 24, 21, tzinfo=UTC)
    desk.tell(breached(1)).tell(breached(2, policy="answer"))
    assert places(desk.wait(MINUTE)) == [("mail", "maja")] * 2, "who is awake is told"
    assert desk.incident(1).state == "firing", "nothing is decided later for it"
    desk.tell(fulfilled(2))
    desk.wait(8 * HOUR)
    assert [n.person for n in desk.sent if n.person == "elin"] == [], "05:01 UTC is 06:01 in Stockholm"
    (sent,) = [n for n in desk.wait(HOUR) if n.person == "elin"]
    assert (sent.kind, len(sent.incidents)) == ("held", 2)
    assert not desk.pending


def test_a_room_has_quiet_hours_of_its_own_and_zone():
    desk = Desk({**ROOM, "quiet_hours": NIGHT, "zone": "America/New_York"})
    desk.now = datetime(2026, 11, 24, 11, 30, tzinfo=UTC)
    desk.tell(breached())
    assert desk.wait(MINUTE) == []
    assert [n.kind for n in desk.wait(HOUR)] == ["held"]


def test_where_there_are_threads_what_follows_goes_to_the_message_it_is_about():
    desk = Desk(PAGER)
    for number in (1, 2):
        desk.tell(breached(number))
    (first,) = desk.wait(MINUTE)
    desk.tell(breached(3))
    (second,) = desk.wait(HOUR)
    assert first.thread == first.id and second.thread == desk.incident(3).id
    for number in (1, 2, 3):
        desk.tell(fulfilled(number))
    updates = desk.wait(MINUTE)
    assert {(n.thread, len(n.incidents), n.kind) for n in updates} == {
        (first.id, 2, "update"),
        (second.thread, 1, "update"),
    }


def test_an_acknowledgement_is_shown_at_once():
    desk = Desk(PAGER).tell(breached())
    desk.wait(MINUTE)
    desk.keep(acknowledge(desk.incident(), "elin", desk.audience))
    (sent,) = desk.wait()
    assert sent.kind == "update"


def test_a_channel_that_is_no_longer_in_the_file_is_told_nothing():
    desk = Desk(ROOM, MAIL).tell(breached())
    desk.file = Desk(MAIL).file
    assert places(desk.wait(MINUTE)) == [("mail", "elin"), ("mail", "maja")] and not desk.pending


STEPS = st.lists(
    st.tuples(st.sampled_from(["warned", "breached", "escalated", "fulfilled", "wait"]), st.integers(1, 4)),
    max_size=40,
)
MADE = {"warned": warned, "breached": breached, "fulfilled": fulfilled, "escalated": lambda n: escalated(n, "ceo")}


@given(steps=STEPS)
def test_whatever_happens_nothing_waits_for_ever_and_nobody_is_told_too_often(steps):
    """After an hour without events nothing waits; each open breach was told to its owner; messages with news of one grouping keep
    their distance."""
    desk, news = Desk(routes=[{"to": ["elin"], "channels": ["mail"]}]), []
    for what, number in [*steps, ("wait", 60), ("wait", 60)]:
        if what == "wait":
            made = desk.wait(number * MINUTE)
            news += [desk.now for n in made if n.kind != "update"]
        else:
            desk.tell(MADE[what](number))
    assert not desk.pending
    for incident in desk.incidents.values():
        assert not incident.is_open or incident.threads
    assert all(later - earlier >= 5 * MINUTE for earlier, later in pairwise(news))
