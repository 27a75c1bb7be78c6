"""A sealed event is the event without what is personal, until it is opened: then it is what it was, byte for byte."""

import json
from pathlib import Path

import pytest

from schemas.envelope import Envelope, whole
from services.sealing.boxes import Unopenable, draw_key
from services.sealing.events import key_name, open_event, seal_event, take_apart

GOLDEN = sorted((Path(__file__).parents[3] / "golden" / "v1").glob("*.json"))
HEAD = '{"id":"evt_1","subject":"lead_a","data":{"stage":"deal","personal":'


def seal(secret, head=HEAD, personal='{"person":{"email":"anna@example.com"}}', event_id="evt_1"):
    return seal_event(head, personal, event_id=event_id, lead_id="lead_a", secret=secret)


def test_what_is_personal_is_null_beside_a_box_and_opens_to_the_same_bytes():
    secret = draw_key()
    line = seal(secret)
    data = json.loads(line)["data"]
    assert data["personal"] is None and data["sealed"]["key"] == key_name("lead_a", secret) and "anna" not in line
    assert open_event(take_apart(line), secret) == whole(HEAD, '{"person":{"email":"anna@example.com"}}')


def test_golden_events_stay_events_of_their_type():
    """Whoever cannot open them reads on: every member is what the schema says."""
    secret, sealed = draw_key(), 0
    for path in GOLDEN:
        event = json.loads(path.read_text())
        personal = event["data"].pop("personal", None)
        head = json.dumps(event)[:-2] + (',"personal":' if event["data"] else '"personal":')
        line = seal(secret, head, json.dumps(personal) if personal else None, event["id"])
        assert Envelope.model_validate_json(line).body().personal is None
        sealed += personal is not None
        assert personal is None or json.loads(open_event(take_apart(line), secret))["data"]["personal"] == personal
    assert sealed > 5


def test_nothing_personal_goes_out_of_somebody_erased_and_nothing_is_sealed_where_nothing_is_personal():
    assert seal(None) == whole(HEAD, None) == seal(draw_key(), personal=None)
    assert take_apart(whole(HEAD, None)) is None
    assert take_apart(whole(HEAD, '{"answers":{"a":"\\"personal\\":null,\\"sealed\\":{\\"key\\":\\"x\\"}"}}')) is None


@pytest.mark.parametrize(
    "given", [{"indent": 1}, {"sort_keys": True}, {"sort_keys": True, "separators": (",", ":")}, {}]
)
def test_a_line_that_another_program_wrote_its_own_way_opens_as_well(given):
    secret = draw_key()
    part = take_apart(json.dumps(json.loads(seal(secret)), **given))
    opened = json.loads(open_event(part, secret))
    assert opened["data"] == {"stage": "deal", "personal": {"person": {"email": "anna@example.com"}}}


def test_a_box_of_another_event_does_not_open_in_this_one():
    secret = draw_key()
    moved = take_apart(seal(secret, event_id="evt_2"))
    with pytest.raises(Unopenable):
        open_event(moved._replace(event_id="evt_1"), secret)


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        '{"id":"e","data":{"personal":null,"sealed":{"key":"k","box":"%"}}}',
        '{"id":"e","data":{"personal":null,"sealed":{"key":"k"}}}',
        '{"data":{"personal":null,"sealed":{"key":"k","box":"AAAA"}}}',
    ],
)
def test_what_is_none_of_ours_is_said_so(line):
    with pytest.raises(ValueError):
        take_apart(line)
