"""Salesforce: outbound messages (SOAP, up to 100 notifications, the state and never the change) and change events (JSON,
the changed fields only, null for unchanged). A SessionId is a live key: it is never read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice

from schemas.json_values import JsonObject, JsonValue
from schemas.signals import Actor, Company, Kind, Object, Parsed, Person, Quarantined, Reference, Sales
from services.ingest.parsers.bounds.amount import added_up
from services.ingest.parsers.bounds.faults import read_or_quarantine
from services.ingest.parsers.bounds.pieces import alone, take_turns
from services.ingest.parsers.bounds.unreadable import Unreadable
from services.ingest.parsers.finishing.stated import of_record
from services.ingest.parsers.platforms import salesforce_activities
from services.ingest.parsers.reading.identifiers import identifier
from services.ingest.parsers.reading.safely import (
    Result,
    as_object,
    body_key,
    mapping,
    number,
    only_known,
    read_json,
    refuse_too_many,
    text,
    when,
)
from services.ingest.parsers.reading.soap import Element, read_xml
from services.ingest.parsers.reading.tables import words

_OBJECTS: dict[str, Object] = {
    "Lead": "person",
    "Contact": "person",
    "PersonAccount": "person",
    "Account": "company",
    "Opportunity": "deal",
    "Task": "activity",
    "Event": "activity",
    "EmailMessage": "activity",
    "VoiceCall": "activity",
}
_PREFIXES: dict[str, Object] = {
    "00Q": "person",
    "003": "person",
    "001": "company",
    "006": "deal",
    "00T": "activity",
    "00U": "activity",
}
"""The first three characters of an id tell what it is of."""
_UNION = frozenset({"string", "double", "long", "int", "boolean"})
"""Avro's JSON, which the Pub/Sub API gives, writes what can be null as `{"string": "x"}`."""
_SUPPLIED = {"SuppliedEmail": "Email", "SuppliedName": "Name", "SuppliedPhone": "Phone", "SuppliedCompany": "Company"}
"""What a web form or a mail said that became a Case."""
_KINDS: dict[Object, tuple[Kind, Kind, Kind]] = {
    "person": (Kind.CONTACT_CREATED, Kind.CONTACT_UPDATED, Kind.CONTACT_DELETED),
    "company": (Kind.COMPANY_CREATED, Kind.COMPANY_UPDATED, Kind.COMPANY_DELETED),
    "deal": (Kind.DEAL_CREATED, Kind.DEAL_UPDATED, Kind.DEAL_DELETED),
    "activity": (Kind.ACTIVITY_CREATED, Kind.ACTIVITY_UPDATED, Kind.ACTIVITY_DELETED),
}
_CLOSED = {"Closed Won": Kind.SALES_WON, "Closed Lost": Kind.SALES_LOST}
_CHANGES = {"CREATE": 0, "UNDELETE": 0, "UPDATE": 1, "DELETE": 2}
_NAMED = words("""
    RelatedToId RelatedRecordId AccountId ContactId WhoId WhatId OpportunityId ConvertedContactId ConvertedOpportunityId
    ConvertedAccountId
""")
_KEPT = words("""
    Title Industry LeadSource Rating Description Subject Name Website City Country CountryCode State StateCode
    PostalCode MailingCity MailingState MailingCountry MailingPostalCode BillingCity BillingState BillingCountry
    BillingPostalCode NumberOfEmployees
""")
_WORK = ("Task", "Event", "EmailMessage", "VoiceCall")


def parse(body: bytes, content_type: str, headers: dict[str, str]) -> Result:
    """Each notification or record judged alone. Raises Unreadable."""
    if body.lstrip()[:1] == b"<":
        return _outbound(read_xml(body))
    whole = read_json(body)
    result: Result = []
    events = list(_events(whole))
    refuse_too_many(
        [ident for _, event in events for ident in _idents(mapping(mapping(event).get("ChangeEventHeader")))]
    )
    for where, event in events:
        read = read_or_quarantine(where, partial(_change, event, where, body))
        result += [read] if isinstance(read, Quarantined) else read
    return result


# --- outbound messages
def _outbound(root: Element) -> Result:
    body = root.find("notifications")
    if body is None:
        raise Unreadable("no outbound message: there are no notifications")
    rows = refuse_too_many(body.all("Notification"))
    paths = [f"Envelope.Body.notifications.Notification[{i}]" for i in range(len(rows))]
    return [
        read_or_quarantine(where, partial(_read_notification, row, where))
        for where, row in zip(paths, take_turns(rows, _fields), strict=True)
    ]


def _fields(row: Element) -> int:
    return sum(len(child.children) for child in row.children)


def _read_notification(row: Element, where: str) -> Parsed | Quarantined:
    record = row.find("sObject")
    if record is None or record.type is None:
        return Quarantined(quarantined="a notification has an sObject with its type", where=where)
    fields = {child.name: child.text for child in record.children if child.text is not None}
    noun = record.type
    kind, sales = _state(noun, fields)
    stamp = when(fields.get("LastModifiedDate")) or when(fields.get("SystemModstamp"))
    key = row.child_text("Id") or f"{fields.get('Id')}:{stamp}"
    return _facts_of_record(
        noun,
        fields,
        kind or _kind(noun, 1),
        sales,
        source_kind=f"{noun}.outbound_message",
        ident=fields.get("Id"),
        at=stamp,
        key=key,
        user=fields.get("LastModifiedById"),
    )


def _state(noun: str, fields: Mapping[str, JsonValue]) -> tuple[Kind | None, Sales | None]:
    """What the state says by itself; a stage or a status says nothing of a change."""
    owner = text(fields.get("OwnerId"))
    if noun == "Opportunity":
        return _closing_kind(fields), Sales(to=text(fields.get("StageName")), owner_id=owner)
    if noun == "Lead":
        converted = Kind.SALES_CONVERTED if _true(fields.get("IsConverted")) else None
        return converted, Sales(to=text(fields.get("Status")), owner_id=owner)
    if noun in _WORK:
        return salesforce_activities.activity_of(noun, fields, owner)
    return None, Sales(owner_id=owner) if owner else None


def _closing_kind(fields: Mapping[str, JsonValue]) -> Kind | None:
    """Won or lost: by the flags, or by the stages that every organisation begins with."""
    if "IsWon" not in fields and text(fields.get("StageName")) in _CLOSED:
        return _CLOSED[str(fields["StageName"]).strip()]
    if _true(fields.get("IsWon")):
        return Kind.SALES_WON
    return Kind.SALES_LOST if _true(fields.get("IsClosed")) and "IsWon" in fields else None


# --- change events
def _events(whole: JsonValue) -> Iterator[tuple[str, JsonValue]]:
    rows = refuse_too_many(whole) if isinstance(whole, list) else [whole]
    for i, row in enumerate(rows):
        where = f"$[{i}]" if isinstance(whole, list) else "$"
        inner = mapping(mapping(row).get("data"))
        payload = inner.get("payload") or mapping(row).get("payload")
        yield (f"{where}.data.payload" if inner else where), (payload or inner or row)


def _change(event: JsonValue, where: str, body: bytes) -> Result:
    event = as_object(_plain(as_object(event, where)), where)
    head = as_object(event.get("ChangeEventHeader"), f"{where}.ChangeEventHeader")
    noun, change = text(head.get("entityName")) or "", text(head.get("changeType")) or ""
    idents = [identifier(i) for i in _idents(head) if text(i)]
    if not noun or not idents:
        raise Unreadable("a change event names its entity and its records", f"{where}.ChangeEventHeader")
    fields = {name: value for name, value in event.items() if value is not None and name != "ChangeEventHeader"}
    kind, sales = _kind_of_change(noun, change, fields)
    transaction, number = identifier(head.get("transactionKey")), text(head.get("sequenceNumber"))
    key = f"{transaction}:{number}" if transaction and number else body_key(body, where)
    first = _facts_of_record(
        noun,
        fields,
        kind or _kind(noun, _CHANGES.get(change)),
        sales,
        source_kind=f"{noun}.{change}",
        ident=idents[0],
        at=when(head.get("commitTimestamp")),
        key=f"{key}:{idents[0]}",
        user=_client(head) or text(head.get("commitUser")),
    )
    # An update holds what was changed and nothing else.
    first = first.but(address_changed=change == "UPDATE" and first.person.email is not None)
    return list(
        added_up(_of_record(first, noun, ident, fields, key=f"{key}:{ident}") for ident in take_turns(idents, alone))
    )


def _of_record(change: Parsed, noun: str, ident: str | None, fields: Mapping[str, JsonValue], key: str) -> Parsed:
    """The same change of another record: it is read once, for a thousand records may have it."""
    references = tuple(_references(noun, ident, fields))
    return change.but(external_id=ident, references=references, dedupe_key=key)


def _idents(head: Mapping[str, JsonValue]) -> list[JsonValue]:
    """The records that one change is of: each becomes a signal of its own."""
    idents = head.get("recordIds") or []
    return idents if isinstance(idents, list) else [idents]


def _plain(value: JsonValue) -> JsonValue:
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and value.keys() <= _UNION:
        return next(iter(value.values()))
    return {name: _plain(v) for name, v in value.items()}


def _client(head: JsonObject) -> str | None:
    """The program that made the change where `changeOrigin` names one: `com/salesforce/api/soap/58.0;client=Acme`."""
    return (text(head.get("changeOrigin")) or "").partition(";client=")[2] or None


def _kind_of_change(noun: str, change: str, fields: Mapping[str, JsonValue]) -> tuple[Kind | None, Sales | None]:
    """The sales fact in a change, most telling first. A gap event says that something changed, never what."""
    owner = text(fields.get("OwnerId"))
    if change not in ("CREATE", "UPDATE"):
        return None, None
    if noun in _WORK:
        is_step = change == "CREATE" or (noun == "Task" and salesforce_activities.is_done(fields))
        return salesforce_activities.activity_of(noun, fields, owner) if is_step else (None, None)
    stage = text(fields.get("StageName")) or text(fields.get("Status")) if noun in ("Opportunity", "Lead") else None
    sales = Sales(to=stage, owner_id=owner) if stage or owner else None
    if _true(fields.get("IsConverted")):
        return Kind.SALES_CONVERTED, sales
    if noun == "Opportunity" and (ended := _closing_kind(fields)):
        return ended, sales
    if change == "UPDATE" and stage:
        return Kind.SALES_STAGE_CHANGED, sales
    if change == "UPDATE" and owner and noun in _OBJECTS:
        return Kind.SALES_OWNER_CHANGED, Sales(to=owner, owner_id=owner)
    return None, sales


# --- both
def _kind(noun: str, change: int | None) -> Kind:
    kinds = _KINDS.get(_OBJECTS.get(noun, "activity")) if noun in _OBJECTS else None
    return kinds[change] if kinds is not None and change is not None else Kind.UNCLASSIFIED


def _facts_of_record(
    noun: str,
    fields: Mapping[str, JsonValue],
    kind: Kind,
    sales: Sales | None,
    *,
    source_kind: str,
    ident: str | None,
    at: JsonValue,
    key: str,
    user: str | None,
) -> Parsed:
    parsed = Parsed(
        kind=kind,
        source_kind=source_kind,
        occurred_at=at,
        person=salesforce_activities.other_end(fields) if noun == "EmailMessage" else _person(noun, fields),
        company=Company(name=_company(noun, fields), domain=None),
        external_id=ident,
        references=tuple(_references(noun, ident, fields)),
        actor=Actor(reference=user),
        automated=noun in _WORK and salesforce_activities.is_automated(noun, fields),
        sales=sales,
        reason=text(fields.get("Loss_Reason__c")) or text(fields.get("LossReason")),
        amount=number(fields.get("Amount")),
        currency=text(fields.get("CurrencyIsoCode")),
        campaign=text(fields.get("CampaignId")),
        fields=only_known((name, text(fields.get(name))) for name in _kept_names(noun, fields)),
        dedupe_key=key,
    )
    return of_record(parsed, fields) if parsed.person.known_fields() or _OBJECTS.get(noun) == "person" else parsed


MAX_OWN = 200
"""Fields of the customer's own that are kept of one record."""


def _kept_names(noun: str, fields: Mapping[str, JsonValue]) -> Iterator[str]:
    yield from (name for name in _KEPT if noun != "Account" or name != "Name")
    yield from islice((name for name in fields if name.endswith("__c")), MAX_OWN)


def _person(noun: str, fields: Mapping[str, JsonValue]) -> Person:
    """Of a lead, a contact, a person account, or of an object of the customer's own with fields of these names."""
    fields = _supplied_fields(noun, fields)
    is_one = "PersonEmail" in fields or "PersonContactId" in fields
    if _OBJECTS.get(noun) not in ("person", None) and not is_one:
        return Person()
    plain = {name.removesuffix("__pc").removesuffix("__c").replace("_", "").casefold(): v for name, v in fields.items()}
    name = fields.get("Name")
    parts = {k.casefold(): v for k, v in name.items()} if isinstance(name, dict) else {}
    first, last = (text(parts.get(n)) or text(plain.get(n)) for n in ("firstname", "lastname"))
    whole = text(name) if noun in ("Lead", "Contact", "PersonAccount", "Case") and not (first or last) else None
    return Person(
        email=text(plain.get("email")) or text(plain.get("personemail")),
        first_name=first,
        last_name=last,
        full_name=whole,
        phone=text(plain.get("phone")) or text(plain.get("mobilephone")) or text(plain.get("personmobilephone")),
    )


def _company(noun: str, fields: Mapping[str, JsonValue]) -> str | None:
    """A field of the customer's own is named `Company__c`, on an object of their own as on one of Salesforce's."""
    if noun == "Account":
        return text(fields.get("Name"))
    fields = _supplied_fields(noun, fields)
    return text(fields.get("Company")) or text(fields.get("Company__c")) or text(fields.get("Company_Name__c"))


def _supplied_fields(noun: str, fields: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    return (
        {ours: fields[theirs] for theirs, ours in _SUPPLIED.items() if theirs in fields} if noun == "Case" else fields
    )


def _references(noun: str, ident: str | None, fields: Mapping[str, JsonValue]) -> Iterator[Reference]:
    """The record itself, then what it names, told apart by the prefixes of their ids. The organisation stays out: ids are
    unique in the world, and change events do not say whose they are."""
    seen: set[str] = set()
    own = _OBJECTS.get(noun)
    for name, value in [("Id", ident), *((name, text(fields.get(name))) for name in _NAMED)]:
        if value is None or value in seen:
            continue
        what = own if name == "Id" else _PREFIXES.get(value[:3])
        if what is not None and not value.startswith("000") and not value.endswith("*"):  # those are any record
            seen.add(value)
            yield Reference(system="salesforce", object=what, id=value)


def _true(value: JsonValue) -> bool:
    return value is True or (isinstance(value, str) and value.casefold() == "true")


ACK = (
    b'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">'
    b'<soapenv:Body><notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack>'
    b"</notificationsResponse></soapenv:Body></soapenv:Envelope>"
)
"""What an outbound message must be answered with; anything else is sent again for a day."""
