"""What opens, moves and ends an incident, and who hears of it."""

import pytest

from routing.incidents.changes import acknowledge
from routing.incidents.folding import TYPES, Happening, fold
from routing.incidents.records import Destination
from schemas.events import (
    EVENT_TYPES,
    HandoverFollowedUp,
    HandoverRejected,
    LeadOwnerChanged,
    LeadStageChanged,
    Owner,
    SlaCancelled,
    SlaCorrected,
    SlaPaused,
    SlaStarted,
)
from tests.alerting import (
    HOUR,
    MAIL,
    MINUTE,
    NOW,
    PAGER,
    ROOM,
    Desk,
    _fields,
    breached,
    escalated,
    fulfilled,
    places,
    warned,
)


def heard(desk, kind=None):
    return sorted({(n.channel, n.person) for n in desk.pending.values() if kind in (None, n.kind)})


def test_the_owner_hears_the_warning_and_owner_and_manager_the_breach():
    desk = Desk().tell(warned())
    assert heard(desk) == [("mail", "elin")]
    assert (desk.incident().level, desk.incident().state) == ("warning", "firing")
    desk.tell(breached())
    assert heard(desk, "breached") == [("mail", "elin"), ("mail", "maja")]
    assert desk.incident().level == "breach" and len(desk.incidents) == 1


def test_each_rung_tells_those_that_it_names_and_the_room_of_its_name_and_counts():
    desk = Desk(MAIL, ROOM, routes=[{"channels": ["mail"]}]).tell(breached())
    desk.pending.clear()
    desk.tell(escalated(1, "ceo", channel="room", rung=2))
    assert heard(desk) == [("mail", "ceo"), ("room", "")]
    assert desk.incident().rungs == 2


def test_a_rung_that_names_a_room_of_the_agreement_which_is_no_channel_of_ours_tells_its_people():
    desk = Desk().tell(breached())
    desk.pending.clear()
    assert heard(desk.tell(escalated(1, "ceo", channel="elsewhere"))) == [("mail", "ceo")]


def test_who_has_no_address_is_not_told_and_a_shared_place_hears_once():
    desk = Desk(MAIL, PAGER).tell(breached(owner=Owner(person="karin")))
    assert heard(desk) == [("mail", "ceo"), ("mail", "maja"), ("pager", "")], "nobody is above Karin: all managers"


def test_routes_choose_by_occasion_policy_and_team():
    routes = [
        {"on": ["breach"], "teams": ["field"], "to": ["manager"], "channels": ["mail"]},
        {"on": ["breach"], "policies": ["answer"], "channels": ["pager"]},
    ]
    desk = Desk(MAIL, PAGER, routes=routes).tell(warned()).tell(breached())
    assert heard(desk) == [("mail", "maja")]
    desk.tell(breached(2, policy="answer"))
    assert heard(desk) == [("mail", "maja"), ("pager", "")]


@pytest.mark.parametrize(
    ("data", "resolution"),
    [
        (fulfilled(), "kept"),
        (SlaCancelled(**_fields(1, {"reason": "stage"})), "cancelled"),
        (SlaCorrected(**_fields(1, {"old": "breached", "new": "fulfilled", "cause": "sig_9"})), "kept"),
        (SlaCorrected(**_fields(1, {"old": "breached", "new": "running", "cause": "sig_9"})), "corrected"),
        (HandoverFollowedUp(handover_id="ho_1", pass_number=1, followed_up_at=NOW), "kept_late"),
        (LeadStageChanged(from_stage="hand_over", to_stage="nurturing", pass_number=1, reason="r"), "moved_on"),
    ],
)
def test_what_ends_an_incident(data, resolution):
    desk = Desk().tell(breached())
    desk.wait(MINUTE)
    desk.tell(data, 1)
    assert (desk.incident().state, desk.incident().resolution) == ("resolved", resolution)
    assert heard(desk, "resolved") == [("mail", "elin"), ("mail", "maja")]


def test_an_answer_ends_what_waited_for_one_and_nothing_else():
    desk = Desk().tell(breached()).tell(breached(2, subject_id="lead_1.1", metric="acceptance", policy="answer"))
    desk.tell(HandoverRejected(handover_id="ho_1", pass_number=1), 1)
    assert (desk.incident(1).state, desk.incident(2).state) == ("firing", "resolved")


def test_what_concerns_another_lead_leaves_it():
    desk = Desk().tell(breached())
    desk.tell(HandoverFollowedUp(handover_id="ho_2", pass_number=1, followed_up_at=NOW), 2)
    assert desk.incident().is_open


def test_the_next_clock_of_the_same_policy_ends_the_one_before():
    desk = Desk().tell(breached(subject_id="promise:calls"), "x")
    begun = SlaStarted(**_fields(2, {"started_at": NOW}))
    desk.tell(begun, "x")
    assert desk.incident().resolution == "begun_again"


def test_a_warning_after_the_breach_changes_nothing_and_a_repetition_keeps_what_somebody_acknowledged():
    desk = Desk().tell(breached()).tell(warned())
    assert desk.incident().level == "breach"
    desk.keep(acknowledge(desk.incident(), "elin", desk.audience))
    desk.pending.clear()
    desk.tell(breached())
    assert desk.incident().state == "acknowledged" and not desk.pending


def test_a_breach_of_what_was_acknowledged_as_a_warning_fires_again():
    desk = Desk().tell(warned())
    desk.keep(acknowledge(desk.incident(), "elin", desk.audience))
    assert desk.incident().state == "acknowledged"
    desk.tell(breached())
    assert (desk.incident().state, desk.incident().level) == ("firing", "breach")


def test_what_was_over_and_is_broken_after_all_is_told_as_new():
    desk = Desk().tell(breached())
    desk.wait(MINUTE)
    desk.tell(SlaCorrected(**_fields(1, {"old": "breached", "new": "fulfilled", "cause": "s"})))
    desk.wait(10 * MINUTE)
    assert desk.incident().threads
    desk.tell(SlaCorrected(**_fields(1, {"old": "fulfilled", "new": "breached", "cause": "s"})))
    assert (desk.incident().state, desk.incident().threads) == ("firing", ())
    assert heard(desk, "breached") == [("mail", "elin"), ("mail", "maja")]


def test_the_new_owner_hears_of_it_and_what_measured_a_person_stays_theirs():
    desk = Desk().tell(breached()).tell(breached(2, subject_id="lead_1.1", subject_kind="offer"))
    desk.keep(acknowledge(desk.incident(), "elin", desk.audience))
    desk.pending.clear()
    moved = LeadOwnerChanged(from_owner=Owner(person="elin"), to_owner=Owner(person="johan"), rule="by_hand")
    desk.tell(moved, 1)
    assert heard(desk) == [("mail", "johan")]
    assert (desk.incident(1).owner, desk.incident(1).state) == ("johan", "firing"), "Johan has not seen it"
    assert desk.incident(2).owner == "elin"


def test_a_pause_moves_what_was_warned_of_and_tells_nobody():
    desk = Desk().tell(warned())
    desk.pending.clear()
    pause = {"due_at": NOW + HOUR, "reason": "signal", "paused_at": NOW, "cause": "sig_2"}
    desk.tell(SlaPaused(**_fields(1, pause)))
    assert desk.incident().due_at == NOW + HOUR and not desk.pending


def test_acknowledging_is_shown_where_state_is_shown_and_counts_once():
    desk = Desk(MAIL, ROOM).tell(breached())
    desk.wait(MINUTE)
    desk.keep(acknowledge(desk.incident(), "elin", desk.audience))
    assert heard(desk) == [("room", "")]
    assert desk.incident().acknowledged_by == "elin"
    assert acknowledge(desk.incident(), "maja", desk.audience) == ((), ())


def test_a_rung_of_a_breach_from_before_opens_it():
    desk = Desk().tell(escalated(1, "ceo"))
    assert desk.incident().level == "breach" and heard(desk) == [("mail", "ceo")]


def test_the_same_event_twice_makes_the_same_notices():
    desk = Desk()
    event = Happening("evt_1", "lead_1", breached())
    first, again = (fold(event, {}, desk.audience) for _ in range(2))
    assert first == again and len({n.id for n in first.notices}) == 2


def test_every_type_that_is_folded_is_a_type_of_event_and_others_change_nothing():
    assert set(EVENT_TYPES) > TYPES
    desk = Desk().tell(breached())
    assert places(desk.wait(MINUTE)) == [Destination("mail", "elin"), Destination("mail", "maja")]
