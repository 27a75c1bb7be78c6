"""Ids that are none: what programs, templates and spreadsheets write where there is no id joins nobody and drops nothing."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.signals import Reference
from schemas.sources import Scheme, Source
from services.ingest.contacts.contacts import Contacts
from services.ingest.normalising.normalise import to_signal
from services.ingest.parsers.reading.identifiers import is_identifier
from tests.everykind import KINDS, Who, read
from tests.setups import START

NONE = """undefined|Null|None| NaN |0|-1|N/A|n/a|[object Object]|Anonymous|true|FALSE|1.23457E+11|1,23457e+11|12345.0|12345,0|-|--|"null"|
    00000000-0000-0000-0000-000000000000|FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF|{00000000-0000-0000-0000-000000000000}|{{contact.id}}|
    {{ contact.id }}|%ID%|${id}|[[id]]|<id>|{id}|[contact:id]|<%= id %>|{!Contact.Id}|contact-{{contact.id}}|user_undefined|contact-null|
    https://app.example/contacts/undefined|undefined undefined|(not set)|Not Set|test|Test User|placeholder|YOUR_USER_ID|your-id-here|
    xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx|#N/A|0.0|000|2147483647|okänd|unbekannt|inconnu|\u200bundefined\ufeff"""
NO_IDS = [*(said.strip("\n ") if "NaN" not in said else said for said in NONE.split("|")), "*|UNIQID|*"]
REAL = """5991|1|42|11111111|00Q5f00000ABCDEAA4|{b4f0a1c2-1111-2222-3333-444455556666}|0031|5e6|12e4|usr_1|k1|anna@x.se|-1001234567890|
    <abc.def@mail.example.com>|https://api.calendly.com/scheduled_events/AAAA|urn:li:x:123|nadia|null_island_hotel|test_user_81a2b|10.5|
    astrid|deadbeef|nan-jing-2|true-north-7|0-1|A0|user-1|id_1|T"""
WEB = Source(name="web", kind="form", verify=Scheme(scheme="none"))


@pytest.mark.parametrize("said", NO_IDS)
def test_what_stands_for_no_id_is_none_in_any_case_and_spacing(said):
    assert said and not is_identifier(said)
    assert not is_identifier(f"  {said.swapcase()}\t")


@pytest.mark.parametrize("said", [said.strip() for said in REAL.split("|")])
def test_an_id_stays_one_however_short_or_odd(said):
    assert is_identifier(said)


@given(st.uuids().filter(lambda u: len(set(u.hex)) > 2))
def test_a_uuid_is_an_id(value):
    assert is_identifier(str(value)) and is_identifier(value.hex.upper())


@given(st.integers(min_value=1, max_value=10**18).filter(lambda n: n not in {2**31 - 1, 2**31, 2**32 - 1, 2**53 - 1}))
def test_a_number_is_an_id(value):
    assert is_identifier(str(value))


REFERRING = [kind for kind in KINDS if any(r.object == "person" for r in read(kind).references)]


def test_the_kinds_whose_records_have_ids_are_covered():
    assert {"hubspot", "mautic", "pipedrive", "crm", "activecampaign", "mailchimp", "salesforce", "segment", "intercom", "close",
            "gohighlevel", "generic"} <= set(REFERRING)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("said", ["undefined", "NULL", "0", "[object Object]", "{{contact.id}}", "1.23457E+11"])
def test_of_no_kind_does_it_name_a_person_or_a_record(kind, said):
    found = read(kind, Who(ident=said))
    assert found.person.email == "eva@firma.example"
    assert found.external_id != said
    named = {i.kind for i in to_signal(found, WEB, START, b"k").identities}
    assert not named & {"person", "company", "deal", "activity"} - ({"activity"} if kind == "calendly" else set())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("said", ["undefined", "null", "{{id}}"])
def test_of_no_kind_are_two_deliveries_the_same_one_because_neither_has_an_id(kind, said):
    keys = {
        to_signal(read(kind, Who(email, ident, said)), WEB, START, b"k").id
        for email, ident in (("eva@firma.example", "p-1"), ("bo@bolag.example", "p-2"))
    }
    assert len(keys) == 2


@pytest.mark.parametrize("what", ["person", "company", "deal", "activity"])
def test_whatever_door_a_reference_came_by_no_identity_is_made_of_it_and_no_account(what):
    junk = Reference(system="x", object=what, id="undefined")
    real = Reference(system="x", account="null", object=what, id="17")
    item = read("generic").but(references=(junk, real), previous=(junk,))
    signal = to_signal(item, WEB, START, b"k")
    assert signal.references == (real.but(account=None),) and signal.previous == ()


def test_an_import_tells_of_it_by_line_and_column_and_takes_the_row_without_it():
    rows = Contacts("x", {}.__contains__).rows(
        io.StringIO("email,id:crm,deal:crm\na@b.se,1.23457E+11,D1;#N/A\n,undefined,\n,77,\n")
    )
    first, second, third = rows
    assert [(r.object, r.id) for r in first.parsed.references] == [("deal", "D1")]
    assert [(f.line, f.column, f.skipped) for f in first.findings] == [(2, "id:crm", False), (2, "deal:crm", False)]
    assert "1.23" not in "".join(f.text for f in first.findings)
    assert second.parsed is None and third.parsed is not None
