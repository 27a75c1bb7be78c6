"""What is put into a room: within an event's bounds, however much there is to say."""

import json

from schemas.alert_channels import MatrixChannel
from services.alerts.channels.matrix import event_of
from services.alerts.messages.building import About
from tests.alerting import breached
from tests.unit.services.alerts.messages.test_building import message

MOST = 65_536


def test_an_edit_of_much_is_within_an_events_bytes():
    about = {f"lead_{n}": About("Å" * 3000, "é" * 3000) for n in range(5)}
    told = message(*[breached(n) for n in range(5)], about=about, kind="update")._replace(receipt="$one")
    event = event_of(told)
    assert event["m.relates_to"] == {"rel_type": "m.replace", "event_id": "$one"}
    assert len(json.dumps(event, ensure_ascii=False).encode()) < MOST - 2000
    assert "formatted_body" not in event, "too long a page is left out, the text is cut"


def test_names_are_text_and_no_html():
    event = event_of(message(breached(1), about={"lead_1": About("<img src=x>", None)}))
    assert "<img" in event["body"] and "<img" not in event["formatted_body"]


def test_a_room_is_an_id():
    given = {"name": "r", "kind": "matrix", "url": "https://m", "token": "STAFETT_SECRET_X", "room": "!abc:example.com"}
    assert MatrixChannel.model_validate(given).has_threads
