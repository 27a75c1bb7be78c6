"""How a signal stands on the log."""

import json
from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter

from schemas.roster import Absence, Member, RosterChange
from schemas.signals import (
    Actor,
    Asserted,
    ClockDue,
    Commanded,
    Company,
    Consent,
    Person,
    Reference,
    Sales,
    Signal,
)
from services.ports.rows import Record
from services.ports.signal_records import decode
from tests.setups import START, record, signal

CLOCK = ClockDue(clock_id="clk_1", revision=2, lead_id="lead_1", due_at=START, noticed_at=START)
ASKED = Commanded(name="ops", principal="operator", lists=("news",), until=START, side="sales")
JOINS = Member(id="elin", roles=("sdr",), absences=(Absence.model_validate({"from": START}),))
CRM = Reference(system="pipedrive", account="main", object="person", id="7")
SIGNALS = [
    signal(1, "form.submitted"),
    signal(1, "form.submitted", person=Person(), company=Company(), actor=Actor(), utm={}, fields={}),
    signal(1, "form.submitted", fields={"size": 1.5, "all": [1, None, {"a": True}], "words": "å\u2028\x01"}),
    signal(1, "form.submitted", fields={"long": 10**30}),
    signal(1, "sales.won", sales=Sales(from_="1", done=True), amount=10, previous=(CRM,), brand="other", attempt=2),
    signal(1, "lead.listed", asserted=Asserted(track="growth"), mode="import", command=ASKED, references=(CRM,)),
    signal(
        1, "consent.given", consents=(Consent(purpose="news", state="given", at=START),), brand="".join(list("default"))
    ),
    signal(1, "clock.due", clock=CLOCK, tags=("a", "b"), company=Company(name="Bolag", employees=7, country="se")),
    signal(1, "roster.joined", roster=RosterChange(change="joined", at=START, member=JOINS, seats={"all": 2.0})),
]


def read(text):
    return decode(Record("t", 0, 0, b"", text.encode()))


def changed(**members):
    return json.dumps({**json.loads(signal(1, "form.submitted").text()), **members})


@pytest.mark.parametrize("said", SIGNALS)
def test_a_signal_is_written_without_what_is_as_by_default_and_read_again(said):
    assert json.loads(said.text()) == TypeAdapter(Signal).dump_python(
        said, mode="json", by_alias=True, exclude_defaults=True
    )
    again = read(said.text()).signal
    assert again == said == Signal.read(said.text())
    assert again.occurred_at.tzinfo is UTC and again.received_at.tzinfo is UTC


def test_a_reference_is_written_whole_since_events_say_it_whole():
    crm = CRM.but(account=None)
    said = signal(1, "form.submitted", references=(crm,))
    assert json.loads(said.text())["references"] == [
        {"system": "pipedrive", "account": None, "object": "person", "id": "7"}
    ]
    assert read(said.text()).signal == said


def test_what_is_absent_may_be_written_as_null():
    said = signal(1, "form.submitted", company=Company(name="Bolag"))
    written = json.dumps(said.plain(), separators=(",", ":"))
    assert '"employees":null' in written
    assert read(written).signal == said


def test_what_others_wrote_is_checked_and_cleaned_where_it_is_not_as_we_write_it():
    found = read(changed(person={"email": 7}, occurred_at="2026-06-08T10:00:00+02:00", campaign=" spring "))
    assert found.fault is None
    assert (found.signal.person.email, found.signal.campaign) == ("7", "spring")
    assert found.signal.occurred_at == datetime(2026, 6, 8, 8, tzinfo=UTC) and found.signal.occurred_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("members", "fault"),
    [
        ({"kind": "hush"}, "kind: must be 'prospect.listed', 'contact.created'"),
        ({"person": {"email": ["hush"]}}, "person.email: must be text"),
        ({"person": "hush"}, "person: must be an object: keys with values"),
        ({"person": {"hobby": "hush"}}, "person.hobby: unknown key"),
        ({"received_at": "2026-06-08T10:00:00"}, "received_at: needs a zone"),
        ({"identities": [{"kind": "email"}]}, "identities.0.digest: `digest` is missing, and it is needed"),
        ({"roster": {"change": "hush"}}, "roster.change: must be 'absent', 'returned'"),
    ],
)
def test_what_is_no_signal_is_set_aside_with_field_and_rule_and_without_the_value(members, fault):
    found = read(changed(**members))
    assert found.signal is None and found.fault.startswith(fault) and len(found.fault) <= 400
    assert "hush" not in found.fault


@pytest.mark.parametrize("depth", [250, 100_000])
def test_what_is_nested_deeper_than_we_write_is_set_aside(depth):
    found = read(changed(fields={"deep": 1}).replace('"deep": 1', f'"deep": {"[" * depth}{"]" * depth}'))
    assert found.signal is None and found.fault.startswith("$: is nested too deeply, at line 1, character ")


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity"])
def test_what_is_no_number_in_json_is_set_aside(number):
    whole = record(signal(1, "form.submitted", fields={"size": 1}), "t").value
    found = decode(Record("t", 0, 0, b"k", whole.replace(b'"size":1', b'"size":' + number)))
    assert found.signal is None and found.fault == "$: no JSON"


def test_a_change_makes_another_signal_and_is_not_checked_again():
    said = signal(1, "form.submitted", company=Company(name="Bolag", country="SE"))
    other = said.but(company=said.company.but(country="Sverige"))
    assert (other.company.country, said.company.country, other.company.name) == ("Sverige", "SE", "Bolag")
    with pytest.raises(AttributeError):
        said.company = Company()
    with pytest.raises(TypeError, match="colour"):
        said.but(colour="red")
