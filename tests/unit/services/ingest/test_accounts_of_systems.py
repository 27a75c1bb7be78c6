"""One record with and without the account it is in: one lead where one account of the system is known, else they stay apart."""

import io

import pytest

from schemas.signals import Parsed, Reference
from schemas.sources import Scheme, Source, SourcesFile
from services.ingest.contacts.contacts import Contacts
from services.ingest.normalising.normalise import to_signal
from services.ingest.parsers.guesses.records import SYSTEM
from tests.everykind import KINDS, read
from tests.people import KEY, People, said
from tests.setups import START

BATCHES = pytest.mark.parametrize("way", ["tell", "batches"])


def told(way, *signals):
    people = People()
    getattr(people, way)(*signals)
    return people


def record(account=None, ident="5991", kind="contact.updated", what="person", system="hubspot", **more):
    return said(kind, references=(Reference(system=system, account=account, object=what, id=ident),), **more)


@BATCHES
@pytest.mark.parametrize("first", [None, "62515"])
def test_an_import_without_the_account_and_a_webhook_with_it_are_one_lead_whichever_came_first(way, first):
    second = "62515" if first is None else None
    one, two = record(first, email="karl@kund.example"), record(second)
    assert told(way, one, two).together(one, two)


@BATCHES
def test_a_deal_without_its_account_is_found_by_a_webhook_with_it(way):
    deal = Reference(system="hubspot", object="deal", id="88001")
    one = said("contact.created", email="karl@kund.example", references=(deal,))
    two = record("62515", "88001", "deal.updated", "deal")
    assert told(way, one, two).together(one, two)


@BATCHES
def test_two_accounts_of_one_system_stay_apart(way):
    one, other = record("1", email="a@kund.example"), record("2", email="b@kund.example")
    people = told(way, one, other, again := record("1"), other_again := record("2"))
    assert not people.together(one, other)
    assert people.together(one, again) and people.together(other, other_again)


@BATCHES
def test_once_a_second_account_is_known_an_id_without_one_is_nobodys(way):
    one, other = record("1", email="a@kund.example"), record("2", "7", email="b@kund.example")
    bare = record(None, "9", email="c@kund.example")
    people = told(way, one, other, bare, record("1", "9", email="d@kund.example"))
    assert len(people.leads) == 4, "the id 9 of account 1 is not the id 9 of nobody knows which"


@BATCHES
def test_what_was_joined_while_one_account_was_known_stays_joined(way):
    imported, hook = record(None, email="karl@kund.example"), record("1")
    people = told(way, imported, hook, record("2", "7", email="b@kund.example"), later := record("1"))
    assert people.together(imported, hook, later)


@BATCHES
def test_accounts_of_other_systems_and_of_a_test_do_not_count(way):
    imported = record(None, email="karl@kund.example")
    trial = record("9", "1", mode="test")
    crm = record("77", "3", system="pipedrive", email="b@kund.example")
    assert told(way, trial, imported, crm, hook := record("62515")).together(imported, hook)


def file_of(*sources):
    scheme = {"scheme": "none"}
    return SourcesFile(version=1, sources=tuple({"verify": scheme, **source} for source in sources))


def person_of(source, *, account=None, system="hubspot"):
    item = Parsed(
        kind="contact.updated", references=(Reference(system=system, account=account, object="person", id="5991"),), dedupe_key="1"
    )  # fmt: skip
    (found,) = to_signal(item, source, START, KEY).references
    return found.system, found.account


@pytest.mark.parametrize("kind", KINDS)
def test_an_id_without_an_account_is_in_the_one_that_the_source_names(kind):
    source = Source(name="s", kind=kind, account="62515", verify=Scheme(scheme="none"))
    for reference in to_signal(read(kind), source, START, KEY).references:
        assert reference.account is not None or reference.system not in (kind, "s")


def test_what_a_body_says_of_its_account_wins_and_other_systems_are_not_touched():
    source = Source(name="s", kind="hubspot", account="1", verify=Scheme(scheme="none"))
    assert person_of(source) == ("hubspot", "1") and person_of(source, account="2") == ("hubspot", "2")
    assert person_of(source, system="pipedrive") == ("pipedrive", None)


def test_a_custom_body_names_the_system_whose_ids_it_holds():
    source = Source(name="flow", kind="generic", system="hubspot", account="1", verify=Scheme(scheme="none"))
    assert person_of(source, system=SYSTEM) == ("hubspot", "1")
    assert person_of(Source(name="flow", kind="generic", verify=Scheme(scheme="none")), system=SYSTEM) == ("flow", None)
    assert person_of(Source(name="flow", kind="hubspot", verify=Scheme(scheme="none")), system=SYSTEM) == (
        "hubspot",
        None,
    )


def test_the_only_account_of_the_file_holds_for_every_source_of_that_system_and_brand():
    hub = {"kind": "hubspot", "account": "1"}
    file = file_of(
        {"name": "app", **hub},
        {"name": "flow", "kind": "hubspot"},
        {"name": "nord", "kind": "hubspot", "brand": "nord"},
    )
    assert [file.with_file_defaults(source).account for source in file.sources] == ["1", "1", None]
    two = file_of(
        {"name": "a", **hub}, {"name": "b", "kind": "hubspot", "account": "2"}, {"name": "c", "kind": "hubspot"}
    )
    assert [two.with_file_defaults(source).account for source in two.sources] == ["1", "2", None]


@pytest.mark.parametrize(
    ("accounts", "column", "account", "findings"),
    [
        ({}, "id:hubspot", None, 0),
        ({"hubspot": frozenset({"1"})}, "id:hubspot", "1", 0),
        ({"hubspot": frozenset({"1", "2"})}, "id:hubspot@2", "2", 0),
        ({"hubspot": frozenset({"1", "2"})}, "id:hubspot", "skipped", 1),
    ],
)
def test_an_import_is_in_the_account_that_the_sources_name_or_the_column(accounts, column, account, findings):
    (row,) = Contacts("x", {}.__contains__, None, accounts).rows(io.StringIO(f"email,{column}\na@b.se,5991\n"))
    assert [r.account for r in row.parsed.references] == ([] if account == "skipped" else [account])
    assert len(row.findings) == findings
    assert all(column in finding.column and "5991" not in finding.text for finding in row.findings)
