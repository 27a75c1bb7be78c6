"""What a source may say: each kind of signal, and each block of facts in one, is of exactly one class."""

from __future__ import annotations

from typing import Literal, get_args

from schemas.signals import INTERNAL_KINDS, Kind

May = Literal["form", "engagement", "consent", "sales", "import", "test", "erasure"]
"""`form`: what a person asks of us (a form, a message, a call, a booking), with the boxes they ticked. `engagement`: who is
known, and what they and our campaigns did. `consent`: that somebody consented, as a record or an event of its own. `sales`: what
our people did or decided, and whose a lead is. `import`: stage, owner and disposition as asserted on day one. `test`: that a
delivery is a test. `erasure`: that a person is erased here, too, as they asked or as their record was deleted there. A withdrawal of consent is of no class: it is believed from anybody."""
CLASSES: tuple[May, ...] = get_args(May)

_FORM = (Kind.FORM_SUBMITTED, Kind.MESSAGE_RECEIVED, Kind.CALL_RECEIVED, Kind.SALES_MEETING_BOOKED)
_ENGAGEMENT = (
    Kind.PROSPECT_LISTED,
    Kind.CONTACT_CREATED,
    Kind.CONTACT_UPDATED,
    Kind.CONTACT_DELETED,
    Kind.COMPANY_CREATED,
    Kind.COMPANY_UPDATED,
    Kind.COMPANY_DELETED,
    Kind.EMAIL_SENT,
    Kind.EMAIL_DELIVERED,
    Kind.EMAIL_OPENED,
    Kind.EMAIL_CLICKED,
    Kind.EMAIL_REPLIED,
    Kind.EMAIL_BOUNCED,
    Kind.PAGE_VISITED,
    Kind.AD_CLICKED,
    Kind.EVENT_ATTENDED,
    Kind.POINTS_CHANGED,
    Kind.TAG_ADDED,
    Kind.TAG_REMOVED,
    Kind.LIST_SUBSCRIBED,
    Kind.UNCLASSIFIED,
)
_SALES = (
    Kind.OUTREACH_LOGGED,
    Kind.NOTE_ADDED,
    Kind.DISPOSITION_SET,
    Kind.CRM_LINKED,
    Kind.DEAL_CREATED,
    Kind.DEAL_UPDATED,
    Kind.DEAL_DELETED,
    Kind.ACTIVITY_CREATED,
    Kind.ACTIVITY_UPDATED,
    Kind.ACTIVITY_DELETED,
    Kind.SALES_ACCEPTED,
    Kind.SALES_REJECTED,
    Kind.SALES_FOLLOW_UP,
    Kind.SALES_MEETING_HELD,
    Kind.SALES_MEETING_CANCELLED,
    Kind.SALES_OWNER_CHANGED,
    Kind.SALES_STAGE_CHANGED,
    Kind.SALES_WON,
    Kind.SALES_LOST,
    Kind.SALES_RETURNED,
    Kind.SALES_CONVERTED,
    Kind.SALES_MERGED,
    Kind.SALES_TASK_OPEN,
    Kind.ROSTER_ABSENT,
    Kind.ROSTER_RETURNED,
)

Classed = May | Literal["anybody", "nobody"]
"""`anybody`: no source needs leave for it. `nobody`: our own kinds, which no source may send."""
CLASS_OF: dict[Kind, Classed] = {
    **dict.fromkeys(_FORM, "form"),
    **dict.fromkeys(_ENGAGEMENT, "engagement"),
    **dict.fromkeys(_SALES, "sales"),
    Kind.CONSENT_GIVEN: "consent",
    Kind.PERSON_ERASURE_REQUESTED: "erasure",
    Kind.CONSENT_WITHDRAWN: "anybody",
    Kind.LIST_UNSUBSCRIBED: "anybody",
    **dict.fromkeys(INTERNAL_KINDS, "nobody"),
}
"""Every kind is in it once."""

BLOCK_CLASS: dict[str, Classed] = {
    **dict.fromkeys(
        [
            "kind",
            "source_kind",
            "occurred_at",
            "person",
            "company",
            "language",
            "phone_verified",
            "external_id",
            "previous",
            "former_emails",
            "address_changed",
            "automated",
            "echo",
            "reason",
            "criterion",
            "amount",
            "currency",
            "form_id",
            "campaign",
            "utm",
            "lists",
            "tags",
            "fields",
            "findings",
            "dedupe_key",
        ],
        "anybody",
    ),
    "mode": "test",
    "asserted": "import",
    "consents": "consent",
    "actor": "sales",
    "sales": "sales",
    "references": "sales",
    "handover_id": "sales",
    "offer_id": "sales",
}
"""Every field of a signal that a parser fills. Of `mode` it is `test`, and `import`, that need leave; of `consents` what was given, where
it is no act of the person's own; of `actor` which colleague it was; of `references` those to deals."""
