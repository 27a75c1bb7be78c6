"""Enveloped events of any sender: Standard Webhooks ({type, timestamp, data}) and CloudEvents (binary, structured, batch).

Data in the shape of our own `crm` JSON is read as such, any other by the guesses of the generic kind, with the event's type for its
word; what they can make nothing of is an unclassified touch that keeps its facts.
"""

from __future__ import annotations

import base64
import binascii
from urllib.parse import unquote

from schemas.json_values import JsonObject, JsonValue
from schemas.signals import Kind, Parsed, Quarantined
from services.ingest.parsers.bounds.unreadable import Unreadable
from services.ingest.parsers.platforms import crm, generic
from services.ingest.parsers.reading.identifiers import identifier
from services.ingest.parsers.reading.safely import (
    Result,
    as_object,
    body_key,
    each,
    events_with_paths,
    only_known,
    person_facts,
    person_of,
    read_json,
    text,
    when,
)


def parse_standard(body: bytes, content_type: str, headers: dict[str, str]) -> Result:
    """One event; the delivery's id is the dedupe key. Raises Unreadable."""
    event = as_object(read_json(body))
    if text(event.get("type")) is None:
        raise Unreadable("a Standard Webhook has a type", "$.type")
    ident = headers.get("webhook-id") or headers.get("svix-id")
    key = f"id:{ident}" if identifier(ident) else body_key(body)
    event_facts = _read(
        event.get("data", event), text(event.get("type")), at=when(event.get("timestamp")), ident=None, key=key
    )
    return [event_facts]


def parse_cloud(body: bytes, content_type: str, headers: dict[str, str]) -> Result:
    """One event or a batch. Raises Unreadable."""
    kind = content_type.partition(";")[0].strip().casefold()
    if kind == "application/cloudevents-batch+json":
        rows = read_json(body)
        if not isinstance(rows, list):
            raise Unreadable("a batch is a list")
        return each(events_with_paths(rows), lambda row, where, i: _event(row, where, body_key(body, i)))
    if kind == "application/cloudevents+json":
        return [_event(as_object(read_json(body)), "$", body_key(body))]
    if not any(name.startswith("ce-") for name in headers) and kind.endswith("json"):
        # Structured or a batch under plain JSON's own name: the event itself says what it is.
        return each(events_with_paths(read_json(body)), lambda row, where, i: _event(row, where, body_key(body, i)))
    attributes = {n.removeprefix("ce-"): unquote(v) for n, v in headers.items() if n.startswith("ce-")}
    data = None if not body else read_json(body) if kind.endswith("json") else body.decode("utf-8", "replace")
    # An id that nobody signed is emptied: it is there, and told by the body.
    signed = attributes.get("id") != ""
    event = attributes if signed else {**attributes, "id": "unsigned"}
    return [_event({**event, "data": data}, "$", body_key(body), signed=signed)]


def _event(event: JsonObject, where: str, fallback: str, *, signed: bool = True) -> Parsed | Quarantined:
    ident, source = text(event.get("id")), text(event.get("source"))
    if ident is None or source is None or text(event.get("type")) is None:
        raise Unreadable("a CloudEvent has id, source and type", where)
    data = event.get("data")
    if data is None and isinstance(event.get("data_base64"), str):
        data = _decode_data(event["data_base64"])
    return _read(
        data,
        text(event.get("type")),
        at=when(event.get("time")),
        ident=ident if signed else None,
        key=f"{source}:{ident}" if signed and identifier(ident) else fallback,
    )


def _decode_data(value: str) -> JsonValue:
    try:
        return read_json(base64.b64decode(value, validate=True))
    except (binascii.Error, ValueError, Unreadable):
        return None


def _read(data: JsonValue, kind: str | None, at: JsonValue, ident: str | None, key: str) -> Parsed | Quarantined:
    if isinstance(data, dict) and "fact" in data:
        parsed = crm.one(data, "$.data", lambda: key)
        return parsed.but(dedupe_key=key, source_kind=kind) if isinstance(parsed, Parsed) else parsed
    own = data if isinstance(data, dict) else {"data": data} if data is not None else {}
    try:
        parsed = generic.one(generic.Event({"type": kind, "data": own}, {}, {}), "$.data", key)
    except Unreadable:
        facts, others = person_facts(own)
        parsed = Parsed(
            kind=Kind.UNCLASSIFIED, person=person_of(facts), fields=only_known(others.items()), dedupe_key=key
        )
    if isinstance(parsed, Quarantined):
        return parsed
    envelope = {
        "source_kind": kind,
        "occurred_at": at or parsed.occurred_at,
        "external_id": ident or parsed.external_id,
    }
    return parsed.but(**envelope, dedupe_key=key)
