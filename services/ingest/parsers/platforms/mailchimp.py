"""Mailchimp Marketing: one urlencoded event; names and numbers are merge fields, times have no zone and are UTC."""

from __future__ import annotations

from schemas.json_values import JsonObject
from schemas.signals import Consent, Kind, Parsed, Person, Reference
from services.ingest.parsers.bounds.unreadable import Unreadable
from services.ingest.parsers.finishing.stated import of_record
from services.ingest.parsers.reading.bodies import object_of
from services.ingest.parsers.reading.identifiers import identifier
from services.ingest.parsers.reading.safely import (
    Result,
    body_key,
    company_of,
    mapping,
    only_known,
    person_facts,
    person_of,
    text,
    when,
)

_KINDS: dict[str, Kind] = {
    "subscribe": Kind.LIST_SUBSCRIBED,
    "unsubscribe": Kind.LIST_UNSUBSCRIBED,
    "profile": Kind.CONTACT_UPDATED,
    "upemail": Kind.CONTACT_UPDATED,
    "cleaned": Kind.EMAIL_BOUNCED,
    "campaign": Kind.UNCLASSIFIED,
}

_AUDIENCE: dict[str, tuple[Consent, ...]] = {
    "subscribe": (Consent(purpose="email", state="given"),),
    "unsubscribe": (Consent(purpose="email", state="withdrawn"),),
}
"""A list here is the whole audience, to which all of its sender's mail goes: who leaves it leaves the mail."""


def parse(body: bytes, content_type: str, headers: dict[str, str]) -> Result:
    """One event. Raises Unreadable."""
    event = object_of(body, content_type)
    event_type, data = text(event.get("type")), mapping(event.get("data"))
    if event_type not in _KINDS:
        raise Unreadable("unknown type", "$.type")
    merges = mapping(data.get("merges"))
    facts, others = person_facts({name: value for name, value in merges.items() if name.upper() != "EMAIL"})
    facts.pop("external_id", None)
    email = text(data.get("new_email")) or text(data.get("email")) or text(merges.get("EMAIL"))
    ident = identifier(data.get("new_id")) or identifier(data.get("id"))
    person = person_of({**facts, "email": email}) if event_type != "campaign" else Person()
    parsed = Parsed(
        kind=_KINDS[event_type],
        source_kind=event_type,
        occurred_at=when(event.get("fired_at")),
        person=person,
        company=company_of(facts),
        external_id=ident,
        references=(Reference(system="mailchimp", object="person", id=ident),)
        if ident and event_type != "campaign"
        else (),
        consents=_AUDIENCE.get(event_type, ()),
        reason=text(data.get("reason")),
        campaign=text(data.get("campaign_id")) or (ident if event_type == "campaign" else None),
        fields=only_known({**others, **_extra(data)}.items()),
        dedupe_key=body_key(f"{event_type}:{event.get('fired_at')}:{ident}:{email}".encode()),
    )
    return [of_record(parsed, data)]


def _extra(data: JsonObject) -> JsonObject:
    names = ("list_id", "old_email", "email_type", "subject", "status", "action")
    return {name: data.get(name) for name in names}
