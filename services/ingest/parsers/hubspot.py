"""HubSpot: app webhooks (an array of thin events, or one of them) and workflow webhooks (one whole object)."""

from __future__ import annotations

from typing import Any, Literal

from schemas.signals import Actor, Company, Kind, Mode, Object, Parsed, Person, Quarantined, Reference, Sales
from services.ingest.parsers.reading import (
    Result,
    Unreadable,
    as_object,
    body_key,
    bounded,
    mapping,
    only_known,
    read_json,
    text,
    when,
)

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
_TYPE_IDS = {
    "0-1": "contact",
    "0-2": "company",
    "0-3": "deal",
    "0-27": "task",
    "0-46": "note",
    "0-47": "meeting",
    "0-48": "call",
    "0-49": "email",
    "0-18": "communication",
    "0-136": "lead",
    "0-5": "ticket",
    "0-7": "product",
    "0-8": "line_item",
}
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
_UPDATED = {
    "contact": Kind.CONTACT_UPDATED,
    "company": Kind.COMPANY_UPDATED,
    "deal": Kind.DEAL_UPDATED,
    "lead": Kind.DEAL_UPDATED,
}
_VERB_WORDS = frozenset(
    (
        "creation",
        "deletion",
        "privacydeletion",
        "merge",
        "restore",
        "associationchange",
        "propertychange",
        "change",
        "newmessage",
    )
)
_STAGES = {"dealstage", "hs_lead_status", "lifecyclestage", "hs_pipeline_stage"}
_ENDED = {"closedwon": Kind.SALES_WON, "closedlost": Kind.SALES_LOST}
"""The stages that every account begins with; those of its own making have numbers."""
_PERSON = {"email": "email", "firstname": "first_name", "lastname": "last_name", "phone": "phone"}
_PLACES = {"hs_country_code": "country_code", "country": "country", "state": "region", "city": "city", "zip": "postcode",
           "industry": "industry", "numberofemployees": "employees", "numemployees": "employees"}  # fmt: skip
"""Where and what a company is, by our names; `services.ingest.profile` reads them off the answers."""
_OUTCOMES = {"COMPLETED": Kind.SALES_MEETING_HELD, "CANCELED": Kind.SALES_MEETING_CANCELLED}
_MACHINES = {"INTEGRATION", "AUTOMATION_PLATFORM", "API", "WORKFLOWS", "IMPORT"}


def parse(body: bytes, content_type: str, headers: dict[str, str]) -> Result:
    """Each event judged alone. Raises Unreadable."""
    whole = read_json(body)
    rows = whole if isinstance(whole, list) else [whole]
    found: Result = []
    for i, row in enumerate(bounded(rows)):
        where = f"$[{i}]" if isinstance(whole, list) else "$"
        try:
            event = as_object(row, where)
            found.append(_thin(event, where) if _is_thin(event) else _object(event, where, body))
        except Unreadable as error:
            found.append(Quarantined(quarantined=error.reason, where=error.where))
    return found


def _is_thin(event: dict[str, Any]) -> bool:
    return "subscriptionType" in event


def _thin(event: dict[str, Any], where: str) -> Parsed:
    said = text(event.get("subscriptionType")) or ""
    noun, _, verb = said.partition(".")
    type_id = text(event.get("objectTypeId")) or text(event.get("fromObjectTypeId"))
    noun = _TYPE_IDS.get(type_id or "", noun) if noun == "object" else noun
    if noun not in _OBJECTS or verb.casefold() not in _VERB_WORDS:
        raise Unreadable(f"unknown subscription type `{said[:60]}`", f"{where}.subscriptionType")
    ident, portal = text(event.get("objectId")) or text(event.get("fromObjectId")), text(event.get("portalId"))
    name, value = text(event.get("propertyName")), text(event.get("propertyValue"))
    value = None if value == "REDACTED" else value
    source = text(event.get("changeSource"))
    kind, sales = _kind(noun, verb.casefold(), name, value)
    test = name == "sample-property" or value == "sample-value" or _from_console(event)
    mode: Mode = "test" if test else "live"
    person = Person(**{_PERSON[name]: value}) if noun == "contact" and name in _PERSON and not test else Person()
    user = (text(event.get("sourceId")) or "").removeprefix("userId:")
    actor_kind: Literal["person", "automation"] | None = (
        "person" if source == "CRM_UI" else "automation" if source in _MACHINES - {"API"} else None
    )
    parts = ("portalId", "subscriptionId", "subscriptionType", "objectId", "eventId", "occurredAt", "propertyName")
    return Parsed(
        kind=kind,
        source_kind=said,
        occurred_at=when(event.get("occurredAt")),
        mode=mode,
        person=person,
        company=Company(name=value) if noun == "company" and name == "name" else Company(),
        external_id=ident,
        references=_references(noun, ident, portal, event),
        previous=_merged(noun, portal, event) if verb.casefold() == "merge" else (),
        actor=Actor(kind=actor_kind, reference=user or None),
        automated=actor_kind == "automation",
        sales=sales,
        amount=_number(value) if name == "amount" else None,
        fields=only_known([(name, value), *_places({name: value})]) if name and name not in _PERSON else {},
        dedupe_key=":".join(str(event.get(part)) for part in parts),
    )


def _from_console(event: dict[str, Any]) -> bool:
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
    return _VERBS.get((noun, verb), _UPDATED.get(noun, Kind.UNCLASSIFIED)), None


def _activity(noun: str, verb: str, name: str | None, value: str | None) -> tuple[Kind, Sales | None]:
    """Calls, meetings, mails and tasks are told as they are made; whom they are with has to be fetched."""
    said = Sales(to=value if name else None, activity_type=noun)
    if (name, value) == ("hs_task_status", "COMPLETED"):
        return Kind.SALES_FOLLOW_UP, Sales(to="COMPLETED", activity_type=noun, done=True)
    if name == "hs_meeting_outcome" and value in _OUTCOMES:
        return _OUTCOMES[value], said
    if verb == "creation":
        kinds = {"call": Kind.SALES_FOLLOW_UP, "meeting": Kind.SALES_MEETING_BOOKED, "task": Kind.SALES_TASK_OPEN,
                 "note": Kind.NOTE_ADDED}  # fmt: skip
        return kinds.get(noun, Kind.ACTIVITY_CREATED), Sales(activity_type=noun)
    return (Kind.ACTIVITY_DELETED if verb == "deletion" else Kind.ACTIVITY_UPDATED), said


def _references(noun: str, ident: str | None, portal: str | None, event: dict[str, Any]) -> tuple[Reference, ...]:
    own = _OBJECTS[noun]
    merged = text(event.get("newObjectId")) or text(event.get("primaryObjectId"))
    named = [(own, i) for i in dict.fromkeys((merged, ident))]
    if event.get("associationRemoved") is False:
        named.append((_OBJECTS.get(_associated(event)), text(event.get("toObjectId"))))
    found = [Reference(system="hubspot", account=portal, object=o, id=i) for o, i in named if o and i]
    return tuple(dict.fromkeys(found))


def _associated(event: dict[str, Any]) -> str:
    """What an association leads to: `DEAL_TO_CONTACT`, or the id of the type."""
    said = (text(event.get("associationType")) or "").casefold().partition("_to_")[2]
    return _TYPE_IDS.get(text(event.get("toObjectTypeId")) or "", said)


def _merged(noun: str, portal: str | None, event: dict[str, Any]) -> tuple[Reference, ...]:
    """The records of a merge that are no more."""
    kept, own = text(event.get("newObjectId")) or text(event.get("primaryObjectId")), _OBJECTS[noun]
    rows = event.get("mergedObjectIds")
    idents = [text(i) for i in rows] if isinstance(rows, list) else []
    return tuple(
        Reference(system="hubspot", account=portal, object=own, id=i) for i in idents if own and i and i != kept
    )


def _object(event: dict[str, Any], where: str, body: bytes) -> Parsed:
    """A workflow's webhook: `vid` for a contact, `objectId` and `objectTypeId` for the rest."""
    properties = mapping(event.get("properties"))
    if not properties:
        raise Unreadable("neither a subscription type nor properties", where)
    noun = "contact" if "vid" in event else _TYPE_IDS.get(text(event.get("objectTypeId")) or "", "")
    if noun not in _UPDATED:
        raise Unreadable("unknown kind of object", f"{where}.objectTypeId")
    values = {n: text(mapping(p).get("value")) for n, p in properties.items()}
    stamps = [when(mapping(p).get("timestamp")) for p in properties.values()]
    ident, portal = (
        text(event.get("vid")) or text(event.get("objectId")),
        text(event.get("portalId") or event.get("portal-id")),
    )
    is_company = noun == "company"
    return Parsed(
        kind=_UPDATED[noun],
        source_kind=f"{noun}.workflow",
        occurred_at=max((s for s in stamps if s is not None), default=None),
        person=Person(
            email=values.get("email") if not is_company else None,
            first_name=values.get("firstname"),
            last_name=values.get("lastname"),
            phone=values.get("phone") or values.get("mobilephone"),
        ),
        company=Company(
            name=values.get("name") if is_company else values.get("company") or _employer(event),
            domain=values.get("domain"),
        ),
        external_id=ident,
        references=_references(noun, ident, portal, {}),
        amount=_number(values.get("amount")),
        currency=values.get("deal_currency_code"),
        fields=only_known([*((n, v) for n, v in values.items() if n in _KEPT), *_places(values)]),
        dedupe_key=body_key(body),
    )


_KEPT = ("jobtitle", "dealname", "dealstage", "industry", "hs_language")


def _places(values: dict[str, str | None]) -> list[tuple[str, str | None]]:
    return [(ours, values[theirs]) for theirs, ours in _PLACES.items() if values.get(theirs)]


def _employer(event: dict[str, Any]) -> str | None:
    properties = mapping(mapping(event.get("associated-company")).get("properties"))
    return text(mapping(properties.get("name")).get("value"))


def _number(value: str | None) -> float | None:
    try:
        return float(value) if value is not None else None
    except ValueError:
        return None
