"""What is taken for somebody's: bodies by their words, records by their parts."""

import json
from datetime import UTC, datetime
from urllib.parse import quote_plus

import pytest

from services.persons.matching import Text, Wanted, holds_words, is_told_of, strike_words, wanted_of, without_personal
from services.ports.rows import PersonRequest

NOW = datetime(2026, 6, 8, tzinfo=UTC)
REQUEST = PersonRequest("preq_1", "erasure", "open", "desk", None, NOW)
ANNA = Wanted(REQUEST, words=("anna@example.com", "+46 70 174 06 05", "Åsa Öberg"))


@pytest.mark.parametrize(
    "body",
    [
        b"\xff Anna@Example.com",
        quote_plus("anna@example.com").encode(),
        b'{"to": "anna\\u0040example.com"}',
        b"ring 0701740605 today",
        b"+46-70-174 06 05",
        "from ÅSA ÖBERG".encode(),
        json.dumps({"who": "Åsa Öberg"}).encode(),
        quote_plus("Åsa Öberg").encode(),
    ],
)
def test_a_body_with_an_address_a_number_or_a_whole_name_of_theirs_is_theirs(body):
    assert holds_words(ANNA, Text.of(body))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"bo@example.com",
        "Åsa Öbergsson".encode(),
        b"4701740",
        "Åsa Öberg, asa.other@example.com".encode(),
        "Öberg, Åsa".encode(),
    ],
)
def test_a_body_of_somebody_else_is_not(body):
    assert not holds_words(ANNA, Text.of(body))


def test_a_number_of_few_digits_is_nobodys():
    assert not holds_words(Wanted(REQUEST, words=("112",)), Text.of(b"call 112"))


def test_what_an_erasure_looks_for_is_read_as_it_was_written():
    looked_for = {"keys": [["default", "email", "d1"], ["default", "deal", "d2"]], "words": ["x"], "partition_key": "p"}
    wanted = wanted_of(REQUEST._replace(personal=json.dumps(looked_for)))
    assert (wanted.digests, wanted.partition_key, wanted.words) == ({"d1"}, "p", ("x",))
    assert is_told_of(wanted, json.dumps({"identities": [{"kind": "email", "digest": "d1"}]}))
    assert not is_told_of(wanted, json.dumps({"identities": [{"kind": "deal", "digest": "d2"}]}))
    assert not is_told_of(wanted, "{}")
    assert wanted_of(REQUEST).words == ()


def test_a_signal_and_an_event_lose_their_personal_part_and_nothing_else():
    signal = {
        "kind": "form.submitted",
        "person": {"email": "x"},
        "fields": {"a": "b"},
        "utm": {"c": "d"},
        "id": "sig_1",
    }
    assert json.loads(without_personal(json.dumps(signal).encode())) == {"kind": "form.submitted", "id": "sig_1"}
    event = {"specversion": "1.0", "id": "evt_1", "data": {"mode": "live", "personal": {"email": "x"}}}
    assert json.loads(without_personal(json.dumps(event).encode()))["data"] == {"mode": "live", "personal": None}


@pytest.mark.parametrize(
    "record", [b"\xff", b"[]", b"1", b'{"id": 1}', b'{"specversion": "1.0", "data": {"personal": null}}']
)
def test_what_holds_nothing_personal_stays_byte_for_byte(record):
    assert without_personal(record) is None


def test_what_people_wrote_stays_but_for_the_persons_words():
    body = json.dumps({"what": "call Åsa Öberg, or ANNA@example.com; not Åsa Öbergsson"}, ensure_ascii=False)
    struck = json.loads(strike_words(ANNA, body))
    assert struck == {"what": "call [erased], or [erased]; not Åsa Öbergsson"}
