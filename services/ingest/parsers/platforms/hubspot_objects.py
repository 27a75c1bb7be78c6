"""HubSpot's whole objects: a workflow's webhook in its several shapes, a custom action, a record of the CRM's API."""

from __future__ import annotations

from schemas.json_values import COMPOSITE, JsonObject
from schemas.signals import Company, Kind, Object, Parsed, Person, Reference, Sales
from services.ingest.parsers.bounds.unreadable import Unreadable
from services.ingest.parsers.finishing.stated import of_record
from services.ingest.parsers.platforms.hubspot_activities import PROPERTIES, activity_of, sales_of
from services.ingest.parsers.reading.former import MOST
from services.ingest.parsers.reading.identifiers import identifier
from services.ingest.parsers.reading.safely import body_key, mapping, number, only_known, text, when
from services.ingest.parsers.reading.values import is_address

TYPE_IDS = {
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
UPDATED = {
    "contact": Kind.CONTACT_UPDATED,
    "company": Kind.COMPANY_UPDATED,
    "deal": Kind.DEAL_UPDATED,
    "lead": Kind.DEAL_UPDATED,
}
PLACES = {
    "hs_country_code": "country_code",
    "country": "country",
    "state": "region",
    "city": "city",
    "zip": "postcode",
    "industry": "industry",
    "website": "website",
    "hs_state_code": "state_code",
    "numberofemployees": "employees",
    "numemployees": "employees",
}
"""Where and what a company is, by our names; `services.ingest.profile` reads them off the answers."""
_KEPT = ("hs_email_subject", "jobtitle", "dealname", "dealstage", "industry", "hs_language", "closed_lost_reason")
_NOUNS: dict[str, Object] = {
    "contact": "person",
    "company": "company",
    "deal": "deal",
    "lead": "deal",
    **dict.fromkeys(("call", "email", "meeting", "task", "note", "communication"), "activity"),
}
_KNOWN = frozenset(TYPE_IDS.values())
"""Of a ticket or a product the record is kept, and it is no lead's business."""
_TELLING = {
    "deal": ("dealname", "dealstage"),
    "contact": ("email", "firstname", "lastname", "phone", "mobilephone", "lifecyclestage"),
    "company": ("domain", "name"),
    "call": ("hs_call_direction", "hs_call_status", "hs_call_disposition", "hs_call_title"),
    "email": ("hs_email_direction", "hs_email_subject"),
    "meeting": ("hs_meeting_outcome", "hs_meeting_title", "hs_meeting_start_time"),
    "task": ("hs_task_status", "hs_task_subject"),
}
"""Properties by which an object is known that does not say what it is."""


def whole_object(event: JsonObject, where: str, body: bytes) -> Parsed:
    """Properties are texts, or objects with a value and its history. Raises Unreadable."""
    record = {**event, **mapping(event.get("object"))}
    own = mapping(record.get("properties"))
    # An author who chooses the properties to send gets them without anything around them.
    properties = own or {name: value for name, value in event.items() if not isinstance(value, COMPOSITE)}
    values = {n: text(p.get("value") if isinstance(p, dict) else p) for n, p in properties.items()}
    noun = _noun(record, values, where)
    stamps = [when(p.get("timestamp")) for p in properties.values() if isinstance(p, dict)]
    names = ("vid", "objectId", "hs_object_id", "id") if own else ("hs_object_id", "objectId", "vid")
    ident = next((said for n in names if (said := identifier(record.get(n)) or identifier(values.get(n)))), None)
    portal = identifier(event.get("portalId") or event.get("portal-id") or mapping(event.get("origin")).get("portalId"))
    is_company, what = noun == "company", _NOUNS.get(noun)
    work, owner = activity_of(noun, values) if noun in PROPERTIES else None, values.get("hubspot_owner_id")
    utm = {name: said for name, said in values.items() if name.startswith("utm_") and said is not None}
    parsed = Parsed(
        kind=(work.kind if work else None) or UPDATED.get(noun, Kind.UNCLASSIFIED),
        source_kind=f"{noun}.workflow",
        occurred_at=max((s for s in stamps if s is not None), default=None) or when(record.get("updatedAt")),
        person=_writer(values) if noun == "email" else _person(values, is_company),
        company=Company(
            name=values.get("name") if is_company else values.get("company") or _employer(event),
            domain=values.get("domain"),
        ),
        external_id=ident,
        references=(Reference(system="hubspot", account=portal, object=what, id=ident),) if ident and what else (),
        automated=work.automated if work else False,
        sales=sales_of(noun, work, owner) if work and work.kind else _state(noun, values, owner),
        campaign=utm.get("utm_campaign"),
        utm=utm,
        reason=values.get("closed_lost_reason"),
        amount=number(values.get("amount")),
        currency=values.get("deal_currency_code"),
        fields=only_known([*((n, v) for n, v in values.items() if n in _KEPT), *_places(values)]),
        dedupe_key=body_key(body, where),
    )
    if noun != "contact":
        return parsed
    return of_record(parsed.but(former_emails=_addresses(record, properties, parsed.person.email)), properties)


def _addresses(record: JsonObject, properties: JsonObject, own: str | None) -> tuple[str, ...]:
    """The contact's further addresses, and those that it had before: the history of the property, the profiles' identities."""
    held = properties.get("hs_additional_emails")
    further = (text(mapping(held).get("value") if isinstance(held, dict) else held) or "").split(";")
    versions = mapping(properties.get("email")).get("versions")
    candidates = [
        *further,
        *(text(mapping(row).get("value")) for row in (versions if isinstance(versions, list) else [])),
    ]
    profiles = record.get("identity-profiles")
    for profile in profiles if isinstance(profiles, list) else []:
        rows = mapping(profile).get("identities")
        for row in map(mapping, rows if isinstance(rows, list) else []):
            candidates += [text(row.get("value"))] if text(row.get("type")) == "EMAIL" else []
    other = (address.strip() for address in candidates if address and is_address(address.strip()))
    return tuple(dict.fromkeys(address for address in other if address.casefold() != (own or "").casefold()))[:MOST]


def _noun(record: JsonObject, values: dict[str, str | None], where: str) -> str:
    """What it is, by its type or else by its properties. Raises Unreadable."""
    type_id = text(record.get("objectTypeId")) or (text(record.get("objectType")) or "").casefold()
    type_name = TYPE_IDS.get(type_id, type_id)
    if "vid" in record or type_name in _KNOWN:
        return type_name if type_name in _KNOWN else "contact"
    likely = next((noun for noun, names in _TELLING.items() if any(values.get(n) for n in names)), None)
    if type_name or likely is None:
        raise Unreadable("neither a subscription type nor an object that is known", where)
    return likely


def _person(values: dict[str, str | None], is_company: bool) -> Person:
    """A company's number may be somebody's; its address is a mailbox of many."""
    return Person(
        email=None if is_company else values.get("email"),
        first_name=values.get("firstname"),
        last_name=values.get("lastname"),
        phone=values.get("phone") or values.get("mobilephone"),
    )


_STATES = {
    "deal": ("dealstage",),
    "lead": ("hs_pipeline_stage", "hs_lead_label"),
    "contact": ("hs_lead_status", "lifecyclestage"),
}


def _state(noun: str, values: dict[str, str | None], owner: str | None) -> Sales | None:
    """Whose it is and where it stands: the state, and nothing of a change."""
    stage = next((value for name in _STATES.get(noun, ()) if (value := values.get(name))), None)
    return Sales(to=stage, owner_id=owner) if noun in _STATES and (stage or owner) else None


def _writer(values: dict[str, str | None]) -> Person:
    """The one a mail is from, or ours went to."""
    end = "from" if values.get("hs_email_direction") == "INCOMING_EMAIL" else "to"
    return Person(
        email=values.get(f"hs_email_{end}_email"),
        first_name=values.get(f"hs_email_{end}_firstname"),
        last_name=values.get(f"hs_email_{end}_lastname"),
    )


def _places(values: dict[str, str | None]) -> list[tuple[str, str | None]]:
    return [(ours, values[theirs]) for theirs, ours in PLACES.items() if values.get(theirs)]


def _employer(event: JsonObject) -> str | None:
    properties = mapping(mapping(event.get("associated-company")).get("properties"))
    return text(mapping(properties.get("name")).get("value"))
