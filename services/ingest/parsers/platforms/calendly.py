"""Calendly: an invitee who booked, cancelled or moved a meeting (a cancelled half and a created half), or a routing form."""

from __future__ import annotations

from schemas.json_values import JsonObject
from schemas.signals import Actor, Kind, Reference, Sales
from services.ingest.parsers.bounds.unreadable import Unreadable
from services.ingest.parsers.reading.answers import filled_in
from services.ingest.parsers.reading.identifiers import identifier
from services.ingest.parsers.reading.safely import Result, as_object, body_key, mapping, read_json, text, when

_KINDS: dict[str, Kind] = {
    "invitee.created": Kind.SALES_MEETING_BOOKED,
    "invitee.canceled": Kind.SALES_MEETING_CANCELLED,
    "invitee_no_show.created": Kind.ACTIVITY_UPDATED,
    "invitee_no_show.deleted": Kind.ACTIVITY_UPDATED,
    "routing_form_submission.created": Kind.FORM_SUBMITTED,
}


def parse(body: bytes, content_type: str, headers: dict[str, str]) -> Result:
    """One event. Raises Unreadable."""
    event = as_object(read_json(body))
    event_name, payload = text(event.get("event")), as_object(event.get("payload"), "$.payload")
    if event_name is None:
        raise Unreadable("a delivery names its event", "$.event")
    # The shape of version 1 has the invitee as an object of its own.
    invitee = {**payload, **mapping(payload.get("invitee"))}
    booked = identifier(payload.get("invitee"))  # who did not show up is named by the booking alone
    person = _PERSON if event_name.startswith(("invitee", "routing_form")) else {}
    uri = identifier(invitee.get("uri")) or identifier(invitee.get("uuid"))
    moved = invitee.get("rescheduled") is True
    cancelled = mapping(invitee.get("cancellation"))
    at = text(event.get("created_at")) or text(event.get("time"))
    return [
        filled_in(
            _questions(payload),
            {name: text(invitee.get(source)) for name, source in person.items()},
            kind=Kind.ACTIVITY_UPDATED
            if moved and event_name == "invitee.canceled"
            else _KINDS.get(event_name, Kind.UNCLASSIFIED),
            source_kind=event_name,
            occurred_at=when(event.get("created_at")) or when(event.get("time")),
            external_id=uri,
            references=_activities(booked or uri),
            previous=_activities(identifier(payload.get("old_invitee"))),
            actor=Actor(kind="person") if cancelled else Actor(),
            sales=_sales(event_name, invitee, payload),
            reason=text(cancelled.get("reason")),
            **_tracking(payload),
            form_id=text(payload.get("routing_form"))
            or text(mapping(payload.get("scheduled_event")).get("event_type")),
            dedupe_key=f"{event_name}:{uri}:{at}" if uri and at else body_key(body),
        )
    ]


_PERSON = {
    "email": "email",
    "full_name": "name",
    "first_name": "first_name",
    "last_name": "last_name",
    "phone": "text_reminder_number",
}


def _activities(uri: str | None) -> tuple[Reference, ...]:
    return (Reference(system="calendly", object="activity", id=uri),) if uri else ()


def _sales(event_name: str, invitee: JsonObject, payload: JsonObject) -> Sales | None:
    """The host is the first user of the event's memberships, where the event is along; version 1 names who it is assigned to."""
    if not event_name.startswith("invitee"):
        return None
    hosts = (
        mapping(payload.get("scheduled_event")).get("event_memberships")
        or mapping(payload.get("event")).get("extended_assigned_to")
        or []
    )
    host = mapping(hosts[0]) if isinstance(hosts, list) and hosts else {}
    address = text(host.get("user_email")) or text(host.get("email"))
    ident = text(host.get("user")) or address
    return Sales(activity_type="meeting", to=text(invitee.get("status")), owner_id=ident, owner_email=address)


def _questions(payload: JsonObject) -> JsonObject:
    answers: JsonObject = {}
    for row in map(mapping, payload.get("questions_and_answers") or []):
        if (name := text(row.get("question"))) is not None:
            answers.setdefault(name, row.get("answer"))
    return answers


def _tracking(payload: JsonObject) -> JsonObject:
    tracking = mapping(payload.get("tracking"))
    utm = {
        name: parameter for name, value in tracking.items() if name.startswith("utm_") and (parameter := text(value))
    }
    return {"utm": utm, "campaign": utm.get("utm_campaign")}
