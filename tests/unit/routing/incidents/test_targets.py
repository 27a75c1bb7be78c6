"""A receiver that is sent nothing is told once, and its end is told."""

from routing.incidents.targets import TargetTrouble, fold_targets
from tests.alerting import HOUR, MAIL, MINUTE, NOW, ROOM, Desk, places

GONE = TargetTrouble("crm", "the receiver answered 410 Gone", NOW - HOUR)


def watch(desk, *troubles):
    known = {i.about: i for i in desk.incidents.values() if i.is_open and i.is_of_target}
    desk.keep(fold_targets(troubles, known, desk.audience))
    return desk


def test_managers_and_rooms_hear_it_once_while_it_lasts():
    desk = watch(Desk(MAIL, ROOM), GONE)
    assert places(desk.wait(MINUTE)) == [("mail", "ceo"), ("mail", "maja"), ("room", "")]
    assert watch(desk, GONE).wait(HOUR) == []
    (incident,) = desk.incidents.values()
    assert (incident.subject, incident.lead, incident.detail, incident.due_at) == (
        "target/crm",
        None,
        "the receiver answered 410 Gone",
        NOW - HOUR,
    )


def test_when_it_goes_on_it_is_over_and_told_and_the_next_time_is_a_new_one():
    desk = watch(Desk(ROOM), GONE)
    desk.wait(MINUTE)
    (told,) = watch(desk).wait(HOUR)
    (incident,) = desk.incidents.values()
    assert (told.kind, incident.state, incident.resolution) == ("update", "resolved", "goes_on")
    (again,) = watch(desk, GONE).wait(HOUR)
    assert again.kind == "news" and len(desk.incidents) == 1


def test_several_are_one_message_and_an_outage_is_no_late_breach():
    troubles = [TargetTrouble(f"t{n}", "x", NOW - 5 * HOUR) for n in range(4)]
    (sent,) = watch(Desk(ROOM), *troubles).wait(MINUTE)
    assert (sent.grouping, len(sent.incidents)) == ("deliveries/", 4)


def test_a_route_may_send_them_elsewhere():
    routes = [{"on": ["target"], "to": ["elin"], "channels": ["mail"]}]
    assert places(watch(Desk(MAIL, ROOM, routes=routes), GONE).wait(MINUTE)) == [("mail", "elin")]


def test_a_silent_source_is_told_like_a_receiver_with_a_task_of_its_own():
    silent = TargetTrouble("source/web", "nothing came for 3 hours", NOW - 3 * HOUR)
    desk = watch(Desk(ROOM), silent, GONE)
    assert {i.subject_id: i.metric for i in desk.incidents.values()} == {"source/web": "source", "crm": "target"}
    assert len(desk.wait(MINUTE)) == 1
