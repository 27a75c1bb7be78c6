"""What stands once in a body may be a fact of each of its events: it is read once, and what is made of it is bounded (H6)."""

import json

import pytest

from services.ingest.limits.offload import LARGE, takes_long
from services.ingest.parsers.bounds.amount import TooMuch, added_up, facts_at_most
from services.ingest.parsers.reading.safely import number, when
from tests.attack.bodies import events_that_share
from tests.attack.costs import count_calls
from tests.unit.services.ingest.test_costs import change, read_body

CALLS_OF_300_MS = 1_500_000
"""Of functions: a second of a proven sender's batch is five to seven million."""


@pytest.mark.parametrize("kind", ["generic", "salesforce", "mautic"])
def test_h6_what_a_hundred_events_share_costs_no_more_than_a_body_of_its_size_may(kind):
    bodies = list(events_that_share(kind, 100))
    assert bodies
    for what, body in bodies:
        calls, found = count_calls(lambda body=body: read_body(kind, body.encode()))
        assert calls < CALLS_OF_300_MS, what
        assert len(found.signals) + len(found.unclear) in (1, 100), what


def test_h6_a_hundred_records_of_a_thousand_changes_are_set_aside_whole():
    changes = {f"field {n}": ["old", "new"] for n in range(1000)}
    body = {"ids": list(range(100)), "event": "update", "type": "lead", "updated_attributes": changes}
    found = read_body("generic", json.dumps(body).encode())
    assert not found.signals
    assert [item.quarantined for item in found.unclear] == [
        "more facts come of the body's events than are taken at once"
    ]
    few = {**body, "updated_attributes": {"field": ["old", "new"]}}
    assert len(read_body("generic", json.dumps(few).encode()).signals) == 100


def test_h6_a_change_of_many_records_tells_the_same_of_each():
    event = change(100)
    event["payload"] |= {f"Own_{n}__c": f"value {n}" for n in range(100)}
    signals = read_body("salesforce", json.dumps(event).encode()).signals
    assert len({signal.id for signal in signals}) == 100
    assert {signal.references[0].id for signal in signals} == set(event["payload"]["ChangeEventHeader"]["recordIds"])
    assert {signal.fields["Own_99__c"] for signal in signals} == {"value 99"}
    assert {signal.person.email for signal in signals} == {"anna@example.com"}


@pytest.mark.parametrize("kind", ["salesforce", "generic"])
def test_h6_a_list_of_ids_that_is_read_on_the_loop_makes_few_signals(kind):
    long = short = 0
    for count in (1, 50, 100, 300, 1000):
        change_of_copper = {"ids": [f"{n:018}" for n in range(count)], "event": "update", "type": "lead"}
        body = json.dumps(change(count) if kind == "salesforce" else change_of_copper).encode()
        assert len(body) < LARGE
        long, short = (long + 1, short) if takes_long(body) else (long, max(short, count))
    assert (long, short) == (2, 100)


def test_h6_headers_that_may_tell_what_happened_are_bounded_in_number_and_length():
    body = json.dumps([{"email": f"a{n}@b.example"} for n in range(100)]).encode()
    few = {"x-shop-topic": "orders/create"}
    many = {f"x-{n}-event": f"orders create {n} " * 5 for n in range(90)} | {
        f"x-{n}-topic": "a" * 600 for n in range(90)
    }
    cost, more = (count_calls(lambda h=headers: read_body("generic", body, headers=h))[0] for headers in (few, many))
    assert more < 1.5 * cost


@pytest.mark.parametrize("union", ["string", "int"])
def test_a_change_that_is_a_union_of_nothing_is_set_aside_for_what_it_is(union):
    found = read_body("salesforce", json.dumps({"payload": {union: [1]}}).encode())
    assert [item.quarantined for item in found.unclear] == ["an object is expected here"]


@pytest.mark.parametrize("read", [when, number])
def test_a_megabyte_of_digits_is_no_number_and_no_time(read):
    assert read("1" * 1_000_000) is None
    assert read("1790000000") is not None


def test_what_is_made_is_added_up_over_all_of_a_body():
    signals = read_body("salesforce", json.dumps(change(2)).encode()).signals
    with facts_at_most(100, 1000):
        assert len(list(added_up(signals))) == 2
        with pytest.raises(TooMuch):
            list(added_up(signals * 50))
    with facts_at_most(100, 1000), pytest.raises(TooMuch):
        list(added_up([signals[0].but(reason="a" * 20_000)]))
    assert len(list(added_up(signals * 50))) == 100
