"""The signal: one fact that came in, as every parser yields it and as it travels on the signals topic.

A signal holds *facts* (what decisions are made on) and *personal* data (names, addresses, numbers, free text).
The store keeps the two (`PERSONAL_FIELDS`) in columns of their own, so that an erasure empties one of them.
"""

from __future__ import annotations

import math
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from pydantic import AfterValidator, BeforeValidator, Field

from schemas.domains import host_of
from schemas.headcount import is_range, lower_end
from schemas.instants import At, InUTC, plausible
from schemas.json_values import JsonObject
from schemas.parts import Part
from schemas.places import country_code, language_code, post_code, town_of
from schemas.roster import RosterChange
from schemas.words import Side

Mode = Literal["live", "test", "import", "observe"]
Proof = Literal["none", "signed"]
"""How it was proven who sent it. `none`: anybody may have. `signed`: its sender holds the source's secret or an API key, is the
operator, or is the service itself. What was recorded before this was kept was decided on as if signed."""


class Kind(StrEnum):
    """Our words for what happened. The sender's own word is kept beside it as `source_kind`."""

    # touches and engagement
    PROSPECT_LISTED = "prospect.listed"
    CONTACT_CREATED = "contact.created"
    CONTACT_UPDATED = "contact.updated"
    CONTACT_DELETED = "contact.deleted"
    FORM_SUBMITTED = "form.submitted"
    EMAIL_SENT = "email.sent"
    EMAIL_DELIVERED = "email.delivered"
    EMAIL_OPENED = "email.opened"
    EMAIL_CLICKED = "email.clicked"
    EMAIL_REPLIED = "email.replied"
    EMAIL_BOUNCED = "email.bounced"
    PAGE_VISITED = "page.visited"
    AD_CLICKED = "ad.clicked"
    MESSAGE_RECEIVED = "message.received"
    CALL_RECEIVED = "call.received"
    OUTREACH_LOGGED = "outreach.logged"
    EVENT_ATTENDED = "event.attended"
    POINTS_CHANGED = "points.changed"
    TAG_ADDED = "tag.added"
    TAG_REMOVED = "tag.removed"
    LIST_SUBSCRIBED = "list.subscribed"
    LIST_UNSUBSCRIBED = "list.unsubscribed"
    UNCLASSIFIED = "unclassified"
    # consent and disposition
    CONSENT_GIVEN = "consent.given"
    CONSENT_WITHDRAWN = "consent.withdrawn"
    DISPOSITION_SET = "disposition.set"
    # records of a CRM that are no sales work in themselves
    COMPANY_CREATED = "company.created"
    COMPANY_UPDATED = "company.updated"
    COMPANY_DELETED = "company.deleted"
    DEAL_CREATED = "deal.created"
    DEAL_UPDATED = "deal.updated"
    DEAL_DELETED = "deal.deleted"
    ACTIVITY_CREATED = "activity.created"
    ACTIVITY_UPDATED = "activity.updated"
    ACTIVITY_DELETED = "activity.deleted"
    NOTE_ADDED = "note.added"
    # sales facts
    SALES_ACCEPTED = "sales.accepted"
    SALES_REJECTED = "sales.rejected"
    SALES_FOLLOW_UP = "sales.follow_up"
    SALES_MEETING_BOOKED = "sales.meeting_booked"
    SALES_MEETING_HELD = "sales.meeting_held"
    SALES_MEETING_CANCELLED = "sales.meeting_cancelled"
    SALES_OWNER_CHANGED = "sales.owner_changed"
    SALES_STAGE_CHANGED = "sales.stage_changed"
    SALES_WON = "sales.won"
    SALES_LOST = "sales.lost"
    SALES_RETURNED = "sales.returned"
    SALES_CONVERTED = "sales.converted"
    SALES_MERGED = "sales.merged"
    SALES_TASK_OPEN = "sales.task_open"
    CRM_LINKED = "crm.linked"
    # roster facts
    ROSTER_ABSENT = "roster.absent"
    ROSTER_RETURNED = "roster.returned"
    ROSTER_JOINED = "roster.joined"
    ROSTER_LEFT = "roster.left"
    POOL_PAUSED = "pool.paused"
    POOL_RESUMED = "pool.resumed"
    # asked for by command
    LEAD_PARKED = "lead.parked"
    LEAD_UNPARKED = "lead.unparked"
    LEAD_LISTED = "lead.listed"
    AGREEMENT_APPROVED = "agreement.approved"
    PERSON_ERASURE_REQUESTED = "person.erasure_requested"
    # our own: written by the watcher and by operators, refused from outside
    CLOCK_DUE = "clock.due"
    CLOCK_RECHECK = "clock.recheck"
    LEAD_CHECK = "lead.check"
    LEAD_REDRIVE = "lead.redrive"
    OWNER_AWAY = "owner.away"
    LEAD_MERGE = "lead.merge"
    LEAD_UNMERGE = "lead.unmerge"
    PERIOD_BEGUN = "period.begun"


INTERNAL_KINDS = frozenset(
    {
        Kind.CLOCK_DUE,
        Kind.CLOCK_RECHECK,
        Kind.LEAD_CHECK,
        Kind.LEAD_REDRIVE,
        Kind.OWNER_AWAY,
        Kind.LEAD_MERGE,
        Kind.LEAD_UNMERGE,
        Kind.PERIOD_BEGUN,
        Kind.LEAD_PARKED,
        Kind.LEAD_UNPARKED,
        Kind.LEAD_LISTED,
        Kind.AGREEMENT_APPROVED,
        Kind.ROSTER_JOINED,
        Kind.ROSTER_LEFT,
        Kind.POOL_PAUSED,
        Kind.POOL_RESUMED,
    }
)
OWN_QUESTIONS = frozenset(
    {
        Kind.CLOCK_DUE,
        Kind.CLOCK_RECHECK,
        Kind.LEAD_CHECK,
        Kind.LEAD_REDRIVE,
        Kind.OWNER_AWAY,
        Kind.PERIOD_BEGUN,
    }
)
"""Internal kinds that the router, the watcher or an operator's tool asks by; nobody was answered 202 for one."""
LISTINGS = frozenset({Kind.PROSPECT_LISTED, Kind.CONTACT_CREATED, Kind.CONTACT_UPDATED})
"""Kinds that make a person known without anybody having reached out."""

INBOUND = frozenset(
    {
        Kind.FORM_SUBMITTED,
        Kind.EMAIL_OPENED,
        Kind.EMAIL_CLICKED,
        Kind.EMAIL_REPLIED,
        Kind.PAGE_VISITED,
        Kind.AD_CLICKED,
        Kind.MESSAGE_RECEIVED,
        Kind.CALL_RECEIVED,
        Kind.EVENT_ATTENDED,
        Kind.LIST_SUBSCRIBED,
        Kind.SALES_MEETING_BOOKED,
        Kind.SALES_MEETING_HELD,
    }
)
"""Touches that came from the lead. An automated one (`automated: true`, an auto-reply) does not count as engagement."""

OUTREACH = frozenset({Kind.EMAIL_SENT, Kind.EMAIL_DELIVERED, Kind.OUTREACH_LOGGED, Kind.SALES_FOLLOW_UP})
"""Touches that came from us."""

TOUCHES = INBOUND | OUTREACH

REQUESTS = frozenset({Kind.FORM_SUBMITTED, Kind.MESSAGE_RECEIVED, Kind.CALL_RECEIVED, Kind.SALES_MEETING_BOOKED})
"""What somebody asks of us: who does becomes a lead, or is set aside where somebody sees it."""


def _text(value: object) -> object:
    """Senders mix numbers and strings for ids and answers; we keep their digits as text, trimmed, never empty."""
    if isinstance(value, str):
        # PostgreSQL can store no NUL in text; nothing a person wrote contains one.
        return (value.replace("\x00", "") if "\x00" in value else value).strip() or None
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return str(value)
    return value


Text = Annotated[str | None, BeforeValidator(_text)]
Language = Annotated[Text, AfterValidator(language_code), Field(description="ISO 639-1, two letters")]


def _finite(value: float | None) -> float | None:
    """ "NaN" and "Infinity" are no amounts, though programs take them for numbers."""
    return value if value is not None and math.isfinite(value) else None


Amount = Annotated[float | None, AfterValidator(_finite)]


class Person(Part, frozen=True, kw_only=True):
    """Who it is about, as written by the sender, trimmed. Personal data."""

    email: Text = None
    first_name: Text = None
    last_name: Text = None
    full_name: Text = None
    phone: Text = None


class Company(Part, frozen=True, kw_only=True):
    """The organisation the person acts for, and where it is. Not personal data: decisions may use it.

    Of a size that is written as a range `employees` is the lower end; `employees_range` keeps what was written.
    """

    name: Text = None
    domain: Annotated[Text, AfterValidator(host_of), Field(description="the host of a web site, without www")] = None
    industry: Text = None
    country: Annotated[Text, AfterValidator(country_code), Field(description="ISO 3166-1, two letters")] = None
    employees: Annotated[Annotated[int, Field(ge=0)] | None, BeforeValidator(lower_end)] = None
    employees_range: Text = None
    region: Text = None
    city: Text = None
    postcode: Annotated[Text, AfterValidator(post_code), Field(description="without gaps")] = None

    @classmethod
    def tidy(cls, given: JsonObject) -> JsonObject:
        """What one field says of two facts, each in its place: a range of employees, a postcode with its town."""
        fields, size = dict(given), given.get("employees")
        if fields.get("employees_range") is None and is_range(size):
            fields["employees_range"] = str(size).strip()
        for name in ("postcode", "city"):
            line = given.get(name)
            if isinstance(line, str) and (town := town_of(line)) is not None:
                fields["postcode"] = given.get("postcode") or line
                fields["city"] = town if name == "city" else fields.get("city") or town
        return fields


Object = Literal["person", "company", "deal", "activity"]


class Reference(Part, frozen=True, kw_only=True, omit_defaults=False):
    """A typed reference into another system; only one to a `person` names a lead."""

    # Written whole: events, which hold it, say null of an account that is not known.

    system: str
    account: str | None = None
    object: Object
    id: Annotated[str, BeforeValidator(_text)]


class Actor(Part, frozen=True, kw_only=True):
    """Who did it, as far as the sender says so. `reference` is the person's id in the sender's system, `email` a colleague's
    address: the roster may know either."""

    kind: Literal["person", "automation", "system"] | None = None
    reference: Text = None
    email: Text = None


class Sales(Part, frozen=True, kw_only=True):
    """What a CRM says of sales work, verbatim: stage or status ids, owner ids, activity types are the CRM's own.

    Of a meeting the owner is who invites. `owner_email` is a colleague's address, which the roster may know as well.
    """

    from_: Text = msgspec.field(default=None, name="from")
    to: Text = None
    owner_id: Text = None
    owner_email: Text = None
    activity_type: Text = None
    done: bool | None = None


def _or_none(value: datetime | None) -> datetime | None:
    """What some write for "not known" is not known: a withdrawal of the year 1 would lose to every consent."""
    return plausible(value) if value is not None else None


class Consent(Part, frozen=True, kw_only=True):
    """A consent as the sender states it; `state` is `given` or `withdrawn`."""

    purpose: str
    state: Literal["given", "withdrawn"]
    basis: Text = None
    at: Annotated[At | None, AfterValidator(_or_none)] = None


class Asserted(Part, frozen=True, kw_only=True):
    """What an import says of a lead beside stage, owner and consents; `track` belongs to the stage nurturing."""

    track: Literal["warm_up", "recycle", "growth"] | None = None
    disposition: Literal["active", "spam", "not_a_buyer", "do_not_contact"] | None = None


Echo = Literal["user", "app", "value", "marker"]
"""How our own write was known when it came back: by the user that we write as, by the app that wrote it, by what was written, or by the
marker of a note or task of ours."""


class Parsed(Part, frozen=True, kw_only=True):
    """What a parser reads off a body: facts only, nothing guessed, absent facts are None.

    `occurred_at` is the sender's time of the fact; ingest puts its own arrival time there when the body has none.
    `findings` are for whoever set the source up: what its configuration names and this body does not have.
    `former_emails` are addresses that the same person had before; `address_changed` says that the address is a new one of theirs.
    `lists` are the lists, by id and by name, that somebody joined or left, or that a mail went to. `echo`: our own write came back.
    """

    kind: Kind
    source_kind: Text = None
    occurred_at: At | None = None
    mode: Mode = "live"
    person: Person = Person()
    company: Company = Company()
    language: Language = None
    phone_verified: bool = False
    external_id: Text = None
    references: tuple[Reference, ...] = ()
    previous: tuple[Reference, ...] = ()
    former_emails: tuple[str, ...] = ()
    address_changed: bool = False
    actor: Actor = Actor()
    automated: bool = False
    echo: Echo | None = None
    sales: Sales | None = None
    reason: Text = None
    criterion: Text = None
    asserted: Asserted | None = None
    handover_id: Text = None
    offer_id: Text = None
    amount: Amount = None
    currency: Text = None
    consents: tuple[Consent, ...] = ()
    form_id: Text = None
    campaign: Text = None
    utm: dict[str, str] = {}
    tags: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    fields: JsonObject = {}
    findings: tuple[str, ...] = ()
    dedupe_key: str


LONGEST_PLACE = 640
"""Characters of a place in a body and of the reason why it was not understood: both hold names that the sender chose. Who
keeps them cuts them shorter, once addresses are struck out: these here may be half of one."""
Cut = Annotated[str, AfterValidator(lambda text: text[:LONGEST_PLACE])]


class Quarantined(Part, frozen=True, kw_only=True):
    """A body, or one event of a batch, that could not be understood: `where` is the path in the body. Both are cut here, so
    that nobody who keeps, logs or searches them meets a text of any length."""

    quarantined: Cut
    where: Cut = "$"


IdentityKind = Literal[
    "email",
    "person",
    "phone",
    "handover",
    "deal",
    "activity",
    "company",
    "domain",
    "like_name",
    "like_phone",
    "phone_name",
]


class IdentityKey(Part, frozen=True, kw_only=True):
    """One identity, as a keyed digest (HMAC-SHA256, hex, 32 digits): equal for equal people, tells nothing of them.

    `email`, `person` and `phone` may name a lead (`phone` only where `verified`); `deal` and `activity` find one
    through recorded links, a `handover` (digest: our own id of it) too; `company` and `domain` find the account.
    `like_name` (a full name at a company's domain) and `like_phone` name nobody for sure: they propose that two are one, and
    `like_phone` and `phone_name` (a number with a name) find the lead of a number where nothing contradicts.

    `former`: an address that the person had before. `account`: the id was said without its account, and may be meant so only
    while this account (16 hex digits for the system, 16 for the account) is the one that is known of its system.
    """

    kind: IdentityKind
    digest: str
    verified: bool = True
    former: bool = False
    account: str | None = None


class ClockDue(Part, frozen=True, kw_only=True):
    """Body of a `clock.due` signal: which clock, in which revision, had to be looked at when (a warning point, the due
    instant, a rung of the ladder), and when the watcher noticed."""

    clock_id: str
    revision: int
    lead_id: str
    due_at: At
    noticed_at: At


class Commanded(Part, frozen=True, kw_only=True):
    """Who asked for it: the name of the API key or `operator`, and their person of the roster where they are one.
    `agreement` is the hash that is approved, for `side`."""

    name: str
    principal: str
    person: str | None = None
    lists: tuple[str, ...] = ()
    until: At | None = None
    agreement: str | None = None
    side: Side | None = None


class Repeat(Part, frozen=True, kw_only=True):
    """Of a request whose delivery has no id: `key` is a keyed digest of the body, equal for equal ones of a source; within
    so many seconds of one another two of them are one request."""

    key: str
    seconds: int


class Signal(Parsed, frozen=True, kw_only=True):
    """A parsed fact with what ingest adds: the record on the signals topic (JSON, UTF-8).

    `id` is derived from (source, dedupe key); `identities` are digests of the normalised identities, strongest first;
    `partition_key` is a keyed digest of the strongest one. `attempt` rises with each redrive. `assumed` are the company's facts
    that the sender did not say (the domain of the person's address, the source's own country): they only fill gaps. `names` are
    digests of the words of the person's name, each with that of its initial.
    `next_window_id`: of a fact that has no id of its own and is no request, the id of its repetition in the next window of time.
    `proof`: how it was proven who sent it. Where nobody proved it, it happened when it was received, and `claimed_at` is when its sender
    says it did: that orders, starts and ends nothing. `consent_vouched`: nobody proved it, but the file of sources says that this sender's yes
    is a consent.
    """

    id: str
    source: str
    proof: Proof = "signed"
    consent_vouched: bool = False
    claimed_at: InUTC | None = None
    brand: str = "default"
    received_at: InUTC
    occurred_at: InUTC
    identities: tuple[IdentityKey, ...] = ()
    partition_key: str
    assumed: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    attempt: int = 0
    clock: ClockDue | None = None
    lead_id: str | None = None
    other_lead_id: str | None = None
    command: Commanded | None = None
    roster: RosterChange | None = None
    traceparent: str | None = None
    repeat: Repeat | None = None
    next_window_id: str | None = None


def is_request(parsed: Parsed) -> bool:
    """Whether a person asks for something: no test, no import, nothing that a program did."""
    by_person = not parsed.automated and parsed.actor.kind not in ("automation", "system")
    return parsed.kind in REQUESTS and parsed.mode in ("live", "observe") and by_person


PERSONAL_FIELDS = ("person", "fields", "utm", "former_emails")
"""Fields of a signal that hold personal data or free text; a sender can put anything into a campaign parameter."""


def happened_at(signal: Signal) -> datetime:
    """When the fact happened, never after it was received: a sender's clock that runs ahead does not rule ours."""
    if signal.occurred_at <= signal.received_at:
        return signal.occurred_at
    return signal.received_at
