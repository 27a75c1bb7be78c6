"""GoHighLevel: flat events told apart by `type`, and the snake_case body of a workflow's own webhook.

It tells new values only, fires OpportunityUpdate beside each specific event, and says of a completed task when it was
made, not when it was done.
"""

from __future__ import annotations

from schemas.json_values import COMPOSITE, JsonObject, JsonValue
from schemas.signals import Actor, Company, Kind, Object, Parsed, Person, Reference, Sales
from services.ingest.parsers.bounds.unreadable import Unreadable
from services.ingest.parsers.finishing.stated import of_record
from services.ingest.parsers.guesses.calls import call_of
from services.ingest.parsers.guesses.chain import level
from services.ingest.parsers.guesses.mail import CAME_IN
from services.ingest.parsers.guesses.words import kind_of
from services.ingest.parsers.reading.identifiers import identifier
from services.ingest.parsers.reading.safely import (
    Result,
    as_object,
    body_key,
    mapping,
    number,
    only_known,
    read_json,
    text,
    when,
)
from services.ingest.parsers.reading.tables import words

_PLAIN: dict[str, tuple[Object, Kind]] = {
    "ContactCreate": ("person", Kind.CONTACT_CREATED),
    "ContactUpdate": ("person", Kind.CONTACT_UPDATED),
    "ContactDelete": ("person", Kind.CONTACT_DELETED),
    "ContactTagUpdate": ("person", Kind.CONTACT_UPDATED),
    "ContactDndUpdate": ("person", Kind.CONTACT_UPDATED),
    "OpportunityCreate": ("deal", Kind.DEAL_CREATED),
    "OpportunityUpdate": ("deal", Kind.DEAL_UPDATED),
    "OpportunityDelete": ("deal", Kind.DEAL_DELETED),
    "OpportunityStatusUpdate": ("deal", Kind.DEAL_UPDATED),
    "OpportunityStageUpdate": ("deal", Kind.SALES_STAGE_CHANGED),
    "OpportunityAssignedToUpdate": ("deal", Kind.SALES_OWNER_CHANGED),
    "OpportunityMonetaryValueUpdate": ("deal", Kind.DEAL_UPDATED),
    "TaskCreate": ("activity", Kind.SALES_TASK_OPEN),
    "TaskComplete": ("activity", Kind.SALES_FOLLOW_UP),
    "TaskDelete": ("activity", Kind.ACTIVITY_DELETED),
    "NoteCreate": ("activity", Kind.NOTE_ADDED),
    "NoteUpdate": ("activity", Kind.ACTIVITY_UPDATED),
    "NoteDelete": ("activity", Kind.ACTIVITY_DELETED),
    "AppointmentCreate": ("activity", Kind.SALES_MEETING_BOOKED),
    "AppointmentUpdate": ("activity", Kind.ACTIVITY_UPDATED),
    "AppointmentDelete": ("activity", Kind.SALES_MEETING_CANCELLED),
    "InboundMessage": ("activity", Kind.MESSAGE_RECEIVED),
    "OutboundMessage": ("activity", Kind.OUTREACH_LOGGED),
}
_ENDED = {"won": Kind.SALES_WON, "lost": Kind.SALES_LOST, "abandoned": Kind.SALES_LOST}
_MEETING = {
    "showed": Kind.SALES_MEETING_HELD,
    "completed": Kind.SALES_MEETING_HELD,
    "cancelled": Kind.SALES_MEETING_CANCELLED,
    "canceled": Kind.SALES_MEETING_CANCELLED,
}
_FAILED = frozenset({"failed", "no-answer", "busy", "canceled", "cancelled", "undelivered", "voicemail"})


def parse(body: bytes, content_type: str, headers: dict[str, str]) -> Result:
    """One event. Raises Unreadable."""
    event = as_object(read_json(body))
    kind = text(event.get("type"))
    if kind not in _PLAIN and (text(event.get("contact_id")) or mapping(event.get("workflow"))):
        return [_of_workflow(event, body)]
    if kind not in _PLAIN and _is_of_a_location(event):
        return [_of_another_kind(kind, event, body)]
    if kind not in _PLAIN:
        raise Unreadable(f"unknown type `{(kind or '')[:40]}`", "$.type")
    row = event | mapping(event.get("appointment"))
    noun, plain = _PLAIN[kind]
    our_kind, sales, automated = _work(kind, plain, row)
    ident = identifier(row.get("id")) or identifier(row.get("messageId")) or identifier(row.get("emailMessageId"))
    user = text(row.get("userId")) or text(row.get("updatedBy"))
    attribution = mapping(row.get("attributionSource")) or mapping(row.get("lastAttributionSource"))
    if sales is None and noun in ("person", "deal") and (owner := text(row.get("assignedTo"))) is not None:
        sales = Sales(owner_id=owner)
    parsed = Parsed(
        kind=our_kind,
        source_kind=kind,
        occurred_at=when(event.get("timestamp"))
        or when(row.get("dateAdded" if kind.endswith(("Create", "Message")) else "dateUpdated")),
        person=_person(kind, row),
        company=Company(name=text(row.get("companyName")) if noun == "person" else None),
        external_id=ident,
        references=tuple(_references(noun, ident, row)),
        actor=Actor()
        if our_kind in CAME_IN
        else Actor(kind="automation" if automated else "person" if user else None, reference=user),
        automated=automated,
        sales=sales,
        reason=text(row.get("lostReason")) or text(row.get("lostReasonId")),
        amount=number(row.get("monetaryValue")),
        currency=text(row.get("currency")),
        tags=_tags(row),
        campaign=text(attribution.get("campaign")) or text(attribution.get("utmCampaign")),
        utm=_utm(attribution),
        fields=only_known([*((n, row.get(n)) for n in _KEPT), *_custom(row)]),
        dedupe_key=identifier(event.get("webhookId")) or body_key(body, kind, ident),
    )
    if not kind.startswith("Contact"):
        return [parsed]
    # Where channels are named, the flag for all of them says no more.
    flags = {
        name: value for name, value in event.items() if name != "dnd" or _silent_channels({**event, "dnd": None}) == ()
    }
    return [of_record(parsed, flags)]


_KEPT = words("""
    source title subject body notes website city state postalCode country timezone language
""")
_UTM = {
    "utmSource": "utm_source",
    "utmMedium": "utm_medium",
    "utmCampaign": "utm_campaign",
    "utmContent": "utm_content",
    "utmTerm": "utm_term",
}


def _utm(attribution: JsonObject) -> dict[str, str]:
    return {ours: value for theirs, ours in _UTM.items() if (value := text(attribution.get(theirs))) is not None}


def _custom(row: JsonObject) -> list[tuple[str, JsonValue]]:
    """Fields of the account's own, by their keys where the event has those."""
    held = row.get("customFields")
    rows = [mapping(field) for field in held[:200]] if isinstance(held, list) else []
    named = ((text(f.get("key")) or text(f.get("fieldKey")) or text(f.get("name")), f.get("value")) for f in rows)
    return [(name.removeprefix("contact."), value) for name, value in named if name]


def _work(kind: str, plain: Kind, row: JsonObject) -> tuple[Kind, Sales | None, bool]:
    """(kind, what sales did, whether a machine did it)."""
    owner = text(row.get("assignedTo")) or text(row.get("assignedUserId"))
    if kind.endswith("Message"):
        return _of_message(kind, row)
    if kind == "OpportunityStatusUpdate":
        status = text(row.get("status"))
        return _ENDED.get(status or "", plain), Sales(to=status, owner_id=owner), False
    if kind == "OpportunityStageUpdate":
        return plain, Sales(to=text(row.get("pipelineStageId")), owner_id=owner), False
    if kind == "OpportunityAssignedToUpdate":
        return plain, Sales(to=owner, owner_id=owner), False
    if kind.startswith("Task"):
        done = kind == "TaskComplete" or bool(row.get("completed"))
        return plain, Sales(owner_id=owner, activity_type="task", done=done), False
    if kind.startswith("Appointment"):
        status = (text(row.get("appointmentStatus")) or text(row.get("status")) or "").casefold()
        our_kind = _MEETING.get(status, plain)
        return our_kind, Sales(to=status or None, owner_id=owner, activity_type="meeting"), False
    if kind == "ContactDndUpdate" and _silent_channels(row):
        return Kind.CONSENT_WITHDRAWN, None, False
    return plain, None, False


def _of_message(kind: str, row: JsonObject) -> tuple[Kind, Sales | None, bool]:
    """A message to or from the person: `direction` tells, not the type, which can name a call from outside outbound."""
    what = (text(row.get("messageType")) or "message").casefold()
    owner, status = text(row.get("userId")), text(row.get("status"))
    failed = (text(row.get("callStatus")) or status or "").casefold() in _FAILED
    sales = Sales(to=status, owner_id=owner, activity_type=what, done=not failed)
    inbound = (text(row.get("direction")) or kind.removesuffix("Message")).casefold() == "inbound"
    if inbound:
        kinds = {"call": Kind.CALL_RECEIVED, "email": Kind.EMAIL_REPLIED}
        return kinds.get(what, Kind.MESSAGE_RECEIVED), sales, False
    by_person = owner is not None or text(row.get("source")) == "app"
    short = what == "call" and call_of([level(row)]).connected is False
    if by_person and not failed and not short:
        return Kind.SALES_FOLLOW_UP, sales, False
    # A workflow's voicemail looks like a person's but for the user that it lacks.
    return (Kind.EMAIL_SENT if what == "email" else Kind.OUTREACH_LOGGED), sales, not by_person


def _person(kind: str, row: JsonObject) -> Person:
    if kind.endswith("Message"):
        to = row.get("to")
        inbound = (text(row.get("direction")) or "").casefold() == "inbound"
        return Person(email=_address(row.get("from") if inbound else to[0] if isinstance(to, list) and to else to))
    if not kind.startswith("Contact"):
        return Person()
    return Person(
        email=text(row.get("email")),
        first_name=text(row.get("firstName")),
        last_name=text(row.get("lastName")),
        full_name=text(row.get("name")) or text(row.get("contactName")),
        phone=text(row.get("phone")),
    )


def _address(value: JsonValue) -> str | None:
    """`Name <address>` or the address."""
    address = text(value) or ""
    address = address.rpartition("<")[2].rstrip("> ")
    return address if "@" in address else None


def _references(noun: Object, ident: str | None, row: JsonObject) -> list[Reference]:
    account = identifier(row.get("locationId"))
    named: list[tuple[Object, str | None]] = [
        (noun, ident),
        ("person", identifier(row.get("contactId"))),
        ("deal", identifier(row.get("opportunityId"))),
        ("company", identifier(row.get("businessId"))),
    ]
    references = [Reference(system="gohighlevel", account=account, object=o, id=i) for o, i in named if i is not None]
    return list(dict.fromkeys(references))


def _silent_channels(row: JsonObject) -> tuple[str, ...]:
    """What may not be sent any more: the channels whose silence is `active`, everything where none is named."""
    channels = mapping(row.get("dndSettings")).items()
    silent = tuple(str(n).casefold() for n, v in channels if text(mapping(v).get("status")) in ("active", "permanent"))
    return silent or (("all",) if row.get("dnd") is True else ())


def _tags(row: JsonObject) -> tuple[str, ...]:
    tags = row.get("tags")
    tags = tags.split(",") if isinstance(tags, str) else tags
    return tuple(name for tag in tags if (name := text(tag)) is not None) if isinstance(tags, list) else ()


def _is_of_a_location(event: JsonObject) -> bool:
    """Invoices and records of an account's own objects come without a type."""
    record = text(event.get("id")) or text(event.get("_id")) or text(event.get("type"))
    return bool(record and (text(event.get("locationId")) or text(event.get("companyId")) or text(event.get("altId"))))


def _of_another_kind(kind: str | None, event: JsonObject, body: bytes) -> Parsed:
    """Invoices, orders, users, installations, what became of a mailing: kept with the contact, and no sales work."""
    mailing, contact = mapping(event.get("webhookPayload")), _contact(event)
    ident = (
        identifier(event.get("id"))
        or identifier(event.get("_id"))
        or identifier(event.get("messageId"))
        or identifier(mailing.get("id"))
    )
    person = identifier(event.get("contactId")) or identifier(contact.get("id"))
    account = identifier(event.get("locationId"))
    parsed = Parsed(
        kind=kind_of(f"email {text(mailing.get('event')) or ''}") if mailing else Kind.UNCLASSIFIED,
        source_kind=kind,
        occurred_at=when(event.get("timestamp")) or when(mailing.get("timestamp")) or when(event.get("dateAdded")),
        person=Person(
            email=text(contact.get("email")) or text(mailing.get("recipient")),
            full_name=text(contact.get("name")),
            phone=text(contact.get("phoneNo")) or text(contact.get("phone")),
        ),
        company=Company(name=text(contact.get("companyName"))),
        external_id=ident,
        references=(Reference(system="gohighlevel", account=account, object="person", id=person),) if person else (),
        dedupe_key=identifier(event.get("webhookId")) or body_key(body, kind, ident),
    )
    return of_record(parsed, contact)


def _contact(event: JsonObject) -> JsonObject:
    """The contact of an invoice or an order; a message that is to be sent names the number or the address only."""
    whole = (
        mapping(event.get("contactDetails")) or mapping(event.get("contactSnapshot")) or mapping(event.get("contact"))
    )
    to = event.get("emailTo")
    to = to[0] if isinstance(to, list) and to else to
    return whole or {"phone": event.get("phone"), "email": to} if "messageId" in event else whole


def _of_workflow(event: JsonObject, body: bytes) -> Parsed:
    """A workflow's webhook: the contact as it is; what triggered it is in the workflow's name only."""
    ident = identifier(event.get("contact_id")) or identifier(event.get("id"))
    location = mapping(event.get("location"))
    account = identifier(location.get("id")) or identifier(event.get("location_id"))
    own_names = {
        "contact_id",
        "first_name",
        "last_name",
        "full_name",
        "email",
        "phone",
        "company_name",
        "tags",
        "location",
    }
    reference = Reference(system="gohighlevel", account=account, object="person", id=ident) if ident else None
    whole = Parsed(
        kind=Kind.CONTACT_UPDATED,
        source_kind="workflow",
        occurred_at=None,
        person=Person(
            email=text(event.get("email")),
            first_name=text(event.get("first_name")),
            last_name=text(event.get("last_name")),
            full_name=text(event.get("full_name")),
            phone=text(event.get("phone")),
        ),
        company=Company(name=text(event.get("company_name"))),
        external_id=ident,
        references=(reference,) if reference else (),
        actor=Actor(kind="automation"),
        tags=_tags(event),
        fields=only_known((n, v) for n, v in event.items() if n not in own_names and not isinstance(v, COMPOSITE)),
        dedupe_key=body_key(body),
    )
    return of_record(whole, event)
