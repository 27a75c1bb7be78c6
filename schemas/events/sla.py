"""Events on the topic `sla`: what became of promises."""

from __future__ import annotations

from typing import Literal

from schemas.events.base import Contact, EventData, Owner
from schemas.events.parts import EventPart
from schemas.instants import At
from schemas.words import Action

SubjectKind = Literal["lead", "offer", "person", "team", "organisation"]
"""What a clock measures; the last three for volume promises, which say how many were `counted`, and against."""


class LeadContact(Contact, frozen=True, kw_only=True):
    """Whose lead a promise is about, so that an alert can say it: their name and address, and their company. Nothing else of them,
    and `answers` is empty."""

    company_name: str | None = None


class Answerable(EventPart, frozen=True, kw_only=True):
    """Who of the side that promised it answers for a promise: a person of the roster with their team, or a team alone."""

    person: str | None = None
    team: str | None = None


class _Clock(EventData, frozen=True, kw_only=True):
    """`team` is the owner's, or the one that promised a volume; `queue` what the lead waits in, as `route/pool`; `handover_id`
    that of the hand-over that the clock belongs to. `answerable` is who of marketing answers for a promise of marketing, and who
    promised a volume; null where that is nobody by name, and for promises of sales about a lead, for which its owner answers."""

    topic = "sla"
    clock_id: str
    policy: str
    metric: str
    subject_kind: SubjectKind
    subject_id: str
    owner: Owner | None = None
    started_at: At
    target: str
    due_at: At
    side: Literal["sales", "marketing"] | None = None
    counted: int | None = None
    counted_against: int | None = None
    handover_id: str | None = None
    team: str | None = None
    queue: str | None = None
    answerable: Answerable | None = None


class SlaStarted(_Clock, frozen=True, kw_only=True):
    """The promise is being measured. Nobody is alerted by it, so it names no person."""

    type_name = "stafett.sla.started.v1"


class SlaFulfilled(_Clock, frozen=True, kw_only=True):
    type_name = "stafett.sla.fulfilled.v1"
    fulfilled_at: At
    personal: LeadContact | None = None


class SlaBreached(_Clock, frozen=True, kw_only=True):
    """The promise was not kept: due at `due_at`, which is exact; `noticed_at` is when the watcher saw it."""

    type_name = "stafett.sla.breached.v1"
    noticed_at: At
    personal: LeadContact | None = None


class SlaWarned(_Clock, frozen=True, kw_only=True):
    """A warning point before the due instant: `warned_at` is exact. `warning` is its number, from 1."""

    type_name = "stafett.sla.warned.v1"
    warning: int
    before: str
    warned_at: At
    noticed_at: At
    personal: LeadContact | None = None


class SlaPaused(_Clock, frozen=True, kw_only=True):
    """The clock stands still: by an agreed signal, or while its person is away. `due_at` is as of before."""

    type_name = "stafett.sla.paused.v1"
    reason: Literal["signal", "absence"]
    paused_at: At
    cause: str
    personal: LeadContact | None = None


class SlaResumed(_Clock, frozen=True, kw_only=True):
    """The clock goes on; `due_at` is the new one."""

    type_name = "stafett.sla.resumed.v1"
    resumed_at: At
    cause: str
    personal: LeadContact | None = None


class SlaEscalated(_Clock, frozen=True, kw_only=True):
    """A rung of the ladder after a breach was taken. `to` are those who are to be told, or who have the lead now; `channel` is
    the agreement's name of the place where to tell them, null where it names none.

    `outcome`: `done`; `nobody_left` where there was no other person to give it to; `not_open` where there is nothing to
    give away or take back; `could_not_know` where the breach is older than the owner's having the lead.
    """

    type_name = "stafett.sla.escalated.v1"
    rung: int
    action: Action
    outcome: Literal["done", "nobody_left", "not_open", "could_not_know"]
    to: tuple[Owner, ...] = ()
    escalated_at: At
    channel: str | None = None
    personal: LeadContact | None = None


class SlaCancelled(_Clock, frozen=True, kw_only=True):
    type_name = "stafett.sla.cancelled.v1"
    reason: str
    personal: LeadContact | None = None


class SlaCorrected(_Clock, frozen=True, kw_only=True):
    """What was said before is not so: `old` and `new` are states, `due_at` the new due instant, `cause` the signal with
    which it came to light. `reason`: a late fact, a changed absence or working hours (`absence`), a changed policy or calendar.
    `fulfilled_at` is null unless `new` is fulfilled."""

    type_name = "stafett.sla.corrected.v1"
    old: str
    new: str
    fulfilled_at: At | None = None
    cause: str
    reason: Literal["late_fact", "absence", "policy"] = "late_fact"
    old_due_at: At | None = None
    old_fulfilled_at: At | None = None
    personal: LeadContact | None = None
