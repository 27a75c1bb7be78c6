"""Segment and RudderStack: identify, track, page, screen, group, alias; alone, in a batch or in a list.

Who somebody is stands in the traits of `identify`, and in a track's own properties, where an address or a number is among
them: a name alone is a page's or a product's there. `context.traits` is what a library remembers beside other calls, on a
shared machine perhaps of somebody else: it is not read.
"""

from __future__ import annotations

from schemas.json_values import JsonObject
from schemas.signals import Company, Kind, Parsed, Person, Reference
from services.ingest.parsers.bounds.unreadable import Unreadable
from services.ingest.parsers.guesses.acts import act_of
from services.ingest.parsers.guesses.chain import chain_of, nouns_of
from services.ingest.parsers.guesses.tree import nodes
from services.ingest.parsers.guesses.words import kind_of
from services.ingest.parsers.reading.answers import filled_in
from services.ingest.parsers.reading.bodies import whole_of
from services.ingest.parsers.reading.firmographics import company_from
from services.ingest.parsers.reading.identifiers import identifier
from services.ingest.parsers.reading.naming import meaning
from services.ingest.parsers.reading.safely import (
    Result,
    body_key,
    each,
    events_with_paths,
    mapping,
    only_known,
    refuse_too_many,
    text,
    when,
)

_KINDS = {
    "identify": Kind.CONTACT_UPDATED,
    "page": Kind.PAGE_VISITED,
    "screen": Kind.PAGE_VISITED,
    "group": Kind.COMPANY_UPDATED,
    "alias": Kind.CONTACT_UPDATED,
    "track": Kind.UNCLASSIFIED,
}


def parse(body: bytes, content_type: str, headers: dict[str, str]) -> Result:
    """Each call judged alone. Raises Unreadable."""
    whole = whole_of(body, content_type)
    batch = mapping(whole).get("batch")
    rows = (
        [(f"$.batch[{i}]", row) for i, row in enumerate(refuse_too_many(batch))]
        if isinstance(batch, list)
        else events_with_paths(whole)
    )
    return each(rows, lambda row, where, i: _call(row, where, body, i))


def _call(call: JsonObject, where: str, body: bytes, index: int) -> Parsed:
    kind = (text(call.get("type")) or "").casefold()
    if kind not in _KINDS:
        raise Unreadable("a call is one of identify, track, page, screen, group, alias", f"{where}.type")
    user, anonymous = identifier(call.get("userId")), identifier(call.get("anonymousId"))
    message = identifier(call.get("messageId"))
    name = text(call.get("event")) or text(call.get("name"))
    answers, company = _facts(kind, call)
    utm = mapping(mapping(call.get("context")).get("campaign"))
    parsed = filled_in(
        {"locale": mapping(call.get("context")).get("locale"), **answers},
        kind=kind_of(name or "") if kind == "track" else _KINDS[kind],
        source_kind=f"{kind}:{name}" if name else kind,
        occurred_at=next(
            (at for n in ("timestamp", "originalTimestamp", "sentAt", "receivedAt") if (at := when(call.get(n)))), None
        ),
        external_id=user or anonymous,
        references=_references(user, call, kind),
        previous=_previous(call),
        utm={f"utm_{n}": value for n, v in utm.items() if n != "name" and (value := text(v))},
        campaign=text(utm.get("name")),
        dedupe_key=f"message:{message}" if message else body_key(body, index),
    )
    if kind not in ("identify", "group"):
        parsed = _without_names(parsed, answers)
    if kind == "track":
        parsed = _with_act(parsed, answers, name)
    if company is None:
        return parsed
    company_facts: JsonObject = {**parsed.company.known_fields(), **company.known_fields()}
    return parsed.but(company=Company(**company_facts))


def _with_act(parsed: Parsed, properties: JsonObject, name: str | None) -> Parsed:
    """A message or a call that is told as an event: whose it was, and whether a program's."""
    act = act_of(parsed.kind, chain_of(properties), objects=nodes(properties), word=name, nouns=nouns_of(name))
    return parsed.but(kind=act.kind, actor=act.actor, automated=act.automated, sales=act.sales or parsed.sales)


def _without_names(parsed: Parsed, properties: JsonObject) -> Parsed:
    """Without a name that stands there for another thing; it is kept as an answer."""
    person = parsed.person
    if person.email or person.phone:
        return parsed
    others = {n: v for n, v in properties.items() if (meaning(n) or ("", 0))[0] in ("full_name", "company", "domain")}
    named = Person(first_name=person.first_name, last_name=person.last_name)
    fields = {**parsed.fields, **only_known(others.items())}
    return parsed.but(person=named, company=Company(), fields=fields)


def _facts(kind: str, call: JsonObject) -> tuple[JsonObject, Company | None]:
    """Whose traits they are depends on the call: a group's are the company's."""
    traits = mapping(call.get("traits"))
    if kind == "group":
        return {}, company_from(traits, text(traits.get("name")))
    if kind != "identify":
        return mapping(call.get("properties")), None
    company = mapping(traits.get("company"))
    employer = company_from(company, text(company.get("name"))) if company else None
    return {
        n: v
        for n, v in (traits or mapping(mapping(call.get("context")).get("traits"))).items()
        if n != "company" or not company
    }, employer


def _references(user: str | None, call: JsonObject, kind: str) -> tuple[Reference, ...]:
    people = (Reference(system="segment", object="person", id=user),) if user else ()
    company = mapping(mapping(call.get("traits")).get("company")) if kind == "identify" else {}
    group = identifier(call.get("groupId")) if kind == "group" else identifier(company.get("id"))
    return (*people, Reference(system="segment", object="company", id=group)) if group else people


def _previous(call: JsonObject) -> tuple[Reference, ...]:
    """An alias says that two ids are one person."""
    before = identifier(call.get("previousId"))
    return (Reference(system="segment", object="person", id=before),) if before else ()
