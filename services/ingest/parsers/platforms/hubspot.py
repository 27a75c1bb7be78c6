"""HubSpot: app webhooks (an array of thin events, or one of them) and, in `hubspot_objects`, whole objects."""

from __future__ import annotations

from typing import Literal

from schemas.json_values import JsonObject
from schemas.signals import Actor, Company, Kind, Mode, Object, Parsed, Person, Quarantined, Reference, Sales
from services.ingest.parsers.bounds.unreadable import Unreadable
from services.ingest.parsers.consent.consents import states_in
from services.ingest.parsers.guesses.calls import call_of
from services.ingest.parsers.guesses.chain import level
from services.ingest.parsers.platforms.hubspot_objects import PLACES, TYPE_IDS, UPDATED, whole_object
from services.ingest.parsers.reading.identifiers import identifier
from services.ingest.parsers.reading.safely import (
    Result,
    each,
    events_with_paths,
    number,
    only_known,
    read_json,
    text,
    when,
)
from services.ingest.parsers.reading.tables import word_set

_OBJECTS: dict[str, Object | None] = {
    "contact": "person",
    "company": "company",
    "deal": "deal",
    "lead": "deal",
    "task": "activity",
    "note": "activity",
    "meeting": "activity",
    "call": "activity",
    "email": "activity",
    "communication": "activity",
    "ticket": None,
    "product": None,
    "line_item": None,
    "conversation": None,
    "object": None,
}
"""Their nouns (`object`: of the customer's own making); for None we keep no reference."""
_VERBS: dict[tuple[str, str], Kind] = {
    ("contact", "creation"): Kind.CONTACT_CREATED,
    ("contact", "deletion"): Kind.CONTACT_DELETED,
    ("contact", "privacydeletion"): Kind.CONTACT_DELETED,
    ("contact", "merge"): Kind.SALES_MERGED,
    ("company", "merge"): Kind.SALES_MERGED,
    ("deal", "merge"): Kind.SALES_MERGED,
    ("lead", "creation"): Kind.DEAL_CREATED,
    ("lead", "deletion"): Kind.DEAL_DELETED,
    ("conversation", "newmessage"): Kind.UNCLASSIFIED,
    ("company", "creation"): Kind.COMPANY_CREATED,
    ("company", "deletion"): Kind.COMPANY_DELETED,
    ("deal", "creation"): Kind.DEAL_CREATED,
    ("deal", "deletion"): Kind.DEAL_DELETED,
}
_VERB_WORDS = word_set("""
    creation deletion privacydeletion merge restore associationchange propertychange change newmessage
""")
_STAGES = {"dealstage", "hs_lead_status", "lifecyclestage", "hs_pipeline_stage"}
_ENDED = {"closedwon": Kind.SALES_WON, "closedlost": Kind.SALES_LOST}
"""The stages that every account begins with; those of its own making have numbers."""
_PERSON = {
    "email": "email",
    "firstname": "first_name",
    "lastname": "last_name",
    "phone": "phone",
    "mobilephone": "phone",
}
_COMPANY = {("company", "name"), ("contact", "company")}
_REASONS = {"closed_lost_reason", "hs_lead_disqualification_reason"}
_OUTCOMES = {"COMPLETED": Kind.SALES_MEETING_HELD, "CANCELED": Kind.SALES_MEETING_CANCELLED}
_MACHINES = {"INTEGRATION", "AUTOMATION_PLATFORM", "API", "WORKFLOWS", "IMPORT"}


def parse(body: bytes, content_type: str, headers: dict[str, str]) -> Result:
    """Each event judged alone. Raises Unreadable."""
    return each(events_with_paths(read_json(body)), lambda row, where, _: _one(row, where, body))


def _one(event: JsonObject, where: str, body: bytes) -> Parsed | Quarantined:
    return _thin(event, where) if "subscriptionType" in event else whole_object(event, where, body)


def _thin(event: JsonObject, where: str) -> Parsed:
    subscription = text(event.get("subscriptionType")) or ""
    noun, _, verb = subscription.partition(".")
    type_id = text(event.get("objectTypeId")) or text(event.get("fromObjectTypeId"))
    noun = TYPE_IDS.get(type_id or "", noun) if noun == "object" else noun
    if noun not in _OBJECTS or verb.casefold() not in _VERB_WORDS:
        raise Unreadable(f"unknown subscription type `{subscription[:60]}`", f"{where}.subscriptionType")
    named = ("objectId", "fromObjectId", "newObjectId", "primaryObjectId")
    ident, portal = next((i for n in named if (i := identifier(event.get(n)))), None), identifier(event.get("portalId"))
    name, value = text(event.get("propertyName")), text(event.get("propertyValue"))
    value = None if value == "REDACTED" else value
    source = text(event.get("changeSource"))
    consents = states_in({name: value}) if noun == "contact" and name and verb.casefold() == "propertychange" else ()
    kind, sales = _kind(noun, verb.casefold(), name, value)
    kind = Kind.CONSENT_WITHDRAWN if any(c.state == "withdrawn" for c in consents) else kind
    test = name == "sample-property" or value == "sample-value" or _from_console(event)
    mode: Mode = "test" if test else "live"
    person = Person(**{_PERSON[name]: value}) if noun == "contact" and name in _PERSON and not test else Person()
    user = (text(event.get("sourceId")) or "").removeprefix("userId:")
    actor_kind: Literal["person", "automation"] | None = (
        "person" if source == "CRM_UI" else "automation" if source in _MACHINES - {"API"} else None
    )
    return Parsed(
        kind=kind,
        source_kind=subscription,
        occurred_at=when(event.get("occurredAt")),
        mode=mode,
        person=person,
        company=Company(name=value) if (noun, name) in _COMPANY and not test else Company(),
        external_id=ident,
        references=_references(noun, ident, portal, event),
        previous=_merged_records(noun, portal, event) if verb.casefold() == "merge" else (),
        actor=Actor(kind=actor_kind, reference=user or None),
        automated=actor_kind == "automation",
        sales=sales,
        reason=value if name in _REASONS else None,
        amount=number(value) if name == "amount" else None,
        consents=consents,
        address_changed=bool(person.email),
        former_emails=_former(event) if person.email else (),
        fields=_fields(noun, subscription, name, value),
        dedupe_key=_key(event),
    )


def _former(event: JsonObject) -> tuple[str, ...]:
    """The value before, where somebody passes it on with the event."""
    names = ("previousValue", "propertyPreviousValue", "oldValue", "previousPropertyValue")
    return tuple(value for name in names if (value := text(event.get(name))) is not None)[:1]


def _fields(noun: str, subscription: str, name: str | None, value: str | None) -> JsonObject:
    """The value that changed, and what an `object` is, of which the word for the event says nothing."""
    kept = [(name, value), (PLACES.get(name, name), value)] if name and name not in _PERSON else []
    return only_known([*kept, *([("object_type", noun)] if subscription.startswith("object.") else [])])


_PARTS = ("portalId", "subscriptionId", "subscriptionType", "objectId", "eventId", "occurredAt", "propertyName")
_OF_TWO = (
    "fromObjectId",
    "toObjectId",
    "associationType",
    "associationTypeId",
    "associationRemoved",
    "mergedObjectIds",
)


def _key(event: JsonObject) -> str:
    """All that tells two events apart: HubSpot does not promise that `eventId` does."""
    parts = [str(event.get(part)) for part in _PARTS]
    return ":".join([*parts, *(f"{part}={event[part]}" for part in _OF_TWO if part in event)])


def _from_console(event: JsonObject) -> bool:
    """The console's test button sends one fixed event: id 100 about object 123."""
    return text(event.get("eventId")) == "100" and text(event.get("objectId")) == "123"


def _kind(noun: str, verb: str, name: str | None, value: str | None) -> tuple[Kind, Sales | None]:
    if verb == "propertychange" and name == "dealstage" and value in _ENDED:
        return _ENDED[value], Sales(to=value)
    if verb == "propertychange" and name in _STAGES:
        return Kind.SALES_STAGE_CHANGED, Sales(to=value)
    if verb == "propertychange" and name == "hubspot_owner_id":
        return Kind.SALES_OWNER_CHANGED, Sales(to=value, owner_id=value)
    if _OBJECTS[noun] == "activity":
        return _activity(noun, verb, name, value)
    return _VERBS.get((noun, verb), UPDATED.get(noun, Kind.UNCLASSIFIED)), None


def _activity(noun: str, verb: str, name: str | None, value: str | None) -> tuple[Kind, Sales | None]:
    """Calls, meetings, mails and tasks are told as they are made; the person they are with has to be fetched."""
    sales = Sales(to=value if name else None, activity_type=noun)
    if (name, value) == ("hs_task_status", "COMPLETED"):
        return Kind.SALES_FOLLOW_UP, Sales(to="COMPLETED", activity_type=noun, done=True)
    if name == "hs_meeting_outcome" and value in _OUTCOMES:
        return _OUTCOMES[value], sales
    if name == "hs_call_disposition" and call_of([level({name: value})]).connected:
        return Kind.SALES_FOLLOW_UP, sales.but(done=True)
    if verb == "creation":
        kinds = {
            "call": Kind.SALES_FOLLOW_UP,
            "meeting": Kind.SALES_MEETING_BOOKED,
            "task": Kind.SALES_TASK_OPEN,
            "note": Kind.NOTE_ADDED,
        }
        return kinds.get(noun, Kind.ACTIVITY_CREATED), Sales(activity_type=noun)
    return (Kind.ACTIVITY_DELETED if verb == "deletion" else Kind.ACTIVITY_UPDATED), sales


def _references(noun: str, ident: str | None, portal: str | None, event: JsonObject) -> tuple[Reference, ...]:
    own = _OBJECTS[noun]
    merged = identifier(event.get("newObjectId")) or identifier(event.get("primaryObjectId"))
    named = [(own, i) for i in dict.fromkeys((merged, ident))]
    if event.get("associationRemoved") is False:
        named.append((_OBJECTS.get(_associated_object(event)), identifier(event.get("toObjectId"))))
    found = [Reference(system="hubspot", account=portal, object=o, id=i) for o, i in named if o and i]
    return tuple(dict.fromkeys(found))


def _associated_object(event: JsonObject) -> str:
    """What an association leads to: `DEAL_TO_CONTACT`, or the id of the type."""
    target = (text(event.get("associationType")) or "").casefold().partition("_to_")[2]
    return TYPE_IDS.get(text(event.get("toObjectTypeId")) or "", target)


def _merged_records(noun: str, portal: str | None, event: JsonObject) -> tuple[Reference, ...]:
    """The records of a merge that are no more."""
    kept, own = identifier(event.get("newObjectId")) or identifier(event.get("primaryObjectId")), _OBJECTS[noun]
    rows = event.get("mergedObjectIds")
    idents = [text(i) for i in rows] if isinstance(rows, list) else []
    return tuple(
        Reference(system="hubspot", account=portal, object=own, id=i) for i in idents if own and i and i != kept
    )
