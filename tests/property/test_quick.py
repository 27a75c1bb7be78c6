"""Quick checks by types and those of pydantic, held against one another: where the quick ones give anything, pydantic gives the same."""

import copy
import hmac
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.crm import CrmFact
from schemas.parts import _form
from schemas.quick import quick_of_model, quick_of_struct
from schemas.signals import (
    Actor,
    Asserted,
    ClockDue,
    Commanded,
    Company,
    Consent,
    IdentityKey,
    Kind,
    Parsed,
    Person,
    Quarantined,
    Reference,
    Repeat,
    Sales,
    Signal,
)
from services.ingest.normalising.keyed import keyed_hash
from services.ingest.parsers.reading.identifiers import _is_id_of_any_form, is_identifier

PARTS = (
    Person,
    Company,
    Reference,
    Actor,
    Sales,
    Consent,
    Asserted,
    IdentityKey,
    Repeat,
    ClockDue,
    Commanded,
    Quarantined,
    Parsed,
    Signal,
)
AT = datetime(2026, 11, 24, 9, tzinfo=UTC)
CHANGED = (
    "source_kind",
    "language",
    "external_id",
    "reason",
    "criterion",
    "handover_id",
    "offer_id",
    "currency",
    "form_id",
    "campaign",
)
"""Texts of a signal that the steps after reading may change."""
texts = st.text(st.characters(), max_size=9) | st.sampled_from([
    "", " ", " a ", "\x00", "a\x00", "won", "given", "live", "person", "deal", "growth", "spam", "none", "signed", "email", "sv-SE", "Sverige", "50-249", "12",
    "211 20 Malmö", "https://www.acme.example/x", "acme.example", "www.acme.example", "WWW.x.example", "2026-11-24T09:00:00Z", "2026-11-24T09:00:00+02:00",
    "0001-01-01T00:00:00Z", "x" * 700, "\ud800",
])  # fmt: skip
instants = st.sampled_from(
    [AT, AT.replace(tzinfo=None), AT.astimezone(timezone(timedelta(hours=2))), datetime.min.replace(tzinfo=UTC)]
)
numbers = st.booleans() | st.integers(-2, 2**70) | st.floats()
leaves = (
    st.none()
    | texts
    | numbers
    | instants
    | st.sampled_from([Kind.FORM_SUBMITTED, b"a", Person(email="a@b.example"), Company(name="x"), Actor()])
)
parts = st.sampled_from([
    {"system": "a", "object": "person", "id": "1"}, {"system": "a", "object": "person", "id": 7}, {"purpose": "p", "state": "given"}, {"email": "a@b.example"},
    {"name": " x ", "domain": "www.acme.example", "city": "211 20 Malmö"}, {"kind": "person"}, {"track": "growth"}, {"x": 1}, Reference(system="a", object="deal", id="2"),
])  # fmt: skip
values = (
    leaves
    | parts
    | st.lists(leaves | parts, max_size=3)
    | st.lists(leaves | parts, max_size=3).map(tuple)
    | st.dictionaries(texts | st.integers(0, 3), leaves, max_size=3)
)
RIGHT = {
    Reference: {"system": "a", "object": "person", "id": "1"},
    Consent: {"purpose": "p", "state": "given"},
    IdentityKey: {"kind": "email", "digest": "ab"},
    Repeat: {"key": "k", "seconds": 600},
    ClockDue: {"clock_id": "c", "revision": 1, "lead_id": "l", "due_at": AT, "noticed_at": AT},
    Commanded: {"name": "n", "principal": "p"},
    Quarantined: {"quarantined": "why"},
    Parsed: {"kind": Kind.FORM_SUBMITTED, "dedupe_key": "k"},
    Signal: {"kind": Kind.FORM_SUBMITTED, "dedupe_key": "k", "id": "i", "source": "s", "received_at": AT, "occurred_at": AT, "partition_key": "p"},
    CrmFact: {"fact": "won"},
}  # fmt: skip
"""What each needs at least."""


def fields_of(kind):
    names = list(getattr(kind, "model_fields", None) or kind.__struct_fields__)
    return st.builds(lambda right, odd: {**right, **odd}, st.just(RIGHT.get(kind, {})), some_of([*names, "unknown"]))


def some_of(names):
    return st.dictionaries(st.sampled_from(names), values, max_size=5)


def by_pydantic(model, fields):
    """The fields that it makes of these; None where it refuses them."""
    try:
        return vars(model(**fields))
    except ValidationError:
        return None


def exactly(value):
    """With the types of all that is in it: 1, 1.0 and True are equal, a text and a kind are too. A number that is none equals itself."""
    if isinstance(value, dict):
        return {name: exactly(held) for name, held in value.items()}
    if isinstance(value, list | tuple):
        return type(value), [exactly(item) for item in value]
    return type(value), repr(value) if isinstance(value, float) else value


@pytest.mark.parametrize("kind", PARTS, ids=lambda kind: kind.__name__)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_what_is_quickly_right_is_what_pydantic_makes_of_it(kind, data):
    fields = data.draw(fields_of(kind))
    cleaned = quick_of_struct(kind).clean(copy.deepcopy(fields))
    if cleaned is not None:
        checked = by_pydantic(_form(kind), copy.deepcopy(fields))
        assert checked is not None, "it refuses them"
        assert exactly(cleaned) == {name: exactly(checked[name]) for name in cleaned}
        assert set(cleaned) >= {name for name, value in checked.items() if value and name in fields}


@settings(max_examples=300, deadline=None)
@given(fields_of(CrmFact))
def test_a_fact_of_a_crm_that_is_quickly_right_is_what_pydantic_makes_of_it(fields):
    cleaned = quick_of_model(CrmFact).clean(copy.deepcopy(fields))
    if cleaned is not None:
        checked = by_pydantic(CrmFact, copy.deepcopy(fields))
        assert checked is not None, "it refuses them"
        assert exactly(cleaned) == {name: exactly(checked[name]) for name in cleaned}


@pytest.mark.parametrize("kind", [kind for kind in PARTS if kind in RIGHT], ids=lambda kind: kind.__name__)
def test_what_is_usual_is_quickly_right(kind):
    assert quick_of_struct(kind).clean(RIGHT[kind]) == RIGHT[kind]


@settings(deadline=None)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(CHANGED, texts | st.none())))
def test_a_text_that_was_changed_unchecked_is_cleaned_as_where_a_signal_is_made(changes):
    facts = Parsed(kind=Kind.FORM_SUBMITTED, dedupe_key="id:1").but(**changes)
    ours = {"id": "sig_1", "source": "web", "partition_key": "k", "received_at": AT, "occurred_at": AT}
    assert Signal.assemble(**{**facts.cleaned_values(), **ours}) == Signal(**{**facts.known_fields(), **ours})


@given(st.binary(max_size=200), st.binary(max_size=300))
def test_a_keyed_hash_is_the_librarys_hmac(key, message):
    assert keyed_hash(key, message).digest() == hmac.digest(key, message, "sha256")


@settings(max_examples=500)
@given(
    st.text("0123456789aAxXeEoObBjJcCtTsS", max_size=33)
    | st.sampled_from(["test123", "object1", "Object12", "0x0", "1" * 32, "2147483647", "00", "1e5"])
)
def test_an_id_at_a_glance_is_one_at_the_careful_look(value):
    assert is_identifier(value) == _is_id_of_any_form(value)


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [(Signal, "received_at", AT), (Signal, "occurred_at", AT), (Parsed, "occurred_at", AT), (Reference, "id", "1")],
)
def test_pydantic_is_not_asked_about_what_every_signal_has(kind, name, value):
    assert type(value) in quick_of_struct(kind)._rules[name]
