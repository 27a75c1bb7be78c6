"""What the agreement's sentences call what happens, and what they ask about."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.signals import Kind
from services.console.language.reader import Reader
from services.console.language.words import mark

HAPPENINGS: Mapping[str, str] = {
    Kind.FORM_SUBMITTED: mark("they filled in a form"),
    Kind.EMAIL_SENT: mark("we sent them a mail"),
    Kind.EMAIL_DELIVERED: mark("a mail reached them"),
    Kind.EMAIL_OPENED: mark("they opened a mail"),
    Kind.EMAIL_CLICKED: mark("they followed a link in a mail"),
    Kind.EMAIL_REPLIED: mark("they answered a mail"),
    Kind.PAGE_VISITED: mark("they looked at our web site"),
    Kind.AD_CLICKED: mark("they followed one of our ads"),
    Kind.MESSAGE_RECEIVED: mark("they wrote to us"),
    Kind.CALL_RECEIVED: mark("they called us"),
    Kind.EVENT_ATTENDED: mark("they came to one of our events"),
    Kind.LIST_SUBSCRIBED: mark("they joined a mailing list"),
    Kind.LIST_UNSUBSCRIBED: mark("they left a mailing list"),
    Kind.OUTREACH_LOGGED: mark("we tried to reach them"),
    Kind.SALES_FOLLOW_UP: mark("sales followed up"),
    Kind.SALES_MEETING_BOOKED: mark("a meeting was booked"),
    Kind.SALES_MEETING_HELD: mark("a meeting was held"),
    Kind.SALES_MEETING_CANCELLED: mark("a meeting was called off"),
    Kind.SALES_TASK_OPEN: mark("sales noted a task"),
    Kind.SALES_ACCEPTED: mark("sales accepted the lead"),
    Kind.SALES_REJECTED: mark("sales gave the lead back"),
    Kind.SALES_WON: mark("the deal was won"),
    Kind.SALES_LOST: mark("the deal was lost"),
    Kind.TAG_ADDED: mark("a tag was set"),
    Kind.TAG_REMOVED: mark("a tag was removed"),
    Kind.NOTE_ADDED: mark("a note was written"),
    Kind.CONSENT_GIVEN: mark("they agreed to be contacted"),
    Kind.CONSENT_WITHDRAWN: mark("they asked not to be contacted"),
}
FACTS: Mapping[str, str] = {
    "lead.stage": mark("the stage"),
    "lead.track": mark("the track"),
    "lead.own_track": mark("the track of your own"),
    "lead.programme": mark("the programme"),
    "lead.pass": mark("the round"),
    "lead.source": mark("the source"),
    "lead.brand": mark("the brand"),
    "lead.campaign": mark("the campaign that brought them"),
    "lead.form_id": mark("the form that brought them on"),
    "lead.language": mark("their language"),
    "lead.offers": mark("the number of offers"),
    "company.name": mark("the company"),
    "company.domain": mark("the company's domain"),
    "company.industry": mark("the industry"),
    "company.country": mark("the country"),
    "company.employees": mark("the number of employees"),
    "company.region": mark("the region"),
    "company.city": mark("the city"),
    "company.postcode": mark("the postcode"),
    "signal.source": mark("where it comes from"),
    "signal.source_kind": mark("what the sender calls it"),
    "signal.form_id": mark("the form"),
    "signal.campaign": mark("the campaign"),
    "signal.reason": mark("the reason"),
    "signal.amount": mark("the amount"),
}
"""What can be compared, by its name in an expression."""
POINTS: Mapping[str, str] = {
    "fit": mark("they have %(points)s for who they are"),
    "intent": mark("they have %(points)s for what they did"),
    "score": mark("they have %(points)s in all"),
}
YES_OR_NO: Mapping[str, str] = {
    "lead.sales_ready": mark("they are tagged as ready for sales"),
    "lead.meeting_booked": mark("a meeting is booked"),
    "lead.suppressed": mark("our automated mail to them is still"),
    "lead.accepted": mark("sales accepted them"),
    "lead.followed_up": mark("sales took a first step"),
    "signal.automated": mark("a machine did it"),
}
CALLS: Mapping[str, str] = {
    "in_segment": mark("the company is one of %(name)s"),
    "in_territory": mark("the company is in %(name)s"),
    "yes": mark("%(name)s is yes"),
}


def happening(kind: str, reader: Reader) -> str:
    """As a clause; a kind that has no words of its own is named."""
    return reader.say(HAPPENINGS[kind]) if kind in HAPPENINGS else reader.say("“%(kind)s” was told", kind=kind)
