"""Events for tools that read no envelopes."""

import json
from pathlib import Path

import pytest

from services.delivery.flat import DEEPEST, MOST, flatten

GOLDEN = sorted((Path(__file__).parents[3] / "golden" / "v1").glob("*.json"))


def flat(**data):
    return json.loads(flatten(json.dumps({"id": "evt_1", "type": "t", "data": data})))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_each_event_has_each_of_its_values_under_a_name_of_its_own_and_nothing_nested(path):
    text = path.read_text()
    told = json.loads(flatten(text))
    assert not any(isinstance(value, dict | list) for value in told.values())
    envelope = json.loads(text)
    assert (told["event_id"], told["event_type"], told["event_subject"]) == (
        envelope["id"], envelope["type"], envelope["subject"],
    )  # fmt: skip
    assert told["mode"] == told["event_mode"] == envelope["data"]["mode"]
    assert "event_truncated" not in told
    assert not [name for name in told if name.endswith("_2") and name.removesuffix("_2") in told], "two of one name"


def test_there_are_events_to_try_it_on():
    assert len(GOLDEN) > 30


def test_names_are_the_way_to_a_value():
    assert flat(owner={"person": "elin", "team": None}, count=3, done=True) == {
        "event_id": "evt_1", "event_type": "t", "owner_person": "elin", "owner_team": None, "count": 3, "done": True,
    }  # fmt: skip


def test_plain_lists_are_one_text_and_lists_of_objects_are_numbered():
    told = flat(
        tags=["a", "b"], numbers=[1, 2.5, None, True], offers=[{"to": "elin"}, {"to": "bo"}], rows=[[1, 2], "x"]
    )
    assert (told["tags"], told["numbers"]) == ("a, b", "1, 2.5, null, true")
    assert (told["offers_1_to"], told["offers_2_to"]) == ("elin", "bo")
    assert (told["rows_1"], told["rows_2"]) == ("1, 2", "x")


def test_what_is_empty_is_null():
    assert flat(tags=[], person={}, text="") == {
        "event_id": "evt_1", "event_type": "t", "tags": None, "person": None, "text": "",
    }  # fmt: skip
    assert json.loads(flatten('{"id": "e", "data": null}')) == {"event_id": "e"}


def test_names_of_senders_are_made_plain_and_none_takes_anothers_place():
    told = flat(
        answers={"Vad är viktigt?": "x", "Vad_är_viktigt!": "y", "a b": 1, "a": {"b": 2}}, event={"id": "theirs"}
    )
    assert told["answers_Vad__r_viktigt_"] == "x" and told["answers_Vad__r_viktigt__2"] == "y"
    assert (told["answers_a_b"], told["answers_a_b_2"]) == (1, 2)
    assert (told["event_id"], told["event_id_2"]) == ("evt_1", "theirs")


def test_what_is_too_much_is_left_out_and_what_is_too_deep_is_one_text():
    told = flat(**{f"n{number}": number for number in range(2 * MOST)})
    assert len(told) == MOST + 1 and told["event_truncated"] is True
    deep = value = {}
    for _ in range(DEEPEST + 5):
        value["x"] = {}
        value = value["x"]
    value["x"] = "end"
    (name,) = [name for name in flat(deep=deep) if name.startswith("deep")]
    assert name.count("_x") < DEEPEST and "end" in flat(deep=deep)[name]
