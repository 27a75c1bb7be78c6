"""Twilio: a message or a call, by the number that it is from."""

from __future__ import annotations

from typing import Any

from schemas.signals import Kind, Parsed, Person
from services.ingest.parsers.identifiers import identifier
from services.ingest.parsers.reading import Result, body_key, only_known, text


def fits(whole: dict[str, Any]) -> bool:
    """Whether a body has this shape."""
    return bool(whole.keys() & {"MessageSid", "CallSid", "SmsSid"}) and "From" in whole


def parse(whole: dict[str, Any], body: bytes) -> Result:
    """The signals of one body."""
    ident = identifier(whole.get("MessageSid")) or identifier(whole.get("SmsSid")) or identifier(whole.get("CallSid"))
    inbound = (text(whole.get("Direction")) or "inbound").startswith("inbound") and "MessageStatus" not in whole
    kind = Kind.CALL_RECEIVED if "CallSid" in whole else Kind.MESSAGE_RECEIVED
    status = text(whole.get("MessageStatus")) or text(whole.get("CallStatus")) or ""
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
            dedupe_key=f"{ident}:{status}" if ident else body_key(body),
        )
    ]
