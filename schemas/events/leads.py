"""Events on the topic `leads`: stages, owners, merges, holds."""

from __future__ import annotations

from typing import Literal

from schemas.events.base import Contact, Disposition, EventData, Owner, Stage, Track
from schemas.instants import At
from schemas.json_values import JsonObject
from schemas.signals import Reference


class LeadCreated(EventData, frozen=True, kw_only=True):
    type_name = "stafett.lead.created.v1"
    topic = "leads"
    stage: Stage
    source: str
    signal_kind: str
    references: tuple[Reference, ...] = ()
    personal: Contact | None = None


class LeadStageChanged(EventData, frozen=True, kw_only=True):
    type_name = "stafett.lead.stage_changed.v1"
    topic = "leads"
    from_stage: Stage | None
    to_stage: Stage
    pass_number: int
    reason: str
    track: Track | None = None


class LeadOwnerChanged(EventData, frozen=True, kw_only=True):
    """`why` is the assignment's compact evidence: pool, candidates passed over with the code of the reason, ledger."""

    type_name = "stafett.lead.owner_changed.v1"
    topic = "leads"
    from_owner: Owner | None
    to_owner: Owner | None
    rule: str
    why: JsonObject = {}


class LeadTouched(EventData, frozen=True, kw_only=True):
    type_name = "stafett.lead.touched.v1"
    topic = "leads"
    owner: Owner | None
    stage: Stage
    signal_kind: str
    source: str
    references: tuple[Reference, ...] = ()
    personal: Contact | None = None


Milestone = Literal["marketing_qualified", "opportunity"]


class LeadDefinitionMet(EventData, frozen=True, kw_only=True):
    """A definition that moves nobody was met, for the first time in this pass; points where it asked for them."""

    type_name = "stafett.lead.definition_met.v1"
    topic = "leads"
    definition: Milestone
    stage: Stage
    pass_number: int
    fit: int | None = None
    intent: int | None = None


class LeadDispositionChanged(EventData, frozen=True, kw_only=True):
    type_name = "stafett.lead.disposition_changed.v1"
    topic = "leads"
    from_disposition: Disposition
    to_disposition: Disposition
    reason: str | None = None


class LeadErased(EventData, frozen=True, kw_only=True):
    """The person was erased: whoever keeps something of them by our word deletes it. `references` are the ids by which they are known
    in other systems, `records` those of their hand-overs. Nothing of the lead follows but what ends with it."""

    type_name = "stafett.lead.erased.v1"
    topic = "leads"
    reason: str
    references: tuple[Reference, ...] = ()
    records: tuple[Reference, ...] = ()


class LeadMergeProposed(EventData, frozen=True, kw_only=True):
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


class LeadPartingProposed(EventData, frozen=True, kw_only=True):
    """An id or a number has brought several addresses to this lead that may be other people's: it names nobody from now on, and
    what it brought together is proposed to be parted.

    `kind` is the kind of identity (`person`: an id in another system, `phone`), `references` the ids that the last signal came
    with, `addresses` how many addresses it brought, `merged` the leads that were merged into this one, for `unmerge`.
    """

    type_name = "stafett.lead.parting_proposed.v1"
    topic = "leads"
    kind: str
    references: tuple[Reference, ...] = ()
    addresses: int
    merged: tuple[str, ...] = ()


class LeadMerged(EventData, frozen=True, kw_only=True):
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


class LeadUnmerged(EventData, frozen=True, kw_only=True):
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


class LeadHeld(EventData, frozen=True, kw_only=True):
    """A signal of this lead could not be processed: it waits as a dead letter, later ones queue behind it."""

    type_name = "stafett.lead.held.v1"
    topic = "leads"
    dead_letter_id: str
    error_class: str


class LeadInLimbo(EventData, frozen=True, kw_only=True):
    """A defect: nobody has this lead, nothing waits for anybody to take it, and no reason why is recorded.

    `reason`: no_owner_and_no_reason, owner_is_gone, nobody_works_it, never_offered, no_open_offer.
    """

    type_name = "stafett.lead.in_limbo.v1"
    topic = "leads"
    reason: str
    stage: Stage
    owner: Owner | None = None


class LeadEscalated(EventData, frozen=True, kw_only=True):
    """Managers have to look: `reason` is fallback_away, where the person of last resort has it and is not at work
    (`why`: absent, inactive, unknown). `to` are all managers who are here."""

    type_name = "stafett.lead.escalated.v1"
    topic = "leads"
    reason: str
    why: str | None = None
    stage: Stage
    owner: Owner | None = None
    to: tuple[Owner, ...] = ()


class LeadQueued(EventData, frozen=True, kw_only=True):
    """Nobody of the pool can take the lead now, and the agreement says to wait, `until` then at the latest: it is nobody's.
    `from_owner` had it before. Who takes it is told as the lead's new owner, and in a hand-over by its offer.

    `why` is the choice's compact evidence: the rule, and each of the pool with the code of what is in their way.
    """

    type_name = "stafett.lead.queued.v1"
    topic = "leads"
    owner: Owner | None = None
    from_owner: Owner | None = None
    stage: Stage
    route: str
    rule: str
    pool: str
    since: At
    until: At
    why: JsonObject = {}
    references: tuple[Reference, ...] = ()


class LeadReleased(EventData, frozen=True, kw_only=True):
    type_name = "stafett.lead.released.v1"
    topic = "leads"
    processed: int


class LeadParked(EventData, frozen=True, kw_only=True):
    """Somebody asked that it be neither qualified nor handed over for now, at the latest `until` then."""

    type_name = "stafett.lead.parked.v1"
    topic = "leads"
    by: str
    reason: str | None = None
    until: At | None = None


class LeadUnparked(EventData, frozen=True, kw_only=True):
    type_name = "stafett.lead.unparked.v1"
    topic = "leads"
    by: str
    reason: str | None = None
