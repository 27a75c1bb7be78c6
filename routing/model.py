"""The state that decisions are made on: lead, hand-over, offer, clock, account, ledger; and what a decision is.

States are pydantic models so that the store keeps them as JSON. Code never changes a nested value in place: it puts a
new one in its place on a copy of the lead, so that a decision that fails leaves everything as it was.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from schemas.events import Disposition, EventData, Stage, SubjectKind, Track
from schemas.signals import IdentityKey, Mode, Person, Reference


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


ClockState = Literal["running", "paused", "fulfilled", "breached", "cancelled"]


class Mark(_Frozen):
    """An agreed signal that paused a clock or let it go on."""

    at: AwareDatetime
    what: Literal["pause", "resume"]
    signal_id: str
    signal_kind: str


class Away(_Frozen):
    """An absence of the clock's person as it was reckoned with, half-open; `until` None: nobody knows yet."""

    since: AwareDatetime
    until: AwareDatetime | None = None


class Clock(_Frozen):
    """One promise being measured: the facts it is judged on, and the verdict that `routing.verdict` reckons from them.

    `policy` is a name of the agreement's SLA policies, or `offer_expiry`, which is no promise but the end of an offer.
    Touches count from after `counts_from`. `next_at` is when the watcher must look at it: a warning, the due instant, a
    rung of the ladder; None while there is nothing to wait for. `revision` rises with each change.
    """

    id: str
    policy: str
    metric: str
    subject_kind: SubjectKind
    subject_id: str
    started_at: AwareDatetime
    target: str
    calendar: str | None = None
    due_at: AwareDatetime
    revision: int = 0
    state: ClockState = "running"
    ended_at: AwareDatetime | None = None
    mode: Mode = "live"
    agreement: str
    cause: str
    side: Literal["sales", "marketing"] | None = None
    person: str | None = None
    counts_from: AwareDatetime | None = None
    marks: tuple[Mark, ...] = ()
    away: tuple[Away, ...] = ()
    touched_at: AwareDatetime | None = None
    touched_by: str | None = None
    cancelled_at: AwareDatetime | None = None
    breach_said: bool = False
    warnings_done: int = 0
    rungs_done: int = 0
    next_at: AwareDatetime | None = None

    @property
    def open(self) -> bool:
        return self.state in ("running", "paused")


class Entry(_Frozen):
    """One message, call, meeting, form or note in the lead's record; `by` is the person of the roster who did it."""

    signal_id: str
    at: AwareDatetime
    kind: str
    source: str
    form_id: str | None = None
    by: str | None = None


class Offer(_Frozen):
    """One offer of a hand-over to one person; its id is the hand-over's with a number."""

    id: str
    number: int
    person: str
    pool: str | None = None
    offered_at: AwareDatetime
    expires_at: AwareDatetime | None = None
    state: Literal["open", "accepted", "rejected", "withdrawn", "expired"] = "open"
    decided_at: AwareDatetime | None = None
    reason: str | None = None
    criterion: str | None = None


class Handover(_Frozen):
    """The hand-over of one pass: the same opportunity for the CRM, whoever it is offered to. `blocked` are the parts of
    the dossier that its first offer waits for."""

    id: str
    pass_number: int
    opened_at: AwareDatetime
    offers: tuple[Offer, ...] = ()
    accepted_at: AwareDatetime | None = None
    followed_up_at: AwareDatetime | None = None
    closed_at: AwareDatetime | None = None
    outcome: str | None = None
    blocked: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    mode: Mode = "live"


class Merged(_Frozen):
    """A lead that is one with this one, and what this one took over from it, so that it can be given back.

    `fields`, `person`: names of facts that were unknown before. `consents`: what was said before, and when, of each
    purpose whose answer was replaced; None where nothing was.
    """

    lead_id: str
    at: AwareDatetime
    fields: tuple[str, ...] = ()
    person: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    consents: dict[str, tuple[str, AwareDatetime] | None] = Field(default_factory=dict)


class Booking(_Frozen):
    """A meeting booked, or called off; `record` is the sender's own id of it, where it has one."""

    at: AwareDatetime
    booked: bool
    record: str | None = None


class Talk(_Frozen):
    """What passed between a salesperson and the lead before the hand-over, in this pass."""

    last_at: AwareDatetime
    first_step_at: AwareDatetime | None = None
    last_answer_at: AwareDatetime | None = None


class LeadPersonal(BaseModel):
    """What is known of the person; kept in a column of its own, never decided on."""

    person: Person = Person()
    answers: dict[str, Any] = Field(default_factory=dict)
    texts: dict[str, dict[str, Any]] = Field(default_factory=dict)


_NOBODY = LeadPersonal()


class Lead(BaseModel):
    """A person in the process, in exactly one stage. JSON of this model without `personal` is the stored state.

    `owner_pool` is the pool whose ledger counted the owner's turn, `owner_route` the route by whose rules they have it;
    `former` is who worked it last, by route. `proposed` are leads that were proposed to be one with
    it. `mailed` are messages that were told of once, sent or delivered. One that is `merged_into` another stands still as it was.
    """

    id: str
    brand: str
    partition_key: str
    created_at: AwareDatetime
    stage: Stage
    stage_since: AwareDatetime
    pass_number: int = 1
    pass_since: AwareDatetime
    disposition: Disposition = "active"
    disposition_at: AwareDatetime | None = None
    track: Track | None = None
    owner: str | None = None
    owner_since: AwareDatetime | None = None
    owner_pool: str | None = None
    owner_route: str | None = None
    hunter: str | None = None
    former: dict[str, str] = Field(default_factory=dict)
    unowned_reason: str | None = None
    account_id: str | None = None
    source: str
    campaign: str | None = None
    company_name: str | None = None
    company_domain: str | None = None
    company_industry: str | None = None
    company_country: str | None = None
    company_employees: int | None = None
    company_region: str | None = None
    company_city: str | None = None
    company_postcode: str | None = None
    language: str | None = None
    attributes: dict[str, str | float | bool] | None = None
    references: tuple[Reference, ...] = ()
    tags: tuple[str, ...] = ()
    sales_ready: bool = False
    meeting_booked_at: AwareDatetime | None = None
    meetings: tuple[Booking, ...] = ()
    consents: dict[str, str] = Field(default_factory=dict)
    consents_at: dict[str, AwareDatetime] = Field(default_factory=dict)
    suppressed: str | None = None
    talk: Talk | None = None
    mailed: tuple[str, ...] = ()
    exempt_lists: tuple[str, ...] = ()
    suppressed_at: AwareDatetime | None = None
    programme: str | None = None
    recent: dict[str, tuple[int, ...]] = Field(default_factory=dict)
    scored: dict[str, tuple[int, ...]] = Field(default_factory=dict)
    met: tuple[str, ...] = ()
    last_touch_at: AwareDatetime | None = None
    handover: Handover | None = None
    clocks: dict[str, Clock] = Field(default_factory=dict)
    marks: dict[str, tuple[AwareDatetime, ...]] = Field(default_factory=dict)
    record: tuple[Entry, ...] = ()
    known: tuple[str, ...] = ()
    limbo: str | None = None
    proposed: tuple[str, ...] = ()
    merged: tuple[Merged, ...] = ()
    merged_into: str | None = None
    sequence: int = 0
    version: int = 0
    held: bool = False
    parked: str | None = None
    parked_until: AwareDatetime | None = None
    personal: LeadPersonal = Field(default_factory=lambda: _NOBODY, exclude=True)

    if not TYPE_CHECKING:
        # Decisions set a dozen fields for each signal, with values of the right type; pydantic's own way looks each
        # name up first, and costs five times as much. Its other task, to remember which fields were set, is done too.
        def __setattr__(self, name, value):
            self.__dict__[name] = value
            self.__pydantic_fields_set__.add(name)

    def copied(self) -> Lead:
        """A lead of its own with the same values, which nobody changes in place; `model_copy` costs three times as much."""
        found = Lead.__new__(Lead)
        for name, value in (
            ("__dict__", {**self.__dict__}),
            ("__pydantic_fields_set__", {*self.__pydantic_fields_set__}),
            ("__pydantic_extra__", None),
            ("__pydantic_private__", None),
        ):
            object.__setattr__(found, name, value)
        return found


class Account(_Frozen):
    """A company of a brand. `open` holds who works which of its leads in hand-over or deal: {lead id: person};
    `customers` who keeps which of its leads that became a customer."""

    id: str
    brand: str
    open: dict[str, str] = Field(default_factory=dict)
    customers: dict[str, str] = Field(default_factory=dict)


class LedgerEntry(_Frozen):
    """How many leads a person was given, and how many they are short of their share (below nought: ahead of it).

    Without a seat when the ledger moved last (`seated`), what they were short of is no longer reckoned with."""

    given: int = 0
    short: float = 0.0
    seated: bool = True


class Ledger(_Frozen):
    """Who of a pool got how many. `seq` rises by one with each change, so that a reader knows if it had moved."""

    pool: str
    seq: int = 0
    entries: dict[str, LedgerEntry] = Field(default_factory=dict)


class Load(_Frozen):
    """What somebody with a capacity carries. `open`: leads in qualification, hand-over and deal, as counted in the store;
    `given`: when they were given one, in seconds since 1970, for a month and a little more. `seq` rises with each."""

    person: str
    seq: int = 0
    given: tuple[int, ...] = ()
    open: int = 0


class Period(_Frozen):
    """One week, month, ... of a volume promise: what was counted so far, and against, and the newest of it."""

    clock: Clock
    counted: int = 0
    against: int = 0
    latest_at: AwareDatetime | None = None


class Tally(_Frozen):
    """A volume promise by its name: its newest periods by their first day. `seq` rises with each change, `sequence` is that
    of its last event."""

    name: str
    seq: int = 0
    sequence: int = 0
    periods: dict[str, Period] = Field(default_factory=dict)


class Tallied(NamedTuple):
    """One fact that counts for a volume promise (`good`), or against it."""

    volume: str
    good: bool
    at: datetime


class Link(NamedTuple):
    """An identity (of `brand`) that from now on names `subject_id`, a lead or an account."""

    brand: str
    identity: IdentityKey
    subject_id: str


class Emission(NamedTuple):
    """An event to be: `at` is when its fact took place. Id, sequence and envelope are given by `routing.envelope`."""

    data: EventData
    at: datetime


class Transition(NamedTuple):
    """A move between stages; `row` is the name of the lifecycle row that fitted."""

    from_stage: Stage | None
    to_stage: Stage
    row: str


class Decision(NamedTuple):
    """All that follows from one signal. `lead` is None where the signal names nobody, or a test.

    `consulted` are the people whose load was looked at, `loads` those that it changed; `asked_account` says that it was
    asked who else has leads of the company.
    `outcome` is one of `changed`, `recorded` (kept in the history, changed no stage) or `no_lead`; `note` says why.
    """

    lead: Lead | None
    account: Account | None
    ledgers: tuple[Ledger, ...]
    clocks: tuple[Clock, ...]
    links: tuple[Link, ...]
    emissions: tuple[Emission, ...]
    transitions: tuple[Transition, ...]
    outcome: Literal["changed", "recorded", "no_lead"]
    note: str
    evidence: dict[str, Any]
    loads: tuple[Load, ...] = ()
    consulted: frozenset[str] = frozenset()
    asked_account: bool = False
    tallied: tuple[Tallied, ...] = ()
