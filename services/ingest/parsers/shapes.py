"""Shapes of platforms without a kind of their own whose bodies say more than guesses can tell: recognised by their keys."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from schemas.signals import Actor, Company, Kind, Object, Parsed, Person, Reference, Sales
from services.ingest.parsers.answers import rows
from services.ingest.parsers.reading import (
    Result,
    body_key,
    bounded,
    each,
    mapping,
    number,
    only_known,
    person_facts,
    text,
    when,
)
from services.ingest.parsers.tree import nodes, person_in
from services.ingest.parsers.words import kind_of


def read(whole: dict[str, Any], body: bytes) -> Result | None:
    """The signals of a known shape; None for any other."""
    for fits, parse in _SHAPES:
        if fits(whole):
            return parse(whole, body)
    return None


# Cal.com: a booking whose attendee is the lead and whose organizer is ours; MEETING_ENDED has no envelope.

_BOOKINGS: dict[str, Kind] = {
    "BOOKING_CREATED": Kind.SALES_MEETING_BOOKED,
    "BOOKING_REQUESTED": Kind.ACTIVITY_CREATED,
    "BOOKING_RESCHEDULED": Kind.ACTIVITY_UPDATED,
    "BOOKING_CANCELLED": Kind.SALES_MEETING_CANCELLED,
    "BOOKING_REJECTED": Kind.SALES_MEETING_CANCELLED,
    "BOOKING_REASSIGNED": Kind.SALES_OWNER_CHANGED,
    "MEETING_ENDED": Kind.SALES_MEETING_HELD,
    "FORM_SUBMITTED": Kind.FORM_SUBMITTED,
}


def _calcom(whole: dict[str, Any], body: bytes) -> Result:
    word = text(whole.get("triggerEvent")) or ""
    payload = mapping(whole.get("payload")) or whole
    facts, _ = person_in(nodes(payload))
    organizer = mapping(payload.get("organizer"))
    owner = text(organizer.get("id")) or text(payload.get("userId"))
    kind, sales, booking = (
        _BOOKINGS.get(word, Kind.UNCLASSIFIED),
        None,
        text(payload.get("bookingId")) or text(payload.get("id")),
    )
    if kind is Kind.SALES_OWNER_CHANGED:
        added, removed = (_only(payload.get(name)) for name in ("addedHostUserIds", "removedHostUserIds"))
        sales = Sales(from_=removed, to=added or owner, owner_id=added or owner, activity_type="booking")
    elif kind.startswith("sales."):
        ended = kind is Kind.SALES_MEETING_HELD
        sales = Sales(to=text(payload.get("status")), owner_id=owner, activity_type="meeting" if ended else "booking")
    ident = text(payload.get("uid")) or text(payload.get("bookingUid")) or booking
    reasons = ("rejectionReason", "cancellationReason", "rescheduleReason", "reassignReason")
    # The docs: MEETING_ENDED is fired at the scheduled end, by the clock; nobody said that the meeting was held.
    ended_at = when(payload.get("endTime")) if kind is Kind.SALES_MEETING_HELD else when(whole.get("createdAt"))
    return [
        Parsed(
            kind=kind,
            source_kind=word,
            occurred_at=ended_at,
            mode="test" if word == "PING" or text(payload.get("type")) == "Test" else "live",
            person=Person(**{name: facts.get(name) for name in Person.model_fields}),
            company=Company(name=facts.get("company")),
            language=text(mapping(_attendee(payload).get("language")).get("locale")),
            external_id=ident,
            references=(Reference(system="calcom", object="activity", id=booking),) if booking else (),
            automated=kind is Kind.SALES_MEETING_HELD,
            sales=sales,
            reason=next((said for name in reasons if (said := text(payload.get(name)))), None),
            fields=only_known((n, text(payload.get(n))) for n in ("title", "startTime", "endTime", "additionalNotes")),
            dedupe_key=body_key(body),
        )
    ]


def _attendee(payload: dict[str, Any]) -> dict[str, Any]:
    rows = payload.get("attendees")
    return mapping(rows[0]) if isinstance(rows, list) and rows else {}


def _only(value: Any) -> str | None:
    return text(value[0]) if isinstance(value, list) and value else None


# amoCRM / Kommo: urlencoded, objects by what happened to them; a `lead` is a deal; 142 is won and 143 lost everywhere.

_AMO: dict[str, Object] = {
    "leads": "deal",
    "contacts": "person",
    "companies": "company",
    "task": "activity",
    "customers": "company",
}
_AMO_KINDS: dict[tuple[str, str], Kind] = {
    ("leads", "add"): Kind.DEAL_CREATED,
    ("leads", "update"): Kind.DEAL_UPDATED,
    ("leads", "delete"): Kind.DEAL_DELETED,
    ("leads", "status"): Kind.SALES_STAGE_CHANGED,
    ("leads", "responsible"): Kind.SALES_OWNER_CHANGED,
    ("contacts", "add"): Kind.CONTACT_CREATED,
    ("contacts", "update"): Kind.CONTACT_UPDATED,
    ("contacts", "delete"): Kind.CONTACT_DELETED,
    ("contacts", "responsible"): Kind.SALES_OWNER_CHANGED,
    ("companies", "add"): Kind.COMPANY_CREATED,
    ("companies", "update"): Kind.COMPANY_UPDATED,
    ("companies", "delete"): Kind.COMPANY_DELETED,
    ("task", "add"): Kind.SALES_TASK_OPEN,
    ("task", "update"): Kind.ACTIVITY_UPDATED,
    ("task", "delete"): Kind.ACTIVITY_DELETED,
    ("message", "add"): Kind.MESSAGE_RECEIVED,
}
_CLOSED = {"142": Kind.SALES_WON, "143": Kind.SALES_LOST}


def _is_amo(whole: dict[str, Any]) -> bool:
    return "subdomain" in mapping(whole.get("account")) and bool(
        whole.keys() & {*_AMO, "message", "unsorted", "talk", "note"}
    )


def _amo(whole: dict[str, Any], body: bytes) -> Result:
    account = text(mapping(whole.get("account")).get("subdomain"))
    found = bounded(list(_amo_rows(whole)))
    kinds = [row[0] for row in found]
    return each(
        [(where, row) for _, where, row in found], lambda row, _, i: _amo_one(kinds[i], row, account, body_key(body, i))
    )


def _amo_rows(whole: dict[str, Any]) -> Iterator[tuple[tuple[str, str], str, Any]]:
    for noun, verbs in whole.items():
        if noun == "account":
            continue
        for verb, held in mapping(verbs).items():
            for i, row in enumerate(held if isinstance(held, list) else mapping(held).values()):
                yield (noun, verb), f"$.{noun}.{verb}[{i}]", mapping(row).get("note", row) if verb == "note" else row


def _amo_one(what: tuple[str, str], row: dict[str, Any], account: str | None, key: str) -> Parsed:
    noun, verb = what
    kind = Kind.NOTE_ADDED if verb == "note" else _AMO_KINDS.get((noun, verb), Kind.UNCLASSIFIED)
    if noun == "contacts" and text(row.get("type")) == "company":
        noun, kind = "companies", _AMO_KINDS.get(("companies", verb), kind)
    status, owner = text(row.get("status_id")), text(row.get("responsible_user_id"))
    sales: Sales | None = None
    if kind is Kind.SALES_STAGE_CHANGED or (
        kind is Kind.DEAL_UPDATED and row.get("old_status_id") not in (None, status)
    ):
        kind, sales = (
            _CLOSED.get(status or "", Kind.SALES_STAGE_CHANGED),
            Sales(from_=text(row.get("old_status_id")), to=status, owner_id=owner),
        )
    elif kind is Kind.SALES_OWNER_CHANGED:
        before = text(row.get("old_responsible_user_id")) or text(row.get("responsible_user_id_old"))
        sales = Sales(from_=before, to=owner, owner_id=owner)
    elif noun == "task":
        done = (
            text(row.get("is_completed")) == "1"
            or text(row.get("status")) == "1"
            or row.get("action_close") not in (None, "")
        )
        kind = Kind.SALES_FOLLOW_UP if done and verb == "update" else kind
        sales = Sales(
            activity_type=text(row.get("task_type")) or text(row.get("task_type_id")), done=done, owner_id=owner
        )
    elif owner:
        sales = Sales(owner_id=owner) if noun == "leads" else None
    answers = {**rows(row.get("custom_fields")), **rows(row.get("custom_fields_values"))}
    told, rest = person_facts({**answers, **{_code(f): v for f, v in _coded(row) if _code(f)}})
    ident, person = text(row.get("id")) or text(row.get("uid")) or text(row.get("element_id")), noun == "contacts"
    author = mapping(row.get("author"))
    name = (
        text(row.get("name"))
        if person
        else text(author.get("name"))
        if text(author.get("type")) != "internal"
        else None
    )
    return Parsed(
        kind=kind,
        source_kind=f"{noun}.{verb}",
        occurred_at=when(row.get("last_modified")) or when(row.get("updated_at")) or when(row.get("created_at")) or when(row.get("date_create")),
        person=Person(full_name=name, email=told.get("email"), phone=told.get("phone")),
        company=Company(name=text(row.get("name")) if noun == "companies" else text(row.get("company_name"))),
        external_id=ident,
        references=_amo_references(noun, ident, row, account),
        actor=Actor(reference=text(row.get("modified_user_id"))),
        sales=sales,
        amount=number(row.get("price")) if noun == "leads" else None,
        reason=text(row.get("loss_reason_id")),
        tags=tuple(t for t in (text(mapping(tag).get("name")) for tag in row.get("tags") or [] if isinstance(tag, dict)) if t),
        fields=only_known(rest.items()),
        dedupe_key=key,
    )  # fmt: skip


def _coded(row: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Any]]:
    for field in row.get("custom_fields") or row.get("custom_fields_values") or []:
        values = mapping(field).get("values")
        if isinstance(values, list) and values:
            yield mapping(field), mapping(values[0]).get("value") if isinstance(values[0], dict) else values[0]


def _code(field: dict[str, Any]) -> str:
    code = text(field.get("code")) or text(field.get("field_code")) or ""
    return code.lower() if code in ("EMAIL", "PHONE") else ""


_AMO_ELEMENTS: dict[str, Object] = {"1": "person", "2": "deal", "3": "company"}


def _amo_references(noun: str, ident: str | None, row: dict[str, Any], account: str | None) -> tuple[Reference, ...]:
    found = [Reference(system="amocrm", account=account, object=_AMO[noun], id=ident)] if ident and noun in _AMO else []
    target = text(row.get("element_id"))
    other = _AMO_ELEMENTS.get(text(row.get("element_type")) or "")
    if target and other and noun == "task":
        found.append(Reference(system="amocrm", account=account, object=other, id=target))
    return tuple(found)


# Bitrix24: an event and an id; `auth` holds the portal's token and ends here.

_BITRIX = re.compile(r"ONCRM(LEAD|DEAL|CONTACT|COMPANY|ACTIVITY)(ADD|UPDATE|DELETE)")
_BITRIX_OBJECTS: dict[str, Object] = {
    "LEAD": "person",
    "DEAL": "deal",
    "CONTACT": "person",
    "COMPANY": "company",
    "ACTIVITY": "activity",
}


def _bitrix(whole: dict[str, Any], body: bytes) -> Result:
    word, data = text(whole.get("event")) or "", mapping(whole.get("data"))
    fields = mapping(data.get("FIELDS")) or mapping(data.get("FIELDS_AFTER")) or mapping(data.get("FIELDS_BEFORE"))
    ident, match = text(fields.get("ID")), _BITRIX.fullmatch(word.upper())
    domain = text(mapping(whole.get("auth")).get("domain"))
    what = _BITRIX_OBJECTS.get(match[1]) if match else None
    return [
        Parsed(
            kind=kind_of(word.lower()),
            source_kind=word,
            occurred_at=when(whole.get("ts")),
            external_id=ident,
            references=(Reference(system="bitrix24", account=domain, object=what, id=ident),) if what and ident else (),
            dedupe_key=f"{word}:{ident}:{text(whole.get('ts'))}" if whole.get("ts") else body_key(body),
        )
    ]


# Attio: thin events with typed ids and the actor.

_ATTIO = ("record_id", "entry_id", "note_id", "task_id", "comment_id", "thread_id", "call_recording_id", "activity_id", "list_id",
          "workspace_member_id", "object_id", "attribute_id")  # fmt: skip
_ATTIO_KINDS = {
    "record.merged": Kind.SALES_MERGED,
    "note.created": Kind.NOTE_ADDED,
    "task.created": Kind.SALES_TASK_OPEN,
}


def _attio(whole: dict[str, Any], body: bytes) -> Result:
    listed = [(f"$.events[{i}]", row) for i, row in enumerate(bounded(whole["events"]))]
    return each(listed, lambda row, _, i: _attio_one(row, body_key(body, i)))


def _attio_one(event: dict[str, Any], key: str) -> Parsed:
    word, ids, actor = text(event.get("event_type")) or "", mapping(event.get("id")), mapping(event.get("actor"))
    noun = word.partition(".")[0].replace("-", "_")
    names = (f"{noun.replace('list_entry', 'entry')}_id", *_ATTIO)
    ident = next((said for name in names if (said := text(ids.get(name)))), None)
    person = text(actor.get("type")) == "workspace-member"
    merged = text(event.get("duplicate_record_id"))
    return Parsed(
        kind=_ATTIO_KINDS.get(word, Kind.UNCLASSIFIED),
        source_kind=word,
        external_id=ident,
        previous=(Reference(system="attio", object="person", id=merged),) if merged else (),
        actor=Actor(kind="person" if person else "automation" if actor else None, reference=text(actor.get("id"))),
        automated=bool(actor) and not person,
        fields=only_known((n, text(v)) for n, v in {**ids, "parent_record_id": event.get("parent_record_id")}.items()),
        dedupe_key=key,
    )


# Copper: ids of one type with what changed as [old, new]; a task that becomes completed is a follow-up.

_COPPER: dict[str, Object] = {
    "lead": "person",
    "person": "person",
    "company": "company",
    "opportunity": "deal",
    "task": "activity",
    "activity_log": "activity",
}


def _is_copper(whole: dict[str, Any]) -> bool:
    return isinstance(whole.get("ids"), list) and "event" in whole and "type" in whole


def _copper(whole: dict[str, Any], body: bytes) -> Result:
    ids = bounded(whole["ids"])
    return [_copper_one(whole, text(ident), body_key(body, i)) for i, ident in enumerate(ids)]


def _copper_one(whole: dict[str, Any], ident: str | None, key: str) -> Parsed:
    noun, verb = text(whole.get("type")) or "", text(whole.get("event")) or ""
    changed = {n: v for n, v in mapping(whole.get("updated_attributes")).items() if isinstance(v, list) and len(v) == 2}
    kind, sales = _copper_sales(noun, verb, changed)
    what = _COPPER.get(noun)
    return Parsed(
        kind=kind,
        source_kind=f"{noun}.{verb}",
        occurred_at=when(whole.get("timestamp")),
        external_id=ident,
        references=(Reference(system="copper", object=what, id=ident),) if what and ident else (),
        sales=sales,
        amount=number(changed["monetary_value"][1]) if "monetary_value" in changed else None,
        reason=text(changed["loss_reason_id"][1]) if "loss_reason_id" in changed else None,
        fields=only_known((n, text(v[1])) for n, v in changed.items()),
        dedupe_key=key,
    )


def _copper_sales(noun: str, verb: str, changed: dict[str, list[Any]]) -> tuple[Kind, Sales | None]:
    def step(name: str) -> Sales:
        return Sales(from_=text(changed[name][0]), to=text(changed[name][1]))

    status = (text(changed["status"][1]) or "").casefold() if "status" in changed else ""
    if noun == "opportunity" and status in ("won", "lost"):
        return (Kind.SALES_WON if status == "won" else Kind.SALES_LOST), step("status")
    if noun == "task" and status == "completed":
        return Kind.SALES_FOLLOW_UP, step("status").model_copy(update={"done": True, "activity_type": "task"})
    for name in ("pipeline_stage_id", "stage_id", "status_id", "status"):
        if name in changed and noun in ("opportunity", "lead"):
            return Kind.SALES_STAGE_CHANGED, step(name)
    if "assignee_id" in changed:
        return Kind.SALES_OWNER_CHANGED, step("assignee_id").model_copy(
            update={"owner_id": text(changed["assignee_id"][1])}
        )
    verbs = {"new": "created", "update": "updated", "delete": "deleted"}
    return kind_of(f"{noun.replace('activity_log', 'activity')} {verbs.get(verb, verb)}"), None


# Zoho: ids of one module and what was done to them.


def _zoho(whole: dict[str, Any], body: bytes) -> Result:
    module, verb = text(whole.get("module")) or "", (text(whole.get("operation")) or "").casefold()
    word = f"{module.removesuffix('s')} {verb}"
    return [
        Parsed(
            kind=kind_of(word),
            source_kind=f"{module}.{verb}",
            occurred_at=when(whole.get("server_time")),
            external_id=text(ident),
            dedupe_key=body_key(body, i),
        )
        for i, ident in enumerate(bounded(whole["ids"]))
    ]


# Twilio: a message or a call, by the number that it is from.


def _twilio(whole: dict[str, Any], body: bytes) -> Result:
    ident = text(whole.get("MessageSid")) or text(whole.get("SmsSid")) or text(whole.get("CallSid"))
    inbound = (text(whole.get("Direction")) or "inbound").startswith("inbound") and "MessageStatus" not in whole
    kind = Kind.CALL_RECEIVED if "CallSid" in whole else Kind.MESSAGE_RECEIVED
    number = text(whole.get("From" if inbound else "To"))
    return [
        Parsed(
            kind=kind if inbound else Kind.OUTREACH_LOGGED,
            source_kind=text(whole.get("MessageStatus"))
            or text(whole.get("CallStatus"))
            or text(whole.get("SmsStatus")),
            person=Person(phone=(number or "").removeprefix("whatsapp:") or None),
            external_id=ident,
            automated=not inbound,
            fields=only_known((name, text(whole.get(name))) for name in ("Body", "NumMedia")),
            dedupe_key=f"{ident}:{text(whole.get('MessageStatus')) or text(whole.get('CallStatus')) or ''}",
        )
    ]


_SHAPES: tuple[tuple[Callable[[dict[str, Any]], bool], Callable[[dict[str, Any], bytes], Result]], ...] = (
    (lambda w: isinstance(w.get("triggerEvent"), str), _calcom),
    (_is_amo, _amo),
    (lambda w: (text(w.get("event")) or "").upper().startswith(("ONCRM", "ONTASK")) and "data" in w, _bitrix),
    (lambda w: "webhook_id" in w and isinstance(w.get("events"), list), _attio),
    (_is_copper, _copper),
    (lambda w: isinstance(w.get("ids"), list) and "module" in w and "operation" in w, _zoho),
    (lambda w: bool(w.keys() & {"MessageSid", "CallSid", "SmsSid"}) and "From" in w, _twilio),
)
