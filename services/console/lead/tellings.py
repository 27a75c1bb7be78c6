"""What happened, in words that a salesperson uses: one line for every kind of signal.

`%(lead)s` is what the lead is called, `%(who)s` who of us did it, `%(what)s` the form, the campaign, the tags or the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from schemas.signals import Kind
from services.console.language.words import mark

By = Literal["lead", "us", "marketing", "machine"]
"""Who acted: the lead, one of us by name, marketing's programs, Stafett itself. It chooses the sign beside the line."""


class Telling(NamedTuple):
    """How a kind of signal is told: `plain` where no `%(what)s` is known, `with_what` where one is."""

    by: By
    plain: str
    with_what: str


def _tell(by: By, plain: str, with_what: str = "") -> Telling:
    return Telling(by, plain, with_what or plain)


TELLINGS: Mapping[Kind, Telling] = {
    Kind.PROSPECT_LISTED: _tell("marketing", mark("%(lead)s was put on our list of people to reach")),
    Kind.CONTACT_CREATED: _tell("marketing", mark("%(lead)s was entered in %(source)s")),
    Kind.CONTACT_UPDATED: _tell("marketing", mark("What is known of %(lead)s was changed in %(source)s")),
    Kind.CONTACT_DELETED: _tell("marketing", mark("%(lead)s was removed from %(source)s")),
    Kind.PERSON_ERASURE_REQUESTED: _tell("lead", mark("%(lead)s asked to be forgotten")),
    Kind.FORM_SUBMITTED: _tell(
        "lead", mark("%(lead)s filled in a form"), mark("%(lead)s filled in the form “%(what)s”")
    ),
    Kind.EMAIL_SENT: _tell("marketing", mark("We sent %(lead)s a mail"), mark("We sent %(lead)s the mail “%(what)s”")),
    Kind.EMAIL_DELIVERED: _tell(
        "marketing", mark("A mail reached %(lead)s"), mark("The mail “%(what)s” reached %(lead)s")
    ),
    Kind.EMAIL_OPENED: _tell("lead", mark("%(lead)s opened a mail"), mark("%(lead)s opened the mail “%(what)s”")),
    Kind.EMAIL_CLICKED: _tell(
        "lead", mark("%(lead)s followed a link in a mail"), mark("%(lead)s followed a link in the mail “%(what)s”")
    ),
    Kind.EMAIL_REPLIED: _tell("lead", mark("%(lead)s answered a mail"), mark("%(lead)s answered the mail “%(what)s”")),
    Kind.EMAIL_BOUNCED: _tell("machine", mark("A mail to %(lead)s came back")),
    Kind.PAGE_VISITED: _tell("lead", mark("%(lead)s looked at our web site")),
    Kind.AD_CLICKED: _tell(
        "lead", mark("%(lead)s followed one of our ads"), mark("%(lead)s followed the ad “%(what)s”")
    ),
    Kind.MESSAGE_RECEIVED: _tell("lead", mark("%(lead)s wrote to us")),
    Kind.CALL_RECEIVED: _tell("lead", mark("%(lead)s called us")),
    Kind.OUTREACH_LOGGED: _tell("us", mark("%(who)s tried to reach %(lead)s")),
    Kind.EVENT_ATTENDED: _tell(
        "lead", mark("%(lead)s came to one of our events"), mark("%(lead)s came to the event “%(what)s”")
    ),
    Kind.POINTS_CHANGED: _tell("marketing", mark("The points of %(lead)s changed in %(source)s")),
    Kind.TAG_ADDED: _tell("us", mark("%(who)s set a tag"), mark("%(who)s set the tag “%(what)s”")),
    Kind.TAG_REMOVED: _tell("us", mark("%(who)s removed a tag"), mark("%(who)s removed the tag “%(what)s”")),
    Kind.LIST_SUBSCRIBED: _tell(
        "lead", mark("%(lead)s joined a mailing list"), mark("%(lead)s joined the mailing list “%(what)s”")
    ),
    Kind.LIST_UNSUBSCRIBED: _tell(
        "lead", mark("%(lead)s left a mailing list"), mark("%(lead)s left the mailing list “%(what)s”")
    ),
    Kind.UNCLASSIFIED: _tell("machine", mark("%(source)s told something that could not be sorted")),
    Kind.CONSENT_GIVEN: _tell("lead", mark("%(lead)s agreed to be contacted")),
    Kind.CONSENT_WITHDRAWN: _tell("lead", mark("%(lead)s asked not to be contacted")),
    Kind.DISPOSITION_SET: _tell(
        "us",
        mark("%(who)s said what kind of contact this is"),
        mark("%(who)s said what kind of contact this is: %(what)s"),
    ),
    Kind.COMPANY_CREATED: _tell("marketing", mark("The company was entered in %(source)s")),
    Kind.COMPANY_UPDATED: _tell("marketing", mark("What is known of the company was changed in %(source)s")),
    Kind.COMPANY_DELETED: _tell("marketing", mark("The company was removed from %(source)s")),
    Kind.DEAL_CREATED: _tell("machine", mark("The deal was opened in %(source)s")),
    Kind.DEAL_UPDATED: _tell("machine", mark("The deal was changed in %(source)s")),
    Kind.DEAL_DELETED: _tell("machine", mark("The deal was removed from %(source)s")),
    Kind.ACTIVITY_CREATED: _tell("us", mark("%(who)s planned something in %(source)s")),
    Kind.ACTIVITY_UPDATED: _tell("us", mark("%(who)s changed a plan in %(source)s")),
    Kind.ACTIVITY_DELETED: _tell("us", mark("%(who)s removed a plan in %(source)s")),
    Kind.NOTE_ADDED: _tell("us", mark("%(who)s wrote a note")),
    Kind.SALES_ACCEPTED: _tell("us", mark("%(who)s accepted the lead"), mark("%(who)s accepted the lead: %(what)s")),
    Kind.SALES_REJECTED: _tell("us", mark("%(who)s gave the lead back"), mark("%(who)s gave the lead back: %(what)s")),
    Kind.SALES_FOLLOW_UP: _tell(
        "us", mark("%(who)s followed up with %(lead)s"), mark("%(who)s followed up with %(lead)s: %(what)s")
    ),
    Kind.SALES_MEETING_BOOKED: _tell("us", mark("A meeting with %(lead)s was booked")),
    Kind.SALES_MEETING_HELD: _tell("us", mark("%(who)s met %(lead)s")),
    Kind.SALES_MEETING_CANCELLED: _tell("us", mark("The meeting with %(lead)s was called off")),
    Kind.SALES_OWNER_CHANGED: _tell(
        "us", mark("%(who)s gave the lead to somebody"), mark("%(who)s gave the lead to %(what)s")
    ),
    Kind.SALES_STAGE_CHANGED: _tell(
        "us", mark("%(who)s moved the deal to another stage"), mark("%(who)s moved the deal to “%(what)s”")
    ),
    Kind.SALES_WON: _tell("us", mark("The deal was won"), mark("The deal was won: %(what)s")),
    Kind.SALES_LOST: _tell("us", mark("The deal was lost"), mark("The deal was lost: %(what)s")),
    Kind.SALES_RETURNED: _tell(
        "us", mark("%(who)s gave the lead back to marketing"), mark("%(who)s gave the lead back to marketing: %(what)s")
    ),
    Kind.SALES_CONVERTED: _tell("us", mark("%(who)s made a deal of it in %(source)s")),
    Kind.SALES_MERGED: _tell("machine", mark("Two records of %(lead)s became one in %(source)s")),
    Kind.SALES_TASK_OPEN: _tell("us", mark("%(who)s has a task about %(lead)s in %(source)s")),
    Kind.CRM_LINKED: _tell("machine", mark("The lead was entered in %(source)s")),
    Kind.ROSTER_ABSENT: _tell("us", mark("Somebody said that they are away")),
    Kind.ROSTER_RETURNED: _tell("us", mark("Somebody came back")),
    Kind.ROSTER_JOINED: _tell("us", mark("Somebody joined us")),
    Kind.ROSTER_LEFT: _tell("us", mark("Somebody left us")),
    Kind.POOL_PAUSED: _tell("us", mark("A pool was paused")),
    Kind.POOL_RESUMED: _tell("us", mark("A pool went on")),
    Kind.LEAD_PARKED: _tell("us", mark("%(who)s put the lead on hold"), mark("%(who)s put the lead on hold: %(what)s")),
    Kind.LEAD_UNPARKED: _tell(
        "us", mark("%(who)s took the lead off hold"), mark("%(who)s took the lead off hold: %(what)s")
    ),
    Kind.LEAD_LISTED: _tell("us", mark("%(who)s said which mail may go on")),
    Kind.AGREEMENT_APPROVED: _tell("us", mark("%(who)s approved the agreement")),
    Kind.CLOCK_DUE: _tell("machine", mark("Time passed")),
    Kind.CLOCK_RECHECK: _tell("machine", mark("The promises were looked at again")),
    Kind.LEAD_CHECK: _tell("machine", mark("The lead was looked at again")),
    Kind.LEAD_REDRIVE: _tell("machine", mark("What could not be read was tried again")),
    Kind.OWNER_AWAY: _tell("machine", mark("%(who)s is away")),
    Kind.LEAD_MERGE: _tell("us", mark("%(who)s said that two leads are one person")),
    Kind.LEAD_UNMERGE: _tell("us", mark("%(who)s said that two leads are two people after all")),
    Kind.PERIOD_BEGUN: _tell("machine", mark("A new period began")),
}
OURS = frozenset(
    {
        Kind.NOTE_ADDED,
        Kind.OUTREACH_LOGGED,
        Kind.SALES_ACCEPTED,
        Kind.SALES_REJECTED,
        Kind.SALES_FOLLOW_UP,
        Kind.SALES_MEETING_BOOKED,
        Kind.SALES_MEETING_HELD,
        Kind.SALES_MEETING_CANCELLED,
        Kind.SALES_LOST,
        Kind.SALES_RETURNED,
        Kind.ACTIVITY_CREATED,
        Kind.ACTIVITY_UPDATED,
        Kind.SALES_TASK_OPEN,
    }
)
"""What salespeople and SDRs say with these is for those who may read their notes."""
