"""HubSpot: a contact by its id; the person of a deal or an activity by its associations; which way a call went."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from schemas.json_values import JsonValue
from schemas.signals import Kind, Parsed, Person, Sales
from services.ingest.fetching.asking import Gone
from services.ingest.fetching.vendor import Ask, Vendor, contact, fill_gaps, id_of, path_segment, with_reference
from services.ingest.parsers.finishing.stated import of_record
from services.ingest.parsers.platforms.hubspot_activities import PROPERTIES, activity_of
from services.ingest.parsers.reading.safely import mapping, text
from services.ingest.parsers.reading.tables import words
from services.outbound.hubspot_paths import record_path

_PROPERTIES = words("""
    email firstname lastname phone mobilephone company website industry country numberofemployees state city zip
    hs_language hs_email_optout
""")


class HubSpot(Vendor):
    def wants(self, facts: Parsed) -> bool:
        return bool(id_of(facts, "person") or _activity(facts) or _deal(facts))

    async def complete(self, facts: Parsed, ask: Ask) -> Parsed:
        if (what := _activity(facts)) is not None:
            return await _of_contact(_with_record(facts, await ask(_activity_path(facts, what)), what), ask)
        if id_of(facts, "person") is None and (path := _deal(facts)) is not None:
            person = _first_id_beside(await ask(path), "contacts")
            facts = facts if person is None else with_reference(facts, "person", person)
        if id_of(facts, "person") is None:
            raise Gone
        return await _of_contact(facts, ask)


async def _of_contact(facts: Parsed, ask: Ask) -> Parsed:
    """An activity with nobody, or with a contact that is no more, keeps what is known of it. Raises Gone for anything else."""
    person = id_of(facts, "person")
    try:
        if person is None:
            raise Gone
        return fill_gaps(facts, _contact(await ask(_path("contacts", person, properties=_PROPERTIES))))
    except Gone:
        if _activity(facts) is None:
            raise
        return facts


def _activity(facts: Parsed) -> str | None:
    """What kind of activity it is that says no more than that it is there."""
    kind = facts.sales.activity_type if facts.sales and id_of(facts, "activity") else None
    return kind if kind in PROPERTIES else None


def _activity_path(facts: Parsed, what: str) -> str:
    properties = (*PROPERTIES[what], "hubspot_owner_id")
    return _path(f"{what}s", id_of(facts, "activity"), properties=properties, associations=("contacts", "deals"))


def _deal(facts: Parsed) -> str | None:
    ident = id_of(facts, "deal")
    noun = (
        "leads" if "lead" in (facts.fields.get("object_type"), (facts.source_kind or "").partition(".")[0]) else "deals"
    )
    return _path(noun, ident, associations=("contacts",)) if ident else None


def _path(noun: str, ident: str | None, *, properties: Iterable[str] = (), associations: Iterable[str] = ()) -> str:
    """Raises Gone for an id that would lead to another path."""
    return record_path(noun, path_segment(ident or ""), properties=properties, associations=associations)


def _with_record(facts: Parsed, record: Mapping[str, JsonValue], what: str) -> Parsed:
    """With the person and the deal it is about, and with what it was: an incoming call is no step of ours."""
    if id_of(facts, "person") is None and (person := _first_id_beside(record, "contacts")) is not None:
        facts = with_reference(facts, "person", person)
    if (deal := _first_id_beside(record, "deals")) is not None:
        facts = with_reference(facts, "deal", deal)
    properties = {name: text(value) for name, value in mapping(record.get("properties")).items()}
    sales = (facts.sales or Sales()).but(owner_id=properties.get("hubspot_owner_id"))
    work = activity_of(what, properties)
    if work.kind is None or facts.kind not in _TOLD_BY_RECORD:
        return facts.but(sales=sales)
    done = True if work.kind is Kind.SALES_FOLLOW_UP else sales.done
    return facts.but(kind=work.kind, automated=facts.automated or work.automated, sales=sales.but(done=done))


_TOLD_BY_RECORD = frozenset({Kind.SALES_FOLLOW_UP, Kind.ACTIVITY_CREATED})
"""Kinds of a thin event of a call or a mail of which the record says what they were; a meeting or a task says so itself."""


def _first_id_beside(record: Mapping[str, JsonValue], nouns: str) -> str | None:
    """The id of the first one that the record is associated with."""
    near = mapping(mapping(record.get("associations")).get(nouns))
    rows: Iterator[JsonValue] = iter(near.get("results") or [])
    return next((ident for row in rows if (ident := text(mapping(row).get("id")))), None)


def _contact(record: Mapping[str, JsonValue]) -> Parsed:
    properties = mapping(record.get("properties"))
    facts = contact(
        Person(
            email=text(properties.get("email")),
            first_name=text(properties.get("firstname")),
            last_name=text(properties.get("lastname")),
            phone=text(properties.get("phone")) or text(properties.get("mobilephone")),
        ),
        {
            "name": text(properties.get("company")),
            "domain": text(properties.get("website")),
            "industry": text(properties.get("industry")),
            "country": text(properties.get("country")),
            "employees": text(properties.get("numberofemployees")),
            "region": text(properties.get("state")),
            "city": text(properties.get("city")),
            "postcode": text(properties.get("zip")),
        },
        text(properties.get("hs_language")),
    )
    return of_record(facts, properties)
