"""The state that decisions are made on: lead, hand-over, offer, clock, account, ledger; and what a decision is.

Code never changes a nested value in place: it puts a new one in its place on a copy of the lead, so that a decision that
fails leaves everything as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple, Self

import msgspec

from routing.model.state import Kept, State
from schemas.events import Answerable, Disposition, EventData, Qualification, Stage, SubjectKind, Track
from schemas.fates import Reason
from schemas.instants import At
from schemas.json_values import JsonObject
from schemas.signals import IdentityKey, Kind, Mode, Person, Proof, Reference

ClockState = Literal["running", "paused", "fulfilled", "breached", "cancelled"]


class Mark(State, frozen=True, kw_only=True):
    """An agreed signal that paused a clock or let it go on."""

    at: At
    what: Literal["pause", "resume"]
    signal_id: str
    signal_kind: str


class Away(State, frozen=True, kw_only=True):
    """An absence of the clock's person as it was counted, half-open; `until` None: nobody knows yet."""

    since: At
    until: At | None = None


class OwnHours(State, frozen=True, kw_only=True):
    """The working hours of the clock's person as they counted: the roster's, as JSON. None where the roster has none
    for them: then the agreement's calendar `otherwise` counts."""

    hours: str | None = None
    otherwise: str


class Clock(State, frozen=True, kw_only=True):
    """One promise being measured: the facts it is judged on, and the verdict that `routing.sla.verdict` computes from them.

    `policy` is a name of the agreement's SLA policies, or `offer_expiry`, which is no promise but the end of an offer.
    `answerable` is who answers for a promise of marketing or a volume. `own_hours` is there where the policy says `calendar: owner`. `delegate` is the colleague that the
    person gave the lead to, whose steps keep it as well. Touches count from after `counts_from`.
    `offer_ended_at` is when the offer that it waits to be answered expired: it is due by then, whatever its target. `next_at` is
    when the watcher must look at it: a warning, the due instant, a rung of the ladder; None while there is nothing to wait for.
    `revision` rises with each change.
    """

    id: str
    policy: str
    metric: str
    subject_kind: SubjectKind
    subject_id: str
    started_at: At
    target: str
    calendar: str | None = None
    due_at: At
    revision: int = 0
    state: ClockState = "running"
    ended_at: At | None = None
    mode: Mode = "live"
    agreement: str
    cause: str
    side: Literal["sales", "marketing"] | None = None
    person: str | None = None
    answerable: Answerable | None = None
    delegate: str | None = None
    counts_from: At | None = None
    marks: tuple[Mark, ...] = ()
    away: tuple[Away, ...] = ()
    own_hours: OwnHours | None = None
    touched_at: At | None = None
    touched_by: str | None = None
    cancelled_at: At | None = None
    offer_ended_at: At | None = None
    breach_said: bool = False
    warnings_done: int = 0
    rungs_done: int = 0
    next_at: At | None = None

    @property
    def open(self) -> bool:
        return self.state in ("running", "paused")


class Entry(State, frozen=True, kw_only=True):
    """One message, call, meeting, form or note in the lead's record; `by` is the person of the roster who did it."""

    signal_id: str
    at: At
    kind: str
    source: str
    form_id: str | None = None
    by: str | None = None


class Request(State, frozen=True, kw_only=True):
    """A request that had no id of its own: a digest of its words, when it came, and in which pass of the lead."""

    key: str
    at: At
    pass_number: int
    signal_id: str


class Step(State, frozen=True, kw_only=True):
    """A genuine act of one of us that may keep a promise: `what` is the metric or the policy that it is for, `by` the person
    of the roster who did it, None where the sender does not say."""

    what: str
    at: At
    by: str | None = None


class Offer(State, frozen=True, kw_only=True):
    """One offer of a hand-over to one person; its id is the hand-over's with a number. `followed_up_at` is the first genuine
    step of that person while the offer was theirs; `answered_at` when they answered one that they lost all the same. `undone`: it
    would not have been made, had an earlier one's answer been known."""

    id: str
    number: int
    person: str
    pool: str | None = None
    offered_at: At
    expires_at: At | None = None
    state: Literal["open", "accepted", "rejected", "withdrawn", "expired"] = "open"
    decided_at: At | None = None
    reason: str | None = None
    criterion: str | None = None
    followed_up_at: At | None = None
    answered_at: At | None = None
    undone: bool = False

    @property
    def is_live(self) -> bool:
        """Whether its person has the lead by it, or may take it."""
        return self.state in ("open", "accepted")


class Handover(State, frozen=True, kw_only=True):
    """The hand-over of one pass: the same opportunity for the CRM, whoever it is offered to. `blocked` are the parts of
    the dossier that its first offer waits for. `qualification` is kept for further offers, until it is closed."""

    id: str
    pass_number: int
    opened_at: At
    offers: tuple[Offer, ...] = ()
    accepted_at: At | None = None
    followed_up_at: At | None = None
    closed_at: At | None = None
    outcome: str | None = None
    blocked: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    mode: Mode = "live"
    qualification: Qualification | None = None

    @property
    def current(self) -> Offer | None:
        """The offer that counts: the last one that was not undone."""
        return next((offer for offer in reversed(self.offers) if not offer.undone), None)


class Sale(State, frozen=True, kw_only=True):
    """One sale that was told, of this hand-over; `deals` are its records in the CRM as `system:id`, where they are known."""

    at: At
    handover_id: str
    deals: tuple[str, ...] = ()


class Merged(State, frozen=True, kw_only=True):
    """A lead that is one with this one, and what this one took over from it, so that it can be given back.

    `fields`, `person`: names of facts that were unknown before. `consents`: what was said before, and when, of each
    purpose whose answer was replaced; None where nothing was. `proof`: that of the kept lead before, where the other's differed.
    """

    lead_id: str
    at: At
    fields: tuple[str, ...] = ()
    person: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    consents: dict[str, tuple[str, At] | None] = {}
    proof: Proof | None = None


class Booking(State, frozen=True, kw_only=True):
    """A meeting booked, or called off; `record` is the sender's own id of it, where it has one; `host` who of the roster invites."""

    at: At
    booked: bool
    record: str | None = None
    host: str | None = None


class Heard(State, frozen=True, kw_only=True):
    """What is decided on of a signal: so that what came during a hold can be judged when the hold ends, and what is asked of
    the signal that brought a lead to its stage can be asked later."""

    signal_id: str
    at: At
    kind: Kind
    source: str
    source_kind: str | None = None
    form_id: str | None = None
    campaign: str | None = None
    tags: tuple[str, ...] = ()
    automated: bool = False
    reason: str | None = None
    amount: float | None = None


class Passed(State, frozen=True, kw_only=True):
    """Somebody of a pool who can take no lead now, with the codes of what is in their way (`routing.people.hindrances`)."""

    person: str
    codes: tuple[str, ...]


class Queue(State, frozen=True, kw_only=True):
    """What a lead waits in that nobody of a rule's pool can take now; `passed` is what the last look at the pool found.
    `kept_for`: whose turn it was, who comes to work later that day; the pool's ledger has counted it."""

    route: str
    rule: str
    pool: str
    since: At
    until: At
    passed: tuple[Passed, ...] = ()
    kept_for: str | None = None

    @property
    def place(self) -> str:
        """As columns, paths of the API and events name it."""
        return f"{self.route}/{self.pool}"


class Talk(State, frozen=True, kw_only=True):
    """What passed between a salesperson and the lead before the hand-over, in this pass."""

    last_at: At
    first_step_at: At | None = None
    last_answer_at: At | None = None


class ProposedFact(State, frozen=True, kw_only=True):
    """What somebody unproven said against a proven fact: kept beside it, for a person to look at."""

    value: str | int | float | bool
    at: At
    source: str
    signal_id: str


class LeadPersonal(State, frozen=True, kw_only=True):
    """What is known of the person; kept in a column of its own, never decided on.

    `unproven` are names of the person's facts that nobody proven has said (of answers `answer:NAME`); `proposed_facts` are facts that
    may not replace proven ones, of the company too, by the names of the lead's fields (`company_country`, `phone`)."""

    person: Person = Person()
    answers: JsonObject = {}
    texts: dict[str, JsonObject] = {}
    unproven: tuple[str, ...] = ()
    proposed_facts: dict[str, ProposedFact] = {}


_NOBODY = LeadPersonal()


class Lead(Kept, msgspec.Struct, kw_only=True, omit_defaults=True):
    """A person in the process, in exactly one stage. Its text, without `personal`, is the stored state.

    `owner_pool` is the pool whose ledger counted the owner's turn, `owner_route` the route by whose rules they have it;
    `former` is who worked it last, by route; `counted` in whose capacity it was counted, and when: {person: (pass, seconds
    since 1970)}. `proposed` are leads that were proposed to be one with it. `brought` is the signal that brought it to its stage,
    while somebody works it there; `form_id` the form of the last that brought it on in this pass. `names` are digests of the words
    of its name, None where it was made before they were kept; `gathered` the addresses that an id or a number (`kind:digest`)
    brought to it that may be somebody else's. `steps` say who took which of the `marks`. `consents` are {purpose: given, withdrawn or
    asked_for}, `consents_asked` when the person was last asked. `mailed` are messages that were told of once, sent or delivered. `assumed` are facts of the
    company that nobody said: whoever says them replaces them. `proof` is the best proof of whoever named the person; `unproven` are
    names of its facts that nobody proven has said (`attribute:NAME`, `tag:NAME`). One that is `merged_into` another stands still as it was.
    """

    id: str
    brand: str
    partition_key: str
    created_at: At
    stage: Stage
    stage_since: At
    pass_number: int = 1
    pass_since: At
    disposition: Disposition = "active"
    disposition_at: At | None = None
    track: Track | None = None
    owner: str | None = None
    owner_since: At | None = None
    owner_pool: str | None = None
    owner_route: str | None = None
    hunter: str | None = None
    former: dict[str, str] = {}
    counted: dict[str, tuple[int, int]] = {}
    unowned_reason: str | None = None
    queue: Queue | None = None
    account_id: str | None = None
    source: str
    proof: Proof = "signed"
    unproven: tuple[str, ...] = ()
    campaign: str | None = None
    company_name: str | None = None
    company_domain: str | None = None
    company_industry: str | None = None
    company_country: str | None = None
    company_employees: int | None = None
    company_region: str | None = None
    company_city: str | None = None
    company_postcode: str | None = None
    assumed: tuple[str, ...] = ()
    language: str | None = None
    attributes: dict[str, str | float | bool] | None = None
    references: tuple[Reference, ...] = ()
    names: tuple[str, ...] | None = None
    gathered: dict[str, tuple[str, ...]] = {}
    tags: tuple[str, ...] = ()
    sales_ready: bool = False
    meeting_booked_at: At | None = None
    meetings: tuple[Booking, ...] = ()
    consents: dict[str, str] = {}
    consents_at: dict[str, At] = {}
    consents_asked: dict[str, At] = {}
    suppressed: str | None = None
    talk: Talk | None = None
    mailed: tuple[str, ...] = ()
    exempt_lists: tuple[str, ...] = ()
    suppressed_at: At | None = None
    own_track: str | None = None
    programme: str | None = None
    recent: dict[str, tuple[int, ...]] = {}
    scored: dict[str, tuple[int, ...]] = {}
    met: tuple[str, ...] = ()
    last_touch_at: At | None = None
    handover: Handover | None = None
    sales: tuple[Sale, ...] = ()
    clocks: dict[str, Clock] = {}
    marks: dict[str, tuple[At, ...]] = {}
    steps: tuple[Step, ...] = ()
    record: tuple[Entry, ...] = ()
    requests: tuple[Request, ...] = ()
    known: tuple[str, ...] = ()
    limbo: str | None = None
    proposed: tuple[str, ...] = ()
    merged: tuple[Merged, ...] = ()
    merged_into: str | None = None
    sequence: int = 0
    version: int = 0
    held: bool = False
    parked: str | None = None
    parked_until: At | None = None
    heard: tuple[Heard, ...] = ()
    brought: Heard | None = None
    form_id: str | None = None
    personal: LeadPersonal = _NOBODY

    def copy(self) -> Self:
        """A lead of its own with the same values, which nobody changes in place."""
        itself: Any = self
        lead: Self = itself.__copy__()
        return lead

    def text(self) -> str:
        """The state alone: what is known of the person is kept beside it."""
        return super(Lead, self.but(personal=_NOBODY)).text()


class Account(State, frozen=True, kw_only=True):
    """A company of a brand. `open` holds who works which of its leads in hand-over or deal: {lead id: person};
    `customers` who keeps which of its leads that became a customer."""

    id: str
    brand: str
    open: dict[str, str] = {}
    customers: dict[str, str] = {}


class LedgerEntry(State, frozen=True, kw_only=True):
    """How many leads a person was given, and how many they are short of their share (below nought: ahead of it).

    Without a seat when the ledger moved last (`seated`), what they were short of counts no longer."""

    given: int = 0
    short: float = 0.0
    seated: bool = True


class Ledger(State, frozen=True, kw_only=True):
    """Who of a pool got how many. `seq` rises by one with each change, so that a reader knows if it had moved."""

    pool: str
    seq: int = 0
    entries: dict[str, LedgerEntry] = {}


class Load(State, frozen=True, kw_only=True):
    """What somebody with a capacity carries. `open`: leads in qualification, hand-over and deal, as counted in the store;
    `given`: when they were given one, in seconds since 1970, for a month and a little more. `seq` rises with each."""

    person: str
    seq: int = 0
    given: tuple[int, ...] = ()
    open: int = 0


class Period(State, frozen=True, kw_only=True):
    """One week, month, ... of a volume promise: what was counted so far, and against, and the newest of it. `at_least` is its
    share of the promise where the period is a part of one; None for a whole one."""

    clock: Clock
    at_least: int | None = None
    counted: int = 0
    against: int = 0
    latest_at: At | None = None


class Tally(State, frozen=True, kw_only=True):
    """A volume promise by its name: its newest periods by their first day. `since` is when it began to be measured. `seq`
    rises with each change, `sequence` is that of its last event."""

    name: str
    since: At | None = None
    seq: int = 0
    sequence: int = 0
    periods: dict[str, Period] = {}


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
    """An event to be: `at` is when its fact took place. Id, sequence and envelope are given by `routing.model.envelope`."""

    data: EventData
    at: datetime


class Transition(NamedTuple):
    """A move between stages; `row` is the name of the lifecycle row that fitted."""

    from_stage: Stage | None
    to_stage: Stage
    row: str


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """All that follows from one signal. `lead` is None where the signal names nobody, or a test.

    `consulted` are the people whose load was looked at, `loads` those that it changed; `asked_account` says that it was
    asked who else has leads of the company.
    `waits`: by identities that are nobody's, the purposes that consent was withdrawn for and when, as it waits from now on.
    `outcome` is one of `changed`, `recorded` (kept in the history, changed no stage) or `no_lead`; `note` says why, and
    `reason` in a word where the signal came to nothing.
    """

    lead: Lead | None
    account: Account | None = None
    ledgers: tuple[Ledger, ...] = ()
    clocks: tuple[Clock, ...] = ()
    links: tuple[Link, ...] = ()
    emissions: tuple[Emission, ...] = ()
    transitions: tuple[Transition, ...] = ()
    outcome: Literal["changed", "recorded", "no_lead"]
    note: str = ""
    evidence: JsonObject = {}
    loads: tuple[Load, ...] = ()
    consulted: frozenset[str] = frozenset()
    asked_account: bool = False
    tallied: tuple[Tallied, ...] = ()
    reason: Reason | None = None
    waits: Mapping[IdentityKey, Mapping[str, datetime]] = {}
