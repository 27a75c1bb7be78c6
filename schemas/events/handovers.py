"""Events on the topic `handovers`: an opportunity offered with its dossier, and what came of it."""

from __future__ import annotations

from schemas.events.base import DossierContact, EventData, Owner
from schemas.events.parts import EventPart
from schemas.instants import At
from schemas.signals import Reference


class DossierEntry(EventPart, frozen=True, kw_only=True):
    """A message, call, meeting, form or note of the lead's history; its words are in `personal.said` by `signal_id`."""

    signal_id: str
    at: At
    kind: str
    source: str
    form_id: str | None = None
    by: str | None = None


class Dossier(EventPart, frozen=True, kw_only=True):
    """What marketing knows, facts only; the need, the contact and the words are in `personal`.

    Of a size that was written as a range `company_employees` is the lower end; `company_country` is ISO 3166-1, two letters.
    `missing` are the parts that the agreement asks for and that are not there: a finding against marketing. `unproven` are names of
    the lead's facts that nobody proven has said, `assumed` those that nobody said at all. `hash` is another one as soon as anything
    here is: SHA-256 over the JSON of the rest, its first 128 bits in hexadecimal.
    """

    company_name: str | None = None
    company_domain: str | None = None
    company_industry: str | None = None
    company_employees: int | None = None
    company_country: str | None = None
    company_region: str | None = None
    company_city: str | None = None
    company_postcode: str | None = None
    source: str | None = None
    campaign: str | None = None
    tags: tuple[str, ...] = ()
    signals: dict[str, int] = {}
    references: tuple[Reference, ...] = ()
    next_step: str | None = None
    meeting_booked_at: At | None = None
    entries: tuple[DossierEntry, ...] = ()
    complete: bool = True
    missing: tuple[str, ...] = ()
    unproven: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    hash: str | None = None


class Qualification(EventPart, frozen=True, kw_only=True):
    """Why the lead was handed over, as of when the hand-over began; a later offer says the same.

    `fact` moved it: the definition `sales_qualified`, a `sales_ready` tag, or a `meeting_booked`; `signal_id` brought it.
    `reasons` say it in words, a line each: what was asked, and what was known of it. `fit`, `intent` and their sum `score` are points, null
    where the agreement gives none.
    """

    fact: str
    at: At
    signal_id: str
    signal_kind: str
    fit: int | None = None
    intent: int | None = None
    score: int | None = None
    reasons: tuple[str, ...] = ()


class Paths(EventPart, frozen=True, kw_only=True):
    """Where our API shows the lead, and why it is where it is: paths below the service's public URL."""

    lead: str
    explanation: str


class _Handover(EventData, frozen=True, kw_only=True):
    topic = "handovers"
    handover_id: str
    pass_number: int
    offer_id: str | None = None
    owner: Owner | None = None
    references: tuple[Reference, ...] = ()


class HandoverOffered(_Handover, frozen=True, kw_only=True):
    """The lead is offered to `owner`, for the `offer_number`th time in this hand-over (from 1), until `expires_at`.

    `follow_up_due_at` is when the first promise to follow up that runs now is due, that of `follow_up_clock_id`; null where none
    runs yet, as for one that starts with the acceptance.
    """

    type_name = "stafett.handover.offered.v1"
    offer_number: int
    expires_at: At | None = None
    follow_up_due_at: At | None = None
    follow_up_clock_id: str | None = None
    qualification: Qualification | None = None
    paths: Paths | None = None
    dossier: Dossier = Dossier()
    personal: DossierContact | None = None


class HandoverBlocked(_Handover, frozen=True, kw_only=True):
    """The offer may not leave yet: the dossier lacks `missing`, and the agreement says that this blocks it."""

    type_name = "stafett.handover.blocked.v1"
    missing: tuple[str, ...]


class HandoverAccepted(_Handover, frozen=True, kw_only=True):
    type_name = "stafett.handover.accepted.v1"


class HandoverAcceptedLate(_Handover, frozen=True, kw_only=True):
    """An acceptance came out after the lead went on from who was offered it. `in_time`: it happened while the offer was open.
    `holder` had the lead meanwhile, `kept_by` has it from now on, `to` are told: both, and the managers."""

    type_name = "stafett.handover.accepted_late.v1"
    accepted_at: At
    in_time: bool
    holder: Owner | None = None
    kept_by: Owner | None = None
    to: tuple[Owner, ...] = ()


class HandoverRejected(_Handover, frozen=True, kw_only=True):
    type_name = "stafett.handover.rejected.v1"
    reason: str | None = None
    criterion: str | None = None


class HandoverWithdrawn(_Handover, frozen=True, kw_only=True):
    type_name = "stafett.handover.withdrawn.v1"
    reason: str


class HandoverExpired(_Handover, frozen=True, kw_only=True):
    type_name = "stafett.handover.expired.v1"
    expired_at: At


class HandoverFollowedUp(_Handover, frozen=True, kw_only=True):
    type_name = "stafett.handover.followed_up.v1"
    followed_up_at: At
    activity_type: str | None = None


class HandoverWon(_Handover, frozen=True, kw_only=True):
    """`owner` is who won it. `outside_process`: no hand-over was open; `corrects` is what was said to be its end before."""

    type_name = "stafett.handover.won.v1"
    amount: float | None = None
    currency: str | None = None
    outside_process: bool = False
    corrects: str | None = None


class HandoverLost(_Handover, frozen=True, kw_only=True):
    type_name = "stafett.handover.lost.v1"
    reason: str | None = None


class HandoverReturned(_Handover, frozen=True, kw_only=True):
    type_name = "stafett.handover.returned.v1"
    reason: str | None = None


class HandoverTransferred(_Handover, frozen=True, kw_only=True):
    """A deal has another `owner`, for this `reason`; what is known of the lead comes with it."""

    type_name = "stafett.handover.transferred.v1"
    from_owner: Owner | None = None
    reason: str
    dossier: Dossier = Dossier()
    personal: DossierContact | None = None


class HandoverLinked(_Handover, frozen=True, kw_only=True):
    """The CRM answered with its own ids of the opportunity."""

    type_name = "stafett.handover.linked.v1"
