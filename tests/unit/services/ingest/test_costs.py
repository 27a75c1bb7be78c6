"""What a body may cost to read, however few bytes it has: events and values are bounded before anything is made of them (H6)."""

import json
from datetime import UTC, datetime

import pytest

from schemas.sources import Source
from services.ingest.app import read_delivery
from services.ingest.configured.source import Configured
from services.ingest.parsers.bounds.unreadable import Unreadable
from services.ingest.parsers.reading import naming
from services.ingest.parsers.reading.naming import cache_by_name
from services.ingest.parsers.reading.safely import MAX_DEPTH, MAX_VALUES, events_at_most, read_json
from services.ingest.proof.verify import Request
from tests.everykind import KINDS, sent

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


def read_body(kind, body, said="application/json", headers=None, **more):
    source = Source(name="s", kind=kind, verify={"scheme": "none"}, **more)
    headers = {**sent(kind).headers, **(headers or {}), "content-type": said}
    return read_delivery(Configured(source, (), ()), Request("POST", "", headers, body), NOW, b"k" * 32)


def change(count):
    head = {"entityName": "Lead", "changeType": "UPDATE", "recordIds": [f"00Q{n:015}" for n in range(count)]}
    return {"payload": {"ChangeEventHeader": head, "Email": "anna@example.com"}}


@pytest.mark.parametrize(("events", "each"), [(1, 101), (51, 2), (100, 2)])
def test_h6_an_event_of_many_records_counts_as_many(events, each):
    found = read_body("salesforce", json.dumps([change(each)] * events).encode())
    assert not found.signals and "at most 100" in found.unclear[0].quarantined
    assert len(read_body("salesforce", json.dumps([change(2)] * 50).encode()).signals) == 100


def test_the_record_of_an_event_that_has_one_may_stand_alone():
    event = change(1)
    event["payload"]["ChangeEventHeader"]["recordIds"] = "00Q000000000000001"
    (signal,) = read_body("salesforce", json.dumps(event).encode()).signals
    assert [ref.id for ref in signal.references] == ["00Q000000000000001"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", ["a list", "an object", "lists in lists"])
def test_h6_a_body_of_many_values_is_set_aside_whole_in_every_kind(kind, shape):
    many = list(range(15_001))
    inner = {"a list": many, "an object": {str(n): n for n in many}, "lists in lists": [[n] for n in many]}[shape]
    own = sent(kind)
    whole = json.loads(own.body) if own.body[:1] == b"{" else {"email": "anna@example.com"}
    body = json.dumps({**whole, "data": {**inner_of(whole), "more": inner}}).encode()
    said = own.content_type if own.body[:1] == b"{" else "application/json"
    found = read_body(kind, body, said)
    assert not found.signals and found.unclear


def inner_of(whole):
    return whole["data"] if isinstance(whole.get("data"), dict) else {}


def test_h6_values_are_counted_and_not_what_texts_have_in_them():
    text = json.dumps({"email": "anna@example.com", "message": "a, b: [c], {d} " * 20_000}).encode()
    assert len(read_body("form", text).signals) == 1
    with events_at_most(100, 1000):
        assert read_json(text)["email"]
        with pytest.raises(Unreadable, match="more values"):
            read_json(json.dumps(list(range(1001))).encode())


def test_h6_a_mebibyte_of_brackets_is_not_read_at_all(monkeypatch):
    monkeypatch.setattr("services.ingest.parsers.reading.safely.json.loads", None)
    with pytest.raises(Unreadable, match="more values"):
        read_json(b"[" + b"[]," * 300_000 + b"[]]")


def test_h6_all_texts_of_json_in_a_body_have_one_bound_together():
    part = json.dumps(list(range(400))).encode()
    with events_at_most(100, 1000):
        read_json(part)
        read_json(part)
        with pytest.raises(Unreadable, match="more values"):
            read_json(part)
    assert len(read_json(json.dumps(list(range(MAX_VALUES))).encode())) == MAX_VALUES, "by hand each has its own"


def test_h6_more_events_may_have_more_values_and_nobody_has_more_than_all():
    def most(**more):
        return Source(name="s", kind="form", verify={"scheme": "none"}, **more).values_at_once

    assert most() == most(max_events=1) == 15_000
    assert most(max_events=120) == 18_000
    assert most(max_events=1000) == 24_000
    assert most(max_values=50_000) == 50_000
    with events_at_most(1000, MAX_VALUES + 1), pytest.raises(Unreadable):
        read_json(json.dumps(list(range(MAX_VALUES + 1))).encode())


def test_h6_a_name_counts_as_five_values_where_it_is_met_and_as_one_afterwards():
    with events_at_most(1000, 1000):
        read_json(json.dumps([{f"field {n}": 1 for n in range(100)}] * 4).encode())
        with pytest.raises(Unreadable, match="more values"):
            read_json(json.dumps({f"another {n}": 1 for n in range(100)}).encode())
    with events_at_most(1000, 1000):
        for _ in range(5):
            read_json(json.dumps({f"field {n}": 1 for n in range(100)}).encode())


@pytest.mark.parametrize(("depth", "ok"), [(MAX_DEPTH, True), (MAX_DEPTH + 1, False)])
def test_a_body_has_a_depth(depth, ok):
    body = b"[" * depth + b"]" * depth
    if ok:
        assert read_json(body) is not None
    else:
        with pytest.raises(Unreadable, match="deep"):
            read_json(body)


def test_of_names_a_bounded_number_is_remembered_and_of_long_ones_none():
    asked = []
    known = cache_by_name(lambda name: asked.append(name) or name.upper())
    assert [known("a"), known("a"), known("b" * 300), known("b" * 300)] == ["A", "A", "B" * 300, "B" * 300]
    assert asked == ["a", "b" * 300, "b" * 300]
    for number in range(2 * naming.REMEMBERED + 1):
        known(str(number))
    assert len(known.__self__) <= naming.REMEMBERED
