"""HubSpot's calls, mails and meetings by their properties: of a record that a workflow sends, and of one that was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from schemas.signals import Kind, Sales
from services.ingest.parsers.guesses.calls import call_of
from services.ingest.parsers.guesses.chain import level
from services.ingest.parsers.reading.automation import Mail, headers_of, why_automated

PROPERTIES: Mapping[str, tuple[str, ...]] = {
    "call": ("hs_call_direction", "hs_call_status", "hs_call_disposition", "hs_call_duration"),
    "email": (
        "hs_email_direction",
        "hs_email_status",
        "hs_email_subject",
        "hs_email_headers",
        "hs_email_from_email",
        "hs_sequence_id",
    ),
    "meeting": ("hs_meeting_outcome",),
    "task": ("hs_task_status",),
    "note": (),
    "communication": (),
}
"""What of an activity is looked at, beside the person it is with and whose it is."""
_OUTCOMES = {
    "COMPLETED": Kind.SALES_MEETING_HELD,
    "CANCELED": Kind.SALES_MEETING_CANCELLED,
    "NO_SHOW": Kind.ACTIVITY_UPDATED,
    "RESCHEDULED": Kind.ACTIVITY_UPDATED,
}


class Activity(NamedTuple):
    """What it was; `kind` None where its properties do not say."""

    kind: Kind | None
    automated: bool = False
    outcome: str | None = None


def activity_of(noun: str, properties: Mapping[str, str | None]) -> Activity:
    """Of the properties of one record."""
    match noun:
        case "call":
            return _call(properties)
        case "email":
            return _email(properties)
        case "meeting":
            outcome = properties.get("hs_meeting_outcome")
            return Activity(_OUTCOMES.get(outcome or "", Kind.SALES_MEETING_BOOKED), outcome=outcome)
        case "task":
            done = properties.get("hs_task_status") == "COMPLETED"
            return Activity(
                Kind.SALES_FOLLOW_UP if done else Kind.SALES_TASK_OPEN, outcome=properties.get("hs_task_status")
            )
        case "note":
            return Activity(Kind.NOTE_ADDED)
        case _:
            return Activity(None)


def _call(properties: Mapping[str, str | None]) -> Activity:
    """A call that nobody says anything of was logged by hand: a step."""
    if properties.get("hs_call_direction") == "INBOUND":
        return Activity(Kind.CALL_RECEIVED)
    went = call_of([level({name: value for name, value in properties.items() if value is not None})])
    outcome = properties.get("hs_call_status") or went.outcome
    return Activity(Kind.OUTREACH_LOGGED if went.connected is False else Kind.SALES_FOLLOW_UP, outcome=outcome)


def _email(properties: Mapping[str, str | None]) -> Activity:
    """Mail of a colleague or of the contact; drafts and what failed stay what they are. A sequence's is a program's."""
    status = properties.get("hs_email_status")
    if status == "BOUNCED":
        return Activity(Kind.EMAIL_BOUNCED, True, status)
    if properties.get("hs_email_direction") == "INCOMING_EMAIL":
        headers = headers_of(properties.get("hs_email_headers"))
        why = why_automated(Mail(headers, properties.get("hs_email_from_email"), properties.get("hs_email_subject")))
        return Activity(Kind.EMAIL_BOUNCED if why == "bounce" else Kind.EMAIL_REPLIED, why is not None)
    if (properties.get("hs_email_direction"), status) != ("EMAIL", "SENT"):
        return Activity(None)
    by_sequence = bool(properties.get("hs_sequence_id"))
    return Activity(Kind.EMAIL_SENT if by_sequence else Kind.SALES_FOLLOW_UP, by_sequence, status)


def sales_of(noun: str, activity: Activity, owner: str | None) -> Sales:
    """What the record says of sales work."""
    done = True if activity.kind is Kind.SALES_FOLLOW_UP else None
    return Sales(to=activity.outcome, owner_id=owner, activity_type=noun, done=done)
