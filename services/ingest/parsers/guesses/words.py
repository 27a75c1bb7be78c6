"""What an event's own word means among our kinds, where it is plain; anything else stays unclassified."""

from __future__ import annotations

import re

from schemas.signals import Kind
from services.ingest.parsers.reading.by_names import Wanted
from services.ingest.parsers.reading.naming import cache_by_name, label
from services.ingest.parsers.reading.tables import words

FIELDS = Wanted(
    words("""
    trigger_event event_type event_name event topic webhook_event trigger_type trigger notification_type action
    trigger_name activity metric event_title record_type alert_name type hook object_kind kind ev event_key scope
""")
)
"""Fields that say what happened, the most telling first."""

# A rule on one line each: the kind beside all its words; the formatter would take three lines for each.
_RULES: tuple[tuple[str, Kind], ...] = (
    (r"(?:invitee|booking|meeting|appointment|event)s? (?:was )?(?:created|booked|scheduled|requested|confirmed|new)|meeting booked|(?:booking|meeting|appointment)s? (?:booked|scheduled|created) (?:via|by|through|from|with)(?: (?!cancell?ed|rescheduled)\w+){1,6}", Kind.SALES_MEETING_BOOKED),
    (r"(?:booking|meeting|appointment|invitee)s? (?:was )?(?:cancell?ed|rejected|declined|deleted)|(?:booking|meeting|appointment)s? (?:\w+ ){1,6}cancell?ed", Kind.SALES_MEETING_CANCELLED),
    (r"(?:meeting|appointment|booking)s? (?:was )?(?:ended|held|completed|finished|attended)", Kind.SALES_MEETING_HELD),
    (r"(?:booking|meeting|appointment)s? (?:was )?(?:rescheduled|moved|updated)", Kind.ACTIVITY_UPDATED),
    ((r".*\b(?:(?:form|survey|quiz|lead|response|submission|entry|contact form|leadgen|quote|demo)s?(?: form)? (?:was )?"
     r"(?:submit(?:ted)?|submission|completed?|finished|filled|captured|generated|received|requested)|new (?:form |)(?:submission|response|entry)|"
     r"form response|submission created|response created|entry created|lead form|demo requested|captured form)\b.*|submission|form|lead|leadgen|contact form|form post|submit"), Kind.FORM_SUBMITTED),
    (r".*\bunsub(?:scribed?|scribes?)?\b.*|.*\bopt(?:ed)? out\b.*|spam ?(?:report|complaint)|(?:e?mail |message )?complain(?:t|ed)|group unsubscribe", Kind.LIST_UNSUBSCRIBED),
    (r".*\b(?:hard |soft |contact |email )?bounced?\b.*|dropped|reject(?:ed)?|hard bounce|soft bounce|invalid email", Kind.EMAIL_BOUNCED),
    (r".*\b(?:(?:re)?subscribed?|opt(?:ed)? in|subscriber (?:created|added|activated)|signed up to newsletter)\b.*", Kind.LIST_SUBSCRIBED),
    (r"(?:emails?|message|mail|campaign|contact|subscriber|recipient)? ?(?:link )?clicks?(?:ed)?|(?:email|link) (?:link )?clicked|clicked email", Kind.EMAIL_CLICKED),
    (r"(?:emails?|message|mail|campaign|contact|subscriber|recipient)? ?(?:unique )?open(?:ed|s)?|email opened|opened email", Kind.EMAIL_OPENED),
    (r"(?:emails?|message|lead|contact|prospect|thread|email thread)? ?repl(?:y|ied|ies)(?: received)?|email replied|inbound", Kind.EMAIL_REPLIED),
    (r"(?:email|message|mail)? ?deliver(?:y|ed)", Kind.EMAIL_DELIVERED),
    (r"(?:email|mail)? ?(?:sent|send|processed)|email sent", Kind.EMAIL_SENT),
    (r"tag (?:added|applied)|(?:contact|subscriber) tag (?:added|applied)|.*\btag add(?:ed)?", Kind.TAG_ADDED),
    (r".*\btag removed?", Kind.TAG_REMOVED),
    (r"(?:missed|incoming|inbound) call|call (?:received|incoming)", Kind.CALL_RECEIVED),
    (r"(?:message|chat|conversation|sms|text message|email|mail) (?:received|inbound|started|created|user created)|new (?:message|conversation)|messages? (?:new|upsert)|conversation|(?:offline message|incoming message)", Kind.MESSAGE_RECEIVED),
    (r"page ?(?:view|viewed|visit|visited|hit)|viewed page|pageview", Kind.PAGE_VISITED),
    (r"ad click(?:ed)?", Kind.AD_CLICKED),
    (r"(?:event |webinar )?(?:attendee )?(?:attended|checked in)|(?:participant|attendee) joined|webinar attended", Kind.EVENT_ATTENDED),
    (r"(?:points?|score) (?:changed|updated)|lead score changed", Kind.POINTS_CHANGED),
    ((r"(?:contact|person|people|lead|customer|subscriber|user|prospect|profile|member)s? (?:was )?(?:creat(?:ed?|ion)|add(?:ed)?|new|insert(?:ed)?|signed up|registered)|"
     r"new (?:contact|person|lead|customer|user|prospect)|(?:signed|sign) up|signup|create (?:contact|lead|person)|oncrm(?:contact|lead)add|user registered"), Kind.CONTACT_CREATED),
    ((r"(?:contact|person|people|lead|customer|subscriber|user|prospect|profile|member)s? (?:was )?(?:updat(?:ed?|es)|edit(?:ed)?|chang(?:ed?)|modified|patched?)|"
     r"(?:edit|update) (?:contact|lead|person)|oncrm(?:contact|lead)update"), Kind.CONTACT_UPDATED),
    ((r"(?:contact|person|people|lead|customer|subscriber|user|prospect|profile|member)s? (?:was )?(?:delet(?:ed?|ion)|remov(?:ed?)|erased|destroyed)|"
     r"delete (?:contact|lead|person)|oncrm(?:contact|lead)delete"), Kind.CONTACT_DELETED),
    (r"(?:deal|opportunity)s? (?:was )?won|won (?:deal|opportunity)|(?:deal|opportunity|lead) (?:stage|status) changed to won", Kind.SALES_WON),
    (r"(?:deal|opportunity)s? (?:was )?lost|lost (?:deal|opportunity)|(?:deal|opportunity|lead) (?:stage|status) changed to lost", Kind.SALES_LOST),
    (r"(?:deal|opportunity|lead|opportunities) (?:pipeline )?(?:stage|status) (?:was )?(?:changed?|updated?|moved)", Kind.SALES_STAGE_CHANGED),
    (r"(?:deal|opportunity|lead|contact) (?:owner|assignee|responsible) (?:was )?(?:changed?|updated?)|(?:lead|deal|contact) (?:re)?assigned", Kind.SALES_OWNER_CHANGED),
    (r"(?:lead|contact|prospect|deal|opportunity)s? (?:was )?accepted", Kind.SALES_ACCEPTED),
    (r"(?:lead|contact|prospect|deal|opportunity)s? (?:was )?(?:rejected|declined|refused|disqualified)", Kind.SALES_REJECTED),
    (r"(?:lead|contact|prospect|deal|opportunity)s? (?:was )?qualified", Kind.SALES_STAGE_CHANGED),
    (r"lead (?:was )?convert(?:ed)?", Kind.SALES_CONVERTED),
    (r"(?:contact|person|lead|company|deal)s? (?:was )?merged?", Kind.SALES_MERGED),
    (r"(?:task|to ?do|activity)s? (?:was )?(?:completed?|done|finished|closed)", Kind.SALES_FOLLOW_UP),
    (r"(?:outbound |outgoing )?call (?:completed|ended|logged|finished|made|done|analyzed|analysed|summari[sz]ed)|end of call(?: report)?|sms sent|message sent", Kind.OUTREACH_LOGGED),
    (r"task (?:was )?(?:created|added|opened)", Kind.SALES_TASK_OPEN),
    (r"note (?:was )?(?:created|added)", Kind.NOTE_ADDED),
    (r"(?:deal|opportunity)s? (?:was )?(?:creat(?:ed?|ion)|add(?:ed)?|new)|new (?:deal|opportunity)|oncrmdealadd", Kind.DEAL_CREATED),
    (r"(?:deal|opportunity)s? (?:was )?(?:updat(?:ed?|es)|edit(?:ed)?|changed|modified)|oncrmdealupdate", Kind.DEAL_UPDATED),
    (r"(?:deal|opportunity)s? (?:was )?(?:deleted?|removed?)|oncrmdealdelete", Kind.DEAL_DELETED),
    (r"(?:company|companies|organization|organisation|account)s? (?:was )?(?:created?|added?|new)|new (?:company|organization)|oncrmcompanyadd", Kind.COMPANY_CREATED),
    (r"(?:company|companies|organization|organisation|account)s? (?:was )?(?:updated?|changed|edited?)|oncrmcompanyupdate", Kind.COMPANY_UPDATED),
    (r"(?:company|companies|organization|organisation|account)s? (?:was )?(?:deleted?|removed?)|oncrmcompanydelete", Kind.COMPANY_DELETED),
    (r"activity (?:was )?(?:created?|added?)|oncrmactivityadd", Kind.ACTIVITY_CREATED),
    (r"activity (?:was )?(?:updated?|changed)|oncrmactivityupdate", Kind.ACTIVITY_UPDATED),
    (r"activity (?:was )?(?:deleted?|removed?)|oncrmactivitydelete", Kind.ACTIVITY_DELETED),
    (r"consent (?:was )?(?:given|granted)", Kind.CONSENT_GIVEN),
    (r"consent (?:was )?(?:withdrawn|revoked)", Kind.CONSENT_WITHDRAWN),
)  # fmt: skip
_COMPILED = tuple((re.compile(pattern), kind) for pattern, kind in _RULES)

_STEPS = re.compile(r"[.:/]+")


@cache_by_name
def kind_of(word: str) -> Kind:
    """Our kind for a sender's word such as `contact.created`, `BOOKING_CANCELLED` or `Form Submitted`."""
    said = label(word).replace("_", " ").replace("un subscri", "unsubscri")
    steps = _STEPS.split(word)
    # Of `users.messages.email.open` the end is what happened.
    for phrase in (said, label(" ".join(steps[-2:])).replace("_", " ") if len(steps) > 2 else ""):
        kind = next((kind for pattern, kind in _COMPILED if phrase and pattern.fullmatch(phrase)), Kind.UNCLASSIFIED)
        if kind is not Kind.UNCLASSIFIED:
            return kind
    return Kind.UNCLASSIFIED
