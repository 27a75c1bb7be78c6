"""ActiveCampaign: urlencoded hooks of lists, contacts, campaigns and deals, and the webhook of an automation, which names
neither its type nor a time."""

from __future__ import annotations

from typing import Literal

from schemas.json_values import JsonObject
from schemas.signals import Actor, Company, Kind, Object, Parsed, Person, Reference, Sales
from services.ingest.parsers.bounds.unreadable import Unreadable
from services.ingest.parsers.finishing.stated import of_record
from services.ingest.parsers.reading.bodies import object_of
from services.ingest.parsers.reading.identifiers import identifier
from services.ingest.parsers.reading.safely import Result, body_key, mapping, number, only_known, text, when

_KINDS: dict[str, Kind] = {
    "subscribe": Kind.LIST_SUBSCRIBED,
    "unsubscribe": Kind.LIST_UNSUBSCRIBED,
    "contact_add": Kind.CONTACT_CREATED,
    "contact_update": Kind.CONTACT_UPDATED,
    "update": Kind.CONTACT_UPDATED,
    "contact_delete": Kind.CONTACT_DELETED,
    "contact_tag_added": Kind.TAG_ADDED,
    "contact_tag_removed": Kind.TAG_REMOVED,
    "sent": Kind.EMAIL_SENT,
    "open": Kind.EMAIL_OPENED,
    "click": Kind.EMAIL_CLICKED,
    "reply": Kind.EMAIL_REPLIED,
    "bounce": Kind.EMAIL_BOUNCED,
    "sms_reply": Kind.MESSAGE_RECEIVED,
    "sms_sent": Kind.OUTREACH_LOGGED,
    "sms_unsub": Kind.LIST_UNSUBSCRIBED,
    "subscriber_note": Kind.NOTE_ADDED,
    "contact_note_add": Kind.NOTE_ADDED,
    "deal_note_add": Kind.NOTE_ADDED,
    "contact_task_add": Kind.SALES_TASK_OPEN,
    "contact_task_complete": Kind.SALES_FOLLOW_UP,
    "deal_task_add": Kind.SALES_TASK_OPEN,
    "deal_task_complete": Kind.SALES_FOLLOW_UP,
    "deal_add": Kind.DEAL_CREATED,
    "deal_update": Kind.DEAL_UPDATED,
    "deal_delete": Kind.DEAL_DELETED,
    "account_add": Kind.COMPANY_CREATED,
    "account_update": Kind.COMPANY_UPDATED,
    "account_delete": Kind.COMPANY_DELETED,
}
_CLOSED = {"1": Kind.SALES_WON, "won": Kind.SALES_WON, "2": Kind.SALES_LOST, "lost": Kind.SALES_LOST}


def parse(body: bytes, content_type: str, headers: dict[str, str]) -> Result:
    """One event. Raises Unreadable."""
    event = object_of(body, content_type)
    contact, deal = mapping(event.get("contact")), mapping(event.get("deal"))
    event_type = text(event.get("type"))
    if not contact and not deal and event_type is None:
        raise Unreadable("neither a type, a contact nor a deal")
    kind, sales = _kind(event_type, event, deal)
    ident, deal_id = identifier(contact.get("id")) or identifier(deal.get("contactid")), identifier(deal.get("id"))
    about_deal = bool(deal) and (event_type or "").startswith("deal")
    campaign = mapping(event.get("campaign"))
    parsed = Parsed(
        kind=kind,
        source_kind=event_type or "automation",
        occurred_at=when(event.get("date_time")),
        person=_person(contact, deal),
        company=Company(name=_company(event, contact, deal)),
        external_id=_task(event) or (deal_id if about_deal else ident or text(mapping(event.get("account")).get("id"))),
        references=_references(ident, deal_id, event, deal),
        actor=_actor(event),
        automated=event_type in ("sent", "sms_sent")
        or (text(event.get("initiated_by")) or "") in ("system", "automation"),
        sales=sales,
        reason=text(deal.get("lost_reason")),
        amount=_amount(deal),
        currency=(text(deal.get("currency")) or "").upper() or None,
        form_id=text(mapping(event.get("form")).get("id")),
        campaign=text(campaign.get("name")),
        tags=_tags(event, contact),
        fields=only_known({**mapping(contact.get("fields")), **_extra(event)}.items()),
        dedupe_key=_key(body, event, ident),
    )
    changed = event.get("updated_fields")
    rows = list(changed.values()) if isinstance(changed, dict) else changed
    return [of_record(parsed, contact, {"updated_fields": rows})]


def _task(event: JsonObject) -> str | None:
    return text((mapping(event.get("task")) or mapping(event.get("deal_task"))).get("id"))


def _company(event: JsonObject, contact: JsonObject, deal: JsonObject) -> str | None:
    named = (
        contact.get("orgname"),
        contact.get("customer_acct_name"),
        deal.get("orgname"),
        mapping(event.get("account")).get("name"),
    )
    return next((value for name in named if (value := text(name))), None)


def _amount(deal: JsonObject) -> float | None:
    """`value` is written for people: 45,600.00."""
    return number(deal.get("value_raw") or (text(deal.get("value")) or "").replace(",", ""))


def _person(contact: JsonObject, deal: JsonObject) -> Person:
    return Person(
        email=text(contact.get("email")) or text(deal.get("contact_email")),
        first_name=text(contact.get("first_name")) or text(deal.get("contact_firstname")),
        last_name=text(contact.get("last_name")) or text(deal.get("contact_lastname")),
        phone=text(contact.get("phone")),
    )


def _kind(event_type: str | None, event: JsonObject, deal: JsonObject) -> tuple[Kind, Sales | None]:
    """A deal's update is what its changed fields say; without them a closed one is won or lost, and no more is known."""
    kind = _KINDS.get(event_type or "", Kind.UNCLASSIFIED if event_type else Kind.CONTACT_UPDATED)
    task = mapping(event.get("task")) or mapping(event.get("deal_task"))
    if kind in (Kind.SALES_TASK_OPEN, Kind.SALES_FOLLOW_UP):
        name = text(task.get("type_title")) or text(task.get("type"))
        return kind, Sales(activity_type=name, done=kind is Kind.SALES_FOLLOW_UP, owner_id=text(deal.get("owner")))
    if event_type != "deal_update":
        return kind, None
    changed = event.get("updated_fields")
    names = {
        text(name)
        for name in (
            changed.values() if isinstance(changed, dict) else changed if isinstance(changed, list) else [changed]
        )
    } - {None}
    status, stage, owner = (text(deal.get(n)) for n in ("status", "stageid", "owner"))
    if (closed := _CLOSED.get((status or "").casefold())) and (not names or "status" in names):
        return closed, Sales(to=status, owner_id=owner)
    if names & {"stage", "stageid", "d_stageid"}:
        return Kind.SALES_STAGE_CHANGED, Sales(to=stage, owner_id=owner)
    if names & {"owner", "d_ownerid"}:
        return Kind.SALES_OWNER_CHANGED, Sales(to=owner, owner_id=owner)
    return kind, Sales(to=stage, owner_id=owner)


def _references(ident: str | None, deal_id: str | None, event: JsonObject, deal: JsonObject) -> tuple[Reference, ...]:
    account = identifier(mapping(event.get("account")).get("id")) or identifier(deal.get("orgid"))
    task = _task(event)
    named: list[tuple[Object, str | None]] = [
        ("person", ident),
        ("deal", deal_id),
        ("company", account),
        ("activity", task),
    ]
    return tuple(Reference(system="activecampaign", object=what, id=i) for what, i in named if i and i != "0")


def _actor(event: JsonObject) -> Actor:
    by = text(event.get("initiated_by"))
    kinds: dict[str, Literal["person", "automation", "system"]] = {
        "admin": "person",
        "contact": "person",
        "public": "person",
        "system": "system",
        "automation": "automation",
        "api": "automation",
    }
    return Actor(kind=kinds.get(by or ""))


def _tags(event: JsonObject, contact: JsonObject) -> tuple[str, ...]:
    one = text(event.get("tag"))
    return (one,) if one else tuple(t.strip() for t in (text(contact.get("tags")) or "").split(",") if t.strip())


def _extra(event: JsonObject) -> JsonObject:
    link = mapping(event.get("link"))
    return {"list": event.get("list"), "link": link.get("url"), "seriesid": event.get("seriesid")}


def _key(body: bytes, event: JsonObject, ident: str | None) -> str:
    """An automation names itself and the contact, and says no more of which pass it was."""
    series = identifier(event.get("seriesid"))
    return body_key(f"{series}:{ident}".encode()) if series and ident and "type" not in event else body_key(body)
