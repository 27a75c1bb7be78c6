"""Salesforce: a lead or a contact by its id; an opportunity's person by its contact roles; what a task is about."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from schemas.json_values import JsonValue
from schemas.signals import Parsed, Person
from services.ingest.fetching.asking import Gone
from services.ingest.fetching.vendor import Ask, Vendor, contact, fill_gaps, id_of, with_reference
from services.ingest.parsers.finishing.stated import of_record
from services.ingest.parsers.reading.safely import mapping, text
from services.outbound.salesforce_paths import VERSION

_NOUNS = {"003": "Contact", "00Q": "Lead", "00T": "Task", "00U": "Event"}
"""Salesforce's ids begin with what they are ids of."""


class Salesforce(Vendor):
    def wants(self, facts: Parsed) -> bool:
        return any(id_of(facts, what) for what in ("person", "deal", "activity"))

    async def complete(self, facts: Parsed, ask: Ask) -> Parsed:
        if id_of(facts, "person") is None and id_of(facts, "deal") is None:
            facts = _with_references(facts, await ask(self._record(id_of(facts, "activity"))))
        if id_of(facts, "person") is None:
            facts = _with(facts, await ask(self._roles(id_of(facts, "deal"))))
        return fill_gaps(facts, _contact(await ask(self._record(id_of(facts, "person")))))

    def _record(self, ident: str | None) -> str:
        noun = _NOUNS.get((ident or "")[:3])
        if noun is None or not _is_id(ident):
            raise Gone
        return f"{self._data()}/sobjects/{noun}/{ident}"

    def _roles(self, deal: str | None) -> str:
        """The primary contact first. An id is letters and digits, so it can stand in a query."""
        if not _is_id(deal):
            raise Gone
        query = f"SELECT ContactId FROM OpportunityContactRole WHERE OpportunityId = '{deal}' ORDER BY IsPrimary DESC, CreatedDate LIMIT 1"  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        return f"{self._data()}/query?{urlencode({'q': query})}"

    def _data(self) -> str:
        return f"/services/data/{self.fetch.version or VERSION}"


def _is_id(ident: str | None) -> bool:
    return ident is not None and ident.isascii() and ident.isalnum() and len(ident) <= 18


def _with_references(facts: Parsed, record: Mapping[str, JsonValue]) -> Parsed:
    """A change event of a task holds what changed, which is seldom the person the task is with."""
    who, about = text(record.get("WhoId")), text(record.get("WhatId"))
    if who is not None:
        facts = with_reference(facts, "person", who)
    return with_reference(facts, "deal", about) if about is not None and about.startswith("006") else facts


def _with(facts: Parsed, answer: Mapping[str, JsonValue]) -> Parsed:
    rows = answer.get("records") or []
    person = next((ident for row in rows if (ident := text(mapping(row).get("ContactId")))), None)
    if person is None:
        raise Gone
    return with_reference(facts, "person", person)


def _contact(record: Mapping[str, JsonValue]) -> Parsed:
    facts = contact(
        Person(
            email=text(record.get("Email")),
            first_name=text(record.get("FirstName")),
            last_name=text(record.get("LastName")),
            phone=text(record.get("Phone")) or text(record.get("MobilePhone")),
        ),
        {
            "name": text(record.get("Company")),
            "domain": text(record.get("Website")),
            "industry": text(record.get("Industry")),
            "country": text(record.get("CountryCode")) or text(record.get("Country")),
            "employees": text(record.get("NumberOfEmployees")),
            "region": text(record.get("State")) or text(record.get("MailingState")),
            "city": text(record.get("City")) or text(record.get("MailingCity")),
            "postcode": text(record.get("PostalCode")) or text(record.get("MailingPostalCode")),
        },
    )
    return of_record(facts, record)
