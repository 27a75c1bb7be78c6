"""Close: one event with `data` and, for what changed, `previous_data`. Its "lead" is a company; money is in cents."""

from __future__ import annotations

from schemas.json_values import JsonObject, JsonValue
from schemas.signals import Actor, Company, Kind, Object, Parsed, Person, Reference, Sales
from services.ingest.parsers.bounds.unreadable import Unreadable
from services.ingest.parsers.finishing.stated import of_record
from services.ingest.parsers.guesses.calls import call_of
from services.ingest.parsers.guesses.chain import level
from services.ingest.parsers.guesses.mail import CAME_IN
from services.ingest.parsers.reading.automation import is_set
from services.ingest.parsers.reading.firmographics import company_from
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

_RECORDS: dict[str, tuple[Object, dict[str, Kind]]] = {
    "lead": (
        "company",
        {
            "created": Kind.COMPANY_CREATED,
            "updated": Kind.COMPANY_UPDATED,
            "deleted": Kind.COMPANY_DELETED,
            "merged": Kind.SALES_MERGED,
        },
    ),
    "contact": (
        "person",
        {"created": Kind.CONTACT_CREATED, "updated": Kind.CONTACT_UPDATED, "deleted": Kind.CONTACT_DELETED},
    ),
    "opportunity": (
        "deal",
        {"created": Kind.DEAL_CREATED, "updated": Kind.DEAL_UPDATED, "deleted": Kind.DEAL_DELETED},
    ),
}
_ACTIVITY = {
    "created": Kind.ACTIVITY_CREATED,
    "updated": Kind.ACTIVITY_UPDATED,
    "deleted": Kind.ACTIVITY_DELETED,
    "sent": Kind.ACTIVITY_UPDATED,
    "completed": Kind.ACTIVITY_UPDATED,
    "answered": Kind.ACTIVITY_UPDATED,
    "scheduled": Kind.ACTIVITY_CREATED,
    "started": Kind.ACTIVITY_UPDATED,
    "canceled": Kind.ACTIVITY_UPDATED,
}
_OVER = frozenset({"completed", "sent", "done"})
_ENDED = {"won": Kind.SALES_WON, "lost": Kind.SALES_LOST}
_NOT_REACHED = frozenset({"no-answer", "busy", "failed", "canceled", "cancel", "timeout"})
_INCOMING = frozenset({"incoming", "inbound"})


def parse(body: bytes, content_type: str, headers: dict[str, str]) -> Result:
    """One event. Raises Unreadable."""
    event = as_object(as_object(read_json(body)).get("event"), "$.event")
    noun, action = text(event.get("object_type")) or "", text(event.get("action")) or ""
    family, _, what = noun.partition(".")
    if not noun or not action:
        raise Unreadable("an event has an object and an action", "$.event")
    if family not in ("lead", "contact", "opportunity", "activity", "task"):
        # Exports, fields, templates, colleagues: kept, and no lead's business.
        at, key = when(event.get("date_created")), identifier(event.get("id")) or body_key(body)
        ident = identifier(event.get("object_id"))
        return [
            Parsed(
                kind=Kind.UNCLASSIFIED,
                source_kind=f"{noun}.{action}",
                occurred_at=at,
                external_id=ident,
                dedupe_key=key,
            )
        ]
    now, before = mapping(event.get("data")), mapping(event.get("previous_data"))
    row = now or before
    kind, sales = _work(family, what, action=action, now=now, before=before)
    client = text(event.get("api_key_id")) or text(event.get("oauth_client_id"))
    incoming = kind in CAME_IN
    machine = (
        (client is not None or _bulk(row)) if not incoming else is_set(mapping(row.get("envelope")).get("is_autoreply"))
    )
    user = text(event.get("user_id"))
    parsed = Parsed(
        kind=kind,
        source_kind=f"{noun}.{action}",
        occurred_at=when(event.get("date_created")) or when(row.get("date_updated")),
        person=_person(family, row),
        company=_company(family, row),
        external_id=identifier(row.get("id")) if family == "opportunity" else _own(event, row),
        references=tuple(_references(family, event, row)),
        previous=_merged_records(event) if action == "merged" else (),
        actor=Actor()
        if incoming
        else Actor(kind="automation" if machine else "person" if user else None, reference=client or user),
        automated=machine,
        sales=sales,
        reason=text(row.get("lost_reason")),
        amount=_money(row, "value" if family == "opportunity" else "opportunity_value"),
        currency=text(row.get("value_currency")) or text(row.get("opportunity_value_currency")),
        fields=only_known((n, row.get(n)) for n in ("note", "subject", "title", "text") if text(row.get(n))),
        dedupe_key=identifier(event.get("id")) or body_key(body),
    )
    if family != "contact":
        return [parsed]
    return [of_record(parsed, row, {"previous_data": before, "changed_fields": event.get("changed_fields")})]


def _own(event: JsonObject, row: JsonObject) -> str | None:
    return identifier(event.get("object_id")) or identifier(row.get("id"))


def _work(family: str, what: str, action: str, now: JsonObject, before: JsonObject) -> tuple[Kind, Sales | None]:
    if family in _RECORDS:
        return _of_record(family, action, now, before)
    if family == "task":
        return _of_task(action, now, before)
    return _of_activity(what, action, now, before)


def _of_record(family: str, action: str, now: JsonObject, before: JsonObject) -> tuple[Kind, Sales | None]:
    """The sales fact in a change, most telling first; which status means what is the customer's own set-up."""
    plain = _RECORDS[family][1].get(action, Kind.UNCLASSIFIED)
    owner = text(now.get("user_id")) if family == "opportunity" else None
    if action != "updated" or family == "contact":
        return plain, None
    moved = Sales(from_=_status(before), to=_status(now), owner_id=owner)
    ended = _ENDED.get(text(now.get("status_type")) or "")
    if ended is not None and "status_type" in before:
        return ended, moved
    if "status_id" in before or "status_label" in before:
        return Kind.SALES_STAGE_CHANGED, moved
    if family == "opportunity" and "user_id" in before:
        return Kind.SALES_OWNER_CHANGED, Sales(from_=text(before.get("user_id")), to=owner, owner_id=owner)
    return plain, None


def _status(row: JsonObject, which: str = "") -> str | None:
    """As people call it, or its id where that is all; in two fields or as an object of its own."""
    whole = mapping(row.get(f"{which}status"))
    name = text(row.get(f"{which}status_label")) or text(row.get(f"{which}status_id"))
    return name or text(whole.get("label")) or text(whole.get("id"))


def _of_status(what: str, action: str, now: JsonObject, owner: str | None) -> tuple[Kind, Sales | None]:
    """Close writes each change of a status into the history as an activity."""
    if action != "created":
        return _ACTIVITY.get(action, Kind.UNCLASSIFIED), None
    became = text(now.get("new_status_type")) or text(mapping(now.get("new_status")).get("type"))
    ended = _ENDED.get(became or "") if what.startswith("opportunity") else None
    moved = Sales(from_=_status(now, "old_"), to=_status(now, "new_"), owner_id=owner)
    return ended or Kind.SALES_STAGE_CHANGED, moved


def _of_task(action: str, now: JsonObject, before: JsonObject) -> tuple[Kind, Sales | None]:
    owner, done = text(now.get("assigned_to")), bool(now.get("is_complete"))
    if done and (action == "completed" or before.get("is_complete") is False or action == "created"):
        changed = {"from_": "done=false", "to": "done=true"} if before.get("is_complete") is False else {}
        return Kind.SALES_FOLLOW_UP, Sales(owner_id=owner, activity_type="task", done=True, **changed)
    if action == "created":
        return Kind.SALES_TASK_OPEN, Sales(owner_id=owner, activity_type="task", done=False)
    return _ACTIVITY.get(action, Kind.UNCLASSIFIED), None


def _of_activity(what: str, action: str, now: JsonObject, before: JsonObject) -> tuple[Kind, Sales | None]:
    owner, status = text(now.get("user_id")), text(now.get("status")) or ""
    plain = Kind.NOTE_ADDED if (what, action) == ("note", "created") else _ACTIVITY.get(action, Kind.UNCLASSIFIED)
    if what == "task_completed" and action == "created":
        return Kind.SALES_FOLLOW_UP, Sales(owner_id=owner, activity_type="task", done=True)
    if what in ("lead_status_change", "opportunity_status_change"):
        return _of_status(what, action, now, owner)
    if what == "meeting":
        return _of_meeting(action, status, owner=owner, before=before, plain=plain)
    new = action in ("created", "sent", "completed") or "status" in before
    if what not in ("call", "email", "sms", "whatsapp_message") or not new or action == "deleted":
        return plain, None
    if text(now.get("direction")) in _INCOMING or status == "inbox":
        kinds = {"call": Kind.CALL_RECEIVED, "email": Kind.EMAIL_REPLIED}
        return kinds.get(what, Kind.MESSAGE_RECEIVED), Sales(owner_id=owner, activity_type=what, done=True)
    if what == "call":
        return _of_call(now, status, owner, plain)
    if status in _OVER:
        return Kind.SALES_FOLLOW_UP, Sales(owner_id=owner, activity_type=what, done=True)
    return plain, None


def _of_call(now: JsonObject, status: str, owner: str | None, plain: Kind) -> tuple[Kind, Sales | None]:
    """A call of ours that is over: a conversation, or a try. One that nobody says anything of was logged by hand as done."""
    went = call_of([level(now)])
    if went.connected is False or status in _NOT_REACHED:
        return Kind.OUTREACH_LOGGED, Sales(to=went.outcome or status, owner_id=owner, activity_type="call")
    if status in _OVER:
        return Kind.SALES_FOLLOW_UP, Sales(owner_id=owner, activity_type="call", done=True)
    return plain, None


def _of_meeting(
    action: str, status: str, owner: str | None, before: JsonObject, plain: Kind
) -> tuple[Kind, Sales | None]:
    sales = Sales(from_=text(before.get("status")), to=status or None, owner_id=owner, activity_type="meeting")
    if action == "canceled" or status in ("canceled", "declined-by-lead", "declined-by-org"):
        return Kind.SALES_MEETING_CANCELLED, sales
    if status == "completed":
        return Kind.SALES_MEETING_HELD, sales
    if action in ("created", "scheduled"):
        return Kind.SALES_MEETING_BOOKED, sales
    return plain, None


def _bulk(row: JsonObject) -> bool:
    """Mail of a sequence or a bulk action is sent by nobody."""
    return any(text(row.get(name)) for name in ("bulk_email_action_id", "sequence_id", "sequence_subscription_id"))


def _person(family: str, row: JsonObject) -> Person:
    if family == "contact":
        return Person(
            email=_first(row.get("emails"), "email"),
            full_name=text(row.get("name")) or text(row.get("display_name")),
            phone=_first(row.get("phones"), "phone"),
        )
    incoming = text(row.get("direction")) in _INCOMING
    to = row.get("to")
    party = row.get("sender") if incoming else to[0] if isinstance(to, list) and to else to
    attendee = _attendee(row)
    return Person(
        email=_address(party) or text(attendee.get("email")),
        full_name=text(row.get("contact_name")) or text(attendee.get("name")),
        phone=text(row.get("remote_phone")) or (text(row.get("phone")) if family == "activity" else None),
    )


def _attendee(row: JsonObject) -> JsonObject:
    """The one a meeting is with: the first of the attendees that is a contact and no colleague."""
    rows = row.get("attendees")
    named = (mapping(r) for r in rows) if isinstance(rows, list) else iter(())
    return next((r for r in named if identifier(r.get("contact_id"))), {})


def _address(value: JsonValue) -> str | None:
    """`Name <address>` or the address."""
    address = (text(value) or "").rpartition("<")[2].rstrip("> ")
    return address if "@" in address else None


def _first(rows: JsonValue, name: str) -> str | None:
    values = (text(mapping(row).get(name)) for row in rows) if isinstance(rows, list) else iter(())
    return next((value for value in values if value is not None), None)


def _company(family: str, row: JsonObject) -> Company:
    own = text(row.get("name")) or text(row.get("display_name")) if family == "lead" else None
    custom = {**mapping(row.get("custom")), **{n: v for n, v in row.items() if n.startswith("custom.")}}
    facts = {**custom, **_first_of(row)} if family in ("lead", "contact") else {}
    return company_from(facts, own or text(row.get("lead_name")))


def _first_of(row: JsonObject) -> JsonObject:
    """The web site and the first address: of a lead, which is a company, or of a contact."""
    addresses, urls = row.get("addresses"), row.get("urls")
    site = text(row.get("url")) or (text(mapping(urls[0]).get("url")) if isinstance(urls, list) and urls else None)
    where = addresses[0] if isinstance(addresses, list) and addresses else None
    return {"website": site, "address": where}


def _references(family: str, event: JsonObject, row: JsonObject) -> list[Reference]:
    account = identifier(event.get("organization_id"))
    kind: Object = _RECORDS[family][0] if family in _RECORDS else "activity"
    own = identifier(row.get("id")) if family == "opportunity" else None
    lead = identifier(event.get("lead_id")) or identifier(row.get("lead_id"))
    named: list[tuple[Object, str | None]] = [
        (kind, own or _own(event, row)),
        ("person", identifier(row.get("contact_id")) or identifier(_attendee(row).get("contact_id"))),
        ("deal", identifier(row.get("opportunity_id"))),
        ("company", lead),
    ]
    references = [Reference(system="close", account=account, object=o, id=i) for o, i in named if i is not None]
    return list(dict.fromkeys(references))


def _merged_records(event: JsonObject) -> tuple[Reference, ...]:
    source = text(mapping(event.get("meta")).get("merge_source_lead_id"))
    account = identifier(event.get("organization_id"))
    return (Reference(system="close", account=account, object="company", id=source),) if source else ()


def _money(row: JsonObject, name: str) -> float | None:
    cents = number(row.get(name))
    return None if cents is None else cents / 100
