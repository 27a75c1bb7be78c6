"""Webflow: answers by the names that the designer gave the fields, shown to visitors; the old hook has no envelope."""

from __future__ import annotations

from schemas.json_values import JsonObject
from schemas.signals import Kind
from services.ingest.parsers.bounds.unreadable import Unreadable
from services.ingest.parsers.reading.answers import filled_in
from services.ingest.parsers.reading.identifiers import identifier
from services.ingest.parsers.reading.safely import Result, as_object, body_key, mapping, read_json, text, when


def parse(body: bytes, content_type: str, headers: dict[str, str]) -> Result:
    """One submission or, of the other hooks, one event that is left unclassified. Raises Unreadable."""
    event = as_object(read_json(body))
    payload = as_object(event.get("payload", event), "$.payload")
    trigger = text(event.get("triggerType")) or "form_submission"
    form = trigger == "form_submission"
    data = payload.get("data")
    if form and not isinstance(data, dict):
        raise Unreadable("a submission has data", "$.payload.data")
    ident = identifier(payload.get("id")) or identifier(payload.get("_id")) or identifier(payload.get("orderId"))
    element = identifier(payload.get("formElementId"))
    at = payload.get("submittedAt") or payload.get("d") or payload.get("createdOn")
    stamped = f"{element}:{at}" if element and at else None
    return [
        filled_in(
            mapping(data) if form else _customer(payload),
            _email_by_type(payload, mapping(data)),
            kind=Kind.FORM_SUBMITTED if form else Kind.UNCLASSIFIED,
            source_kind=trigger,
            occurred_at=when(at),
            external_id=ident,
            form_id=text(payload.get("formId")) or element or text(payload.get("name")),
            dedupe_key=f"submission:{ident}:{at or ''}" if ident else stamped or body_key(body),
        )
    ]


def _customer(payload: JsonObject) -> JsonObject:
    """Who ordered, or who made an account for themselves."""
    return mapping(payload.get("customerInfo")) or mapping(mapping(payload.get("data")).get("data"))


def _email_by_type(payload: JsonObject, data: JsonObject) -> dict[str, str | None]:
    """A field that the form declares to hold an e-mail address holds one, whatever the designer named it."""
    for field in map(mapping, payload.get("schema") or []):
        said = text(data.get(text(field.get("fieldName")) or ""))
        if (text(field.get("fieldType")) or "").casefold().endswith("email") and said and "@" in said:
            return {"email": said}
    return {}
