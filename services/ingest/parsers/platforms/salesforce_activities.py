"""Salesforce's tasks, events, mails and calls: a step of ours, the lead's own word, or a program's."""

from __future__ import annotations

import re
from collections.abc import Mapping

from schemas.json_values import JsonValue
from schemas.signals import Kind, Person, Sales
from services.ingest.parsers.guesses.calls import call_of
from services.ingest.parsers.guesses.chain import level
from services.ingest.parsers.reading.automation import Mail, headers_of, why_automated
from services.ingest.parsers.reading.safely import text

_LOGGED_IN = re.compile(r"\[(?:Email|SMS|Call)\] ?\[In\]|Email ?<<|\[In\]\[", re.IGNORECASE)
"""How tools that write mail into Salesforce begin the subject of a task for one that came in."""


def activity_of(noun: str, fields: Mapping[str, JsonValue], owner: str | None) -> tuple[Kind | None, Sales | None]:
    """A completed task is a step taken; an event is a meeting; a mail and a call say which way they went."""
    match noun:
        case "Event":
            return Kind.SALES_MEETING_BOOKED, Sales(owner_id=owner, activity_type="meeting")
        case "EmailMessage":
            return _mail(fields, owner)
        case "VoiceCall":
            return _call(fields, owner)
        case _:
            return _task(fields, owner)


def _task(fields: Mapping[str, JsonValue], owner: str | None) -> tuple[Kind, Sales]:
    what = text(fields.get("TaskSubtype")) or text(fields.get("Type")) or "task"
    sales = Sales(to=text(fields.get("Status")), owner_id=owner, activity_type=what, done=is_done(fields))
    if not is_done(fields):
        return Kind.SALES_TASK_OPEN, sales
    if what.casefold() == "call" or text(fields.get("CallType")):
        kind, call = _call(fields, owner)
        return kind, call.but(activity_type=what, to=text(fields.get("CallDisposition")) or sales.to)
    if _LOGGED_IN.search((text(fields.get("Subject")) or "")[:100]):
        return Kind.EMAIL_REPLIED, sales.but(done=None)
    return Kind.SALES_FOLLOW_UP, sales


def is_done(fields: Mapping[str, JsonValue]) -> bool:
    """Whether a task is completed."""
    return _true(fields.get("IsClosed")) or (text(fields.get("Status")) or "").casefold() == "completed"


def _call(fields: Mapping[str, JsonValue], owner: str | None) -> tuple[Kind, Sales]:
    """A call that nobody says anything of was logged by hand: a step."""
    if (text(fields.get("CallType")) or "").casefold() == "inbound":
        return Kind.CALL_RECEIVED, Sales(owner_id=owner, activity_type="call")
    went = call_of([level({name: value for name, value in fields.items() if name != "Status"})])
    if went.connected is False:
        return Kind.OUTREACH_LOGGED, Sales(to=went.outcome, owner_id=owner, activity_type="call")
    return Kind.SALES_FOLLOW_UP, Sales(to=went.outcome, owner_id=owner, activity_type="call", done=True)


def _mail(fields: Mapping[str, JsonValue], owner: str | None) -> tuple[Kind | None, Sales | None]:
    """Status 3 is sent; what is new, read, replied to or forwarded came in. A draft (5) is neither."""
    sales = Sales(owner_id=owner or text(fields.get("CreatedById")), activity_type="email")
    if _true(fields.get("IsBounced")):
        return Kind.EMAIL_BOUNCED, sales
    if _true(fields.get("Incoming")):
        why = why_automated(_as_mail(fields))
        return (Kind.EMAIL_BOUNCED if why == "bounce" else Kind.EMAIL_REPLIED), None
    sent = (text(fields.get("Status")) or "").casefold() in ("3", "sent")
    return (Kind.SALES_FOLLOW_UP, sales.but(done=True)) if sent else (Kind.ACTIVITY_UPDATED, sales)


def is_automated(noun: str, fields: Mapping[str, JsonValue]) -> bool:
    """Mail to many, an automatic answer, what bounced."""
    if noun == "Task":
        return (text(fields.get("TaskSubtype")) or "").casefold() == "listemail"
    if noun != "EmailMessage":
        return False
    incoming = _true(fields.get("Incoming")) and why_automated(_as_mail(fields)) is not None
    return incoming or _true(fields.get("IsBounced")) or text(fields.get("AutomationType")) is not None


def other_end(fields: Mapping[str, JsonValue]) -> Person:
    """The one a mail is from, or ours went to; nobody for what came back."""
    if not _true(fields.get("Incoming")):
        to = (text(fields.get("ToAddress")) or "").replace(",", ";").partition(";")[0].strip()
        return Person(email=to or None)
    if why_automated(_as_mail(fields)) == "bounce":
        return Person()
    return Person(email=text(fields.get("FromAddress")), full_name=text(fields.get("FromName")))


def _as_mail(fields: Mapping[str, JsonValue]) -> Mail:
    return Mail(headers_of(fields.get("Headers")), text(fields.get("FromAddress")), text(fields.get("Subject")))


def _true(value: JsonValue) -> bool:
    return value is True or (isinstance(value, str) and value.casefold() == "true")
