"""Alerts as Alertmanager takes them."""

from datetime import timedelta

from routing.incidents.targets import TargetTrouble, fold_targets
from services.alerts.channels.alertmanager import AHEAD, alerts_of
from services.alerts.messages.building import Links
from tests.alerting import HOUR, NOW, Desk, breached, fulfilled, warned

LINKS = Links(explain="https://x/{clock}/explain")
LATER = NOW + timedelta(minutes=10)


def alerts(*events):
    desk = Desk()
    for event in events:
        desk.tell(event)
    return list(alerts_of(desk.incident(), LINKS, LATER))


def test_a_breach_starts_when_it_was_noticed_and_is_open_for_long():
    (alert,) = alerts(breached(due_at=NOW - 3 * HOUR))
    assert (alert["startsAt"], alert["endsAt"]) == (NOW.isoformat(), (LATER + AHEAD).isoformat())
    assert alert["annotations"]["due_at"] == (NOW - 3 * HOUR).isoformat()
    assert alert["labels"] == {
        "alertname": "StafettPromiseBroken",
        "kind": "breach",
        "severity": "critical",
        "policy": "follow-up",
        "team": "field",
        "owner": "elin",
        "clock_id": "clk_1",
        "lead": "lead_1",
    }
    assert alert["generatorURL"] == "https://x/clk_1/explain"


def test_no_label_is_empty():
    (alert,) = alerts(breached(owner=None))
    assert "owner" not in alert["labels"] and all(alert["labels"].values())


def test_what_is_over_ends_now_and_not_before_it_began():
    (alert,) = alerts(breached(), fulfilled())
    assert alert["endsAt"] == LATER.isoformat() and alert["startsAt"] <= alert["endsAt"]


def test_a_breach_ends_the_warning_before_it_by_the_warnings_own_labels():
    (warning,) = alerts(warned())
    breach, over = alerts(warned(), breached())
    assert over["labels"] == warning["labels"] and over["endsAt"] == LATER.isoformat()
    assert breach["labels"]["kind"] == "breach" and breach["endsAt"] > LATER.isoformat()


def test_a_receiver_of_events_has_a_name_of_its_own():
    desk = Desk()
    desk.keep(fold_targets([TargetTrouble("crm", "410 Gone")], {}, desk.audience))
    ((incident),) = desk.incidents.values()
    (alert,) = alerts_of(incident, LINKS, LATER)
    assert (alert["labels"]["alertname"], alert["labels"]["target"]) == ("StafettReceiverStopped", "crm")
    assert alert["annotations"]["detail"] == "410 Gone" and "generatorURL" not in alert
    assert {"clock_id", "lead"}.isdisjoint(alert["labels"])
