"""Cal.com: a booking whose attendee is the lead and whose organizer is ours; MEETING_ENDED has no envelope."""

from __future__ import annotations

from schemas.json_values import JsonObject, JsonValue
from schemas.signals import Company, Kind, Parsed, Person, Reference, Sales
from services.ingest.parsers.guesses.people import person_in
from services.ingest.parsers.guesses.tree import nodes
from services.ingest.parsers.reading.identifiers import identifier
from services.ingest.parsers.reading.safely import Result, body_key, mapping, only_known, text, when

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


def fits(whole: JsonObject) -> bool:
    """Whether a body has this shape."""
    return isinstance(whole.get("triggerEvent"), str)


def parse(whole: JsonObject, body: bytes) -> Result:
    """The signals of one body."""
    word = text(whole.get("triggerEvent")) or ""
    payload = mapping(whole.get("payload")) or whole
    facts, _ = person_in(nodes(payload))
    organizer = mapping(payload.get("organizer"))
    owner = text(organizer.get("id")) or text(payload.get("userId")) or text(organizer.get("email"))
    kind, sales, booking = (
        _BOOKINGS.get(word, Kind.UNCLASSIFIED),
        None,
        identifier(payload.get("bookingId")) or identifier(payload.get("id")),
    )
    if kind is Kind.SALES_OWNER_CHANGED:
        added, removed = (_only(payload.get(name)) for name in ("addedHostUserIds", "removedHostUserIds"))
        sales = Sales(from_=removed, to=added or owner, owner_id=added or owner, activity_type="booking")
    elif kind.startswith("sales."):
        ended = kind is Kind.SALES_MEETING_HELD
        what, address = "meeting" if ended else "booking", text(organizer.get("email"))
        sales = Sales(to=text(payload.get("status")), owner_id=owner, owner_email=address, activity_type=what)
    ident = identifier(payload.get("uid")) or identifier(payload.get("bookingUid")) or booking
    reasons = ("rejectionReason", "cancellationReason", "rescheduleReason", "reassignReason")
    # The docs: MEETING_ENDED is fired at the scheduled end, by the clock; nobody said that the meeting was held.
    ended_at = when(payload.get("endTime")) if kind is Kind.SALES_MEETING_HELD else when(whole.get("createdAt"))
    return [
        Parsed(
            kind=kind,
            source_kind=word,
            occurred_at=ended_at,
            mode="test" if word == "PING" or text(payload.get("type")) == "Test" else "live",
            person=Person(**{name: facts.get(name) for name in Person.__struct_fields__}),
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


def _attendee(payload: JsonObject) -> JsonObject:
    rows = payload.get("attendees")
    return mapping(rows[0]) if isinstance(rows, list) and rows else {}


def _only(value: JsonValue) -> str | None:
    return text(value[0]) if isinstance(value, list) and value else None
