"""How the sender of a signal was proven: said by the source's scheme, never by what a body says of itself."""

import pytest

from routing.people.commands import to_signal as commanded
from routing.people.permissions import Principal
from schemas.commands import Accept
from schemas.signals import Kind, Parsed, Person, Signal
from schemas.sources import Scheme, Source
from services.ingest.app import signals_of
from services.ingest.configured.mapped import read
from services.ingest.normalising.normalise import to_signal
from services.ports.rows import Record
from services.ports.signal_records import decode, halves, record_of, rejoin
from tests.setups import START

KEY = b"k"
SCHEMES = {
    "standard_webhooks": {},
    "hmac": {"header": "x-signature"},
    "public_key": {"header": "x-signature"},
    "hubspot": {},
    "basic": {},
    "token": {"header": "x-token"},
    "query": {"field": "secret"},
    "body_key": {"field": "secret"},
}


def source(scheme, **more):
    secrets = {} if scheme == "none" else {"secrets": ("STAFETT_SECRET_X",)}
    return Source(name="s", kind="form", verify=Scheme(scheme=scheme, **secrets, **more))


def facts(**more):
    return Parsed(kind=Kind.FORM_SUBMITTED, dedupe_key="1", person=Person(email="vera@example.com"), **more)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_that_verifies_makes_signed_signals(scheme):
    assert to_signal(facts(), source(scheme, **SCHEMES[scheme]), START, KEY).proof == "signed"


def test_a_source_without_a_scheme_makes_unproven_signals_and_an_address_proves_nothing():
    assert to_signal(facts(), source("none"), START, KEY).proof == "none"
    assert to_signal(facts(), source("none", networks=("203.0.113.0/24",)), START, KEY).proof == "none"


def test_the_schemes_of_the_table_are_all_that_there_are():
    known = set(Scheme.model_fields["scheme"].annotation.__args__)
    assert known == {"none", *SCHEMES}


def test_no_body_says_of_itself_how_it_was_proven():
    body = b'{"email": "vera@example.com", "proof": "signed", "mode": "import", "scheme": "hmac"}'
    found = read("generic", body, "application/json", {}, None)
    kept = signals_of(source("none"), found, START, KEY).signals
    assert kept and {signal.proof for signal in kept} == {"none"}


def test_the_operator_proves_an_import_and_an_api_key_a_command():
    assert to_signal(facts(mode="import"), source("none"), START, KEY, proof="signed").proof == "signed"
    asked = Accept(command="accept", lead=f"lead_{'a' * 26}", reason="I take it")
    assert commanded(asked, Principal("desk", "maja"), START, "k", "default", "p").proof == "signed"


def test_the_proof_travels_with_the_record_and_comes_back_from_a_dead_letter():
    signal = to_signal(facts(), source("none"), START, KEY)
    record = record_of(signal, "signals")
    assert decode(Record("signals", 0, 0, record.key, record.value)).signal.proof == "none"
    assert rejoin(*halves(signal), attempt=1).proof == "none"


def test_what_was_recorded_before_proofs_were_kept_is_read_as_signed():
    signal = to_signal(facts(), source("token", header="x-token"), START, KEY)
    assert "proof" not in signal.text()
    assert Signal.read(signal.text()).proof == "signed"


def test_a_record_with_another_word_is_none_of_ours():
    text = to_signal(facts(), source("none"), START, KEY).text().replace('"proof":"none"', '"proof":"perhaps"')
    assert decode(Record("signals", 0, 0, b"k", text.encode())).signal is None
