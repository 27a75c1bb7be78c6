"""Twilio: a message or a call, by the number that it is from."""

from __future__ import annotations

from schemas.json_values import JsonObject, JsonValue
from schemas.signals import Consent, Kind, Parsed, Person, Sales
from services.ingest.parsers.guesses.calls import call_of
from services.ingest.parsers.guesses.chain import level
from services.ingest.parsers.reading.identifiers import identifier
from services.ingest.parsers.reading.safely import Result, body_key, only_known, text


def fits(whole: JsonObject) -> bool:
    """Whether a body has this shape."""
    return bool(whole.keys() & {"MessageSid", "CallSid", "SmsSid"}) and "From" in whole


def parse(whole: JsonObject, body: bytes) -> Result:
    """The signals of one body."""
    ident = identifier(whole.get("MessageSid")) or identifier(whole.get("SmsSid")) or identifier(whole.get("CallSid"))
    direction = (text(whole.get("Direction")) or "inbound").casefold()
    inbound = direction.startswith("inbound") and "MessageStatus" not in whole and not _is_ours(whole.get("From"))
    kind, sales = _call(whole, inbound, direction) if "CallSid" in whole else _message(inbound)
    status = text(whole.get("MessageStatus")) or text(whole.get("CallStatus")) or ""
    number = text(whole.get("From" if inbound else "To"))
    return [
        Parsed(
            kind=kind,
            source_kind=status or text(whole.get("SmsStatus")),
            person=Person(phone=(number or "").removeprefix("whatsapp:") or None),
            external_id=ident,
            automated=not inbound and kind is not Kind.SALES_FOLLOW_UP,
            sales=sales,
            fields=only_known((name, text(whole.get(name))) for name in ("Body", "NumMedia")),
            consents=_consents(text(whole.get("OptOutType"))) if inbound else (),
            dedupe_key=f"{ident}:{status}" if ident else body_key(body),
        )
    ]


def _is_ours(sender: JsonValue) -> bool:
    """A colleague's telephone in a browser, or a SIP account."""
    return (text(sender) or "").startswith(("client:", "sip:"))


def _message(inbound: bool) -> tuple[Kind, Sales | None]:
    return (Kind.MESSAGE_RECEIVED if inbound else Kind.OUTREACH_LOGGED), None


def _call(whole: JsonObject, inbound: bool, direction: str) -> tuple[Kind, Sales | None]:
    """A call that somebody had connected (`outbound-dial`) was a talk, if long enough; what a program dials is a program's."""
    if inbound:
        return Kind.CALL_RECEIVED, None
    went = call_of([level(whole)])
    sales = Sales(to=went.outcome, activity_type="call")
    by_person = direction == "outbound-dial" or _is_ours(whole.get("From"))
    return (
        (Kind.SALES_FOLLOW_UP, sales.but(done=True)) if went.connected and by_person else (Kind.OUTREACH_LOGGED, sales)
    )


def _consents(said: str | None) -> tuple[Consent, ...]:
    """STOP and START, as Twilio understood the message in its language; HELP says neither."""
    if said == "STOP":
        return (Consent(purpose="sms", state="withdrawn", basis="OptOutType"),)
    return (Consent(purpose="sms", state="given", basis="OptOutType"),) if said == "START" else ()
