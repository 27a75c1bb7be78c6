"""Events out: the typed `data` of every event, by topic. `schemas.envelope` has what goes around it."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from schemas.signals import Mode, Person, Reference

Topic = Literal["leads", "handovers", "sla", "marketing"]
TOPICS: tuple[Topic, ...] = ("leads", "handovers", "sla", "marketing")
Stage = Literal["prospecting", "contact", "qualification", "hand_over", "deal", "nurturing"]
STAGES: tuple[Stage, ...] = ("prospecting", "contact", "qualification", "hand_over", "deal", "nurturing")
Track = Literal["warm_up", "recycle", "growth"]
Disposition = Literal["active", "spam", "not_a_buyer", "do_not_contact", "erased"]


class Owner(BaseModel):
    """A person of the roster with the ids that other systems know them by, as `{system: id}`."""

    model_config = ConfigDict(frozen=True)
    person: str
    ids: dict[str, str] = {}


class EventData(BaseModel):
    """Base of all event bodies. `type_name` and `topic` belong to the class; `mode` is the mode of the causing signal."""

    model_config = ConfigDict(frozen=True)
    type_name: ClassVar[str]
    topic: ClassVar[Topic]
    mode: Mode = "live"


class Said(BaseModel):
    """What was said with one entry of a dossier's record."""

    model_config = ConfigDict(frozen=True)
    signal_id: str
    words: dict[str, Any]


class Contact(BaseModel):
    """Personal part of an event: whom it is about, so that a platform can find them. Emptied by an erasure."""

    model_config = ConfigDict(frozen=True)
    person: Person = Person()
    answers: dict[str, Any] = {}


class DossierContact(Contact):
    """The words of a dossier: what they need, and what was said, by the entries of the record."""

    said: tuple[Said, ...] = ()


# --- leads ------------------------------------------------------------------------------------------------------------
class LeadCreated(EventData):
    type_name = "stafett.lead.created.v1"
    topic = "leads"
    stage: Stage
    source: str
    signal_kind: str
    references: tuple[Reference, ...] = ()
    personal: Contact | None = None


class LeadStageChanged(EventData):
    type_name = "stafett.lead.stage_changed.v1"
    topic = "leads"
    from_stage: Stage | None
    to_stage: Stage
    pass_number: int
    reason: str
    track: Track | None = None


class LeadOwnerChanged(EventData):
    """`why` is the assignment's compact evidence: pool, candidates passed over with the code of the reason, ledger."""

    type_name = "stafett.lead.owner_changed.v1"
    topic = "leads"
    from_owner: Owner | None
    to_owner: Owner | None
    rule: str
    why: dict[str, Any] = {}


class LeadTouched(EventData):
    type_name = "stafett.lead.touched.v1"
    topic = "leads"
    owner: Owner | None
    stage: Stage
    signal_kind: str
    source: str
    references: tuple[Reference, ...] = ()
    personal: Contact | None = None


Milestone = Literal["marketing_qualified", "opportunity"]


class LeadDefinitionMet(EventData):
    """A definition that moves nobody was met, for the first time in this pass; points where it asked for them."""

    type_name = "stafett.lead.definition_met.v1"
    topic = "leads"
    definition: Milestone
    stage: Stage
    pass_number: int
    fit: int | None = None
    intent: int | None = None


class LeadDispositionChanged(EventData):
    type_name = "stafett.lead.disposition_changed.v1"
    topic = "leads"
    from_disposition: Disposition
    to_disposition: Disposition
    reason: str | None = None


class LeadMergeProposed(EventData):
    """Two leads may be one person, told once: `kept` is the one that the signal is about, `other` the one it might be.

    `evidence` are the kinds of identity that say so (`email`, `person`, `like_name`: the same full name at the same
    company's domain, `like_phone`), `score` how much they weigh together, from 0 to 1.
    """

    type_name = "stafett.lead.merge_proposed.v1"
    topic = "leads"
    kept: str
    other: str
    evidence: tuple[str, ...]
    score: float | None = None


class LeadMerged(EventData):
    """`gone` is one with `kept` from now on: told of both. What is told of `gone` goes to `kept`; nothing is deleted.

    `owner` has `kept`, `other_owner` had `gone`; `references` are the records of `gone` in other systems.
    """

    type_name = "stafett.lead.merged.v1"
    topic = "leads"
    kept: str
    gone: str
    by: str
    reason: str | None = None
    owner: Owner | None = None
    other_owner: Owner | None = None
    references: tuple[Reference, ...] = ()


class LeadUnmerged(EventData):
    """`gone` is a lead of its own again, as it was: told of both."""

    type_name = "stafett.lead.unmerged.v1"
    topic = "leads"
    kept: str
    gone: str
    by: str
    reason: str | None = None
    owner: Owner | None = None
    other_owner: Owner | None = None
    references: tuple[Reference, ...] = ()


class LeadHeld(EventData):
    """A signal of this lead could not be processed: it waits as a dead letter, later ones queue behind it."""

    type_name = "stafett.lead.held.v1"
    topic = "leads"
    dead_letter_id: str
    error_class: str


class LeadInLimbo(EventData):
    """A defect: nobody has this lead, nothing waits for anybody to take it, and no reason why is recorded.

    `reason`: no_owner_and_no_reason, owner_is_gone, nobody_works_it, never_offered, no_open_offer.
    """

    type_name = "stafett.lead.in_limbo.v1"
    topic = "leads"
    reason: str
    stage: Stage
    owner: Owner | None = None


class LeadEscalated(EventData):
    """Managers have to look: `reason` is fallback_away, where the person of last resort has it and is not at work
    (`why`: absent, inactive, unknown). `to` are all managers who are here."""

    type_name = "stafett.lead.escalated.v1"
    topic = "leads"
    reason: str
    why: str | None = None
    stage: Stage
    owner: Owner | None = None
    to: tuple[Owner, ...] = ()


class LeadReleased(EventData):
    type_name = "stafett.lead.released.v1"
    topic = "leads"
    processed: int


class LeadParked(EventData):
    """Somebody asked that it be neither qualified nor handed over for now, at the latest `until` then."""

    type_name = "stafett.lead.parked.v1"
    topic = "leads"
    by: str
    reason: str | None = None
    until: AwareDatetime | None = None


class LeadUnparked(EventData):
    type_name = "stafett.lead.unparked.v1"
    topic = "leads"
    by: str
    reason: str | None = None


# --- hand-overs -------------------------------------------------------------------------------------------------------
class DossierEntry(BaseModel):
    """A message, call, meeting, form or note of the lead's history; its words are in `personal.said` by `signal_id`."""

    model_config = ConfigDict(frozen=True)
    signal_id: str
    at: AwareDatetime
    kind: str
    source: str
    form_id: str | None = None
    by: str | None = None


class Dossier(BaseModel):
    """What marketing knows, facts only; the need, the contact and the words are in `personal`.

    `missing` are the parts that the agreement asks for and that are not there: a finding against marketing.
    """

    model_config = ConfigDict(frozen=True)
    company_name: str | None = None
    company_domain: str | None = None
    source: str | None = None
    campaign: str | None = None
    tags: tuple[str, ...] = ()
    signals: dict[str, int] = {}
    references: tuple[Reference, ...] = ()
    next_step: str | None = None
    meeting_booked_at: AwareDatetime | None = None
    entries: tuple[DossierEntry, ...] = ()
    complete: bool = True
    missing: tuple[str, ...] = ()


class _Handover(EventData):
    topic = "handovers"
    handover_id: str
    pass_number: int
    offer_id: str | None = None
    owner: Owner | None = None
    references: tuple[Reference, ...] = ()


class HandoverOffered(_Handover):
    type_name = "stafett.handover.offered.v1"
    offer_number: int
    expires_at: AwareDatetime | None = None
    dossier: Dossier = Dossier()
    personal: DossierContact | None = None


class HandoverBlocked(_Handover):
    """The offer may not leave yet: the dossier lacks `missing`, and the agreement says that this blocks it."""

    type_name = "stafett.handover.blocked.v1"
    missing: tuple[str, ...]


class HandoverAccepted(_Handover):
    type_name = "stafett.handover.accepted.v1"


class HandoverRejected(_Handover):
    type_name = "stafett.handover.rejected.v1"
    reason: str | None = None
    criterion: str | None = None


class HandoverWithdrawn(_Handover):
    type_name = "stafett.handover.withdrawn.v1"
    reason: str


class HandoverExpired(_Handover):
    type_name = "stafett.handover.expired.v1"
    expired_at: AwareDatetime


class HandoverFollowedUp(_Handover):
    type_name = "stafett.handover.followed_up.v1"
    followed_up_at: AwareDatetime
    activity_type: str | None = None


class HandoverWon(_Handover):
    type_name = "stafett.handover.won.v1"
    amount: float | None = None
    currency: str | None = None


class HandoverLost(_Handover):
    type_name = "stafett.handover.lost.v1"
    reason: str | None = None


class HandoverReturned(_Handover):
    type_name = "stafett.handover.returned.v1"
    reason: str | None = None


class HandoverLinked(_Handover):
    """The CRM answered with its own ids of the opportunity."""

    type_name = "stafett.handover.linked.v1"


# --- SLA --------------------------------------------------------------------------------------------------------------
SubjectKind = Literal["lead", "offer", "person", "team", "organisation"]
"""What a clock measures; the last three for volume promises, which say how many were `counted`, and against."""


class _Clock(EventData):
    topic = "sla"
    clock_id: str
    policy: str
    metric: str
    subject_kind: SubjectKind
    subject_id: str
    owner: Owner | None = None
    started_at: AwareDatetime
    target: str
    due_at: AwareDatetime
    side: Literal["sales", "marketing"] | None = None
    counted: int | None = None
    counted_against: int | None = None


class SlaStarted(_Clock):
    type_name = "stafett.sla.started.v1"


class SlaFulfilled(_Clock):
    type_name = "stafett.sla.fulfilled.v1"
    fulfilled_at: AwareDatetime


class SlaBreached(_Clock):
    """The promise was not kept: due at `due_at`, which is exact; `noticed_at` is when the watcher saw it."""

    type_name = "stafett.sla.breached.v1"
    noticed_at: AwareDatetime


class SlaWarned(_Clock):
    """A warning point before the due instant: `warned_at` is exact. `warning` is its number, from 1."""

    type_name = "stafett.sla.warned.v1"
    warning: int
    before: str
    warned_at: AwareDatetime
    noticed_at: AwareDatetime


class SlaPaused(_Clock):
    """The clock stands still: by an agreed signal, or while its person is away. `due_at` is as of before."""

    type_name = "stafett.sla.paused.v1"
    reason: Literal["signal", "absence"]
    paused_at: AwareDatetime
    cause: str


class SlaResumed(_Clock):
    """The clock goes on; `due_at` is the new one."""

    type_name = "stafett.sla.resumed.v1"
    resumed_at: AwareDatetime
    cause: str


class SlaEscalated(_Clock):
    """A rung of the ladder after a breach was taken. `to` are those who are to be told, or who have the lead now.

    `outcome`: `done`; `nobody_left` where there was no other person to give it to; `not_open` where there is nothing to
    give away or take back; `could_not_know` where the breach is older than the owner's having the lead.
    """

    type_name = "stafett.sla.escalated.v1"
    rung: int
    action: Literal["notify", "escalate", "reassign", "take_back"]
    outcome: Literal["done", "nobody_left", "not_open", "could_not_know"]
    to: tuple[Owner, ...] = ()
    escalated_at: AwareDatetime


class SlaCancelled(_Clock):
    type_name = "stafett.sla.cancelled.v1"
    reason: str


class SlaCorrected(_Clock):
    """What was said before is not so: `old` and `new` are states, `due_at` the new due instant, `cause` the signal with
    which it came to light. `reason`: a late fact, a changed absence, policy or calendar. `fulfilled_at` is null unless
    `new` is fulfilled."""

    type_name = "stafett.sla.corrected.v1"
    old: str
    new: str
    fulfilled_at: AwareDatetime | None = None
    cause: str
    reason: Literal["late_fact", "absence", "policy"] = "late_fact"
    old_due_at: AwareDatetime | None = None
    old_fulfilled_at: AwareDatetime | None = None


# --- marketing --------------------------------------------------------------------------------------------------------
class SuppressionStarted(EventData):
    """Stop automated mail to this person: a salesperson is in dialogue with them."""

    type_name = "stafett.suppression.started.v1"
    topic = "marketing"
    reason: str
    exempt_lists: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    personal: Contact | None = None


class SuppressionChanged(EventData):
    """Mail is still to stop, but for another `reason`, or with other `exempt_lists`, which say all that is exempt now."""

    type_name = "stafett.suppression.changed.v1"
    topic = "marketing"
    reason: str
    exempt_lists: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    personal: Contact | None = None


class SuppressionReleased(EventData):
    type_name = "stafett.suppression.released.v1"
    topic = "marketing"
    reason: str
    references: tuple[Reference, ...] = ()
    personal: Contact | None = None


class SuppressionViolated(EventData):
    type_name = "stafett.suppression.violated.v1"
    topic = "marketing"
    source: str
    campaign: str | None = None
    references: tuple[Reference, ...] = ()
    personal: Contact | None = None


class NurtureEntered(EventData):
    type_name = "stafett.nurture.entered.v1"
    topic = "marketing"
    track: Track
    purpose: str | None = None
    programme: str | None = None
    reason: str
    detail: str | None = None
    pass_number: int
    owner: Owner | None = None
    references: tuple[Reference, ...] = ()
    personal: Contact | None = None


class NurtureLeft(EventData):
    type_name = "stafett.nurture.left.v1"
    topic = "marketing"
    track: Track
    to_stage: Stage


def _leaves(base: type[EventData]) -> list[type[EventData]]:
    return [leaf for sub in base.__subclasses__() for leaf in ([sub] if "type_name" in vars(sub) else _leaves(sub))]


EVENT_TYPES: dict[str, type[EventData]] = {event.type_name: event for event in _leaves(EventData)}
"""Every event type that we emit, by its CloudEvents `type`."""
