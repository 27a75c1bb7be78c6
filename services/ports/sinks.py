"""What a sink remembers: which record of the vendor is which of ours, and what became of each step of each event.

Every method raises StoreUnavailable.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from schemas.sinks import KeptKind, RecordState
from schemas.sinks import StepState as StepState
from services.ports.rows import RecordOut

WAITING = "waiting"
"""In place of an id there: what a lead did is not in its note yet, `sent_at` is when it is due."""


class SinkRecord(NamedTuple):
    """`key` is ours, `vendor_id` theirs. `made_by` is the event for which it was made or found, `sent_at` when its create left.
    `digest` is of the fields that we wrote last, `adopted` True where others had made it, `before` (JSON) what a membership was
    before we wrote it, where that has to be put back. `is_over`, of an opportunity: its hand-over was returned, won or lost, and
    no later event is about it until it is offered again. `written` are marks of what we wrote last (`services.ports.written`)."""

    target: str
    kind: KeptKind
    key: str
    lead_id: str
    state: RecordState
    made_by: str
    vendor_id: str | None = None
    url: str | None = None
    digest: str | None = None
    adopted: bool = False
    before: str | None = None
    sent_at: datetime | None = None
    seen_at: datetime | None = None
    is_over: bool = False
    written: str | None = None


class SinkStep(NamedTuple):
    """One operation of an event. `outcome` is a kind of trouble, or what was done (`created`, `updated`, `unchanged`, `adopted`); `code`,
    `field` and `correlation` are the vendor's words. `request` is personal: what a sink that is not live would have sent.
    `spared`: how many of its attempts do not count as tries. `held_until`, which is not kept, is when our claim of the event ends, by
    which the claim is known: None where nobody claims events."""

    target: str
    event_id: str
    name: str
    lead_id: str
    state: StepState
    attempts: int
    at: datetime
    outcome: str | None = None
    code: str | None = None
    field: str | None = None
    correlation: str | None = None
    request: str | None = None
    spared: int = 0
    held_until: datetime | None = None


class SinkBook(Protocol):
    """For the role that writes. What writes raises Fenced, and writes nothing, where the step's event is held by another claim than
    `held_until` says."""

    async def records(self, target: str, lead_id: str) -> list[SinkRecord]:
        """All records of a lead, in the order in which they were made."""

    async def record(self, target: str, kind: KeptKind, key: str) -> SinkRecord | None:
        """One record, whichever lead it was made for."""

    async def steps(self, target: str, event_id: str) -> list[SinkStep]:
        """What became of an event so far."""

    async def source_of_signal(self, signal_id: str) -> str | None:
        """The source of a signal that was handled; None for none, or one whose record was pruned."""

    async def begin(
        self, record: SinkRecord, step: SinkStep, seen: SinkRecord | None = None, abandoned: datetime | None = None
    ) -> bool:
        """Before a create leaves: the record is being made, the step is being sent, in one commit. False, and nothing is written,
        where another event is making the same record, or has made it since we read it as `seen`; one whose create left at the instant
        `abandoned` or before makes it no longer."""

    async def finish(self, step: SinkStep, record: SinkRecord | None = None, signals: Sequence[RecordOut] = ()) -> None:
        """The step's outcome, the record as it is now and the signals that tell of it, in one commit."""

    async def release(self, record: SinkRecord, step: SinkStep) -> None:
        """The vendor refused to make it, so nobody is making it any more: the row goes, the step says why."""


class SinkWaiting(SinkBook, Protocol):
    """The same for the loop, which also looks for what was noted and is due, and for what an erasure waits for."""

    async def resume_touches(self, target: str, now: datetime, next_at: datetime) -> int:
        """The newest event of each that is due is carried out again, which writes what was noted; where it does not, it is looked for
        again at `next_at`. One of a lead of which another event is claimed waits for the next look; what is of a hand-over that is over
        is not written any more. Returns how many are."""

    async def pass_over_erased(self, target: str, now: datetime) -> int:
        """Events that wait for somebody, of leads whose erasure waits behind them, are over: there is nobody left to write. Returns how
        many."""


class SinkOffice(Protocol):
    """For whoever looks after the sinks."""

    async def list_records(
        self,
        target: str,
        *,
        lead_id: str | None = None,
        brands: Collection[str] | None = None,
        after: str = "",
        limit: int = 100,
    ) -> list[SinkRecord]:
        """Records in the order of kind and key, from after the key `kind/key`; `brands`: only of leads of these."""

    async def list_steps(
        self,
        target: str,
        *,
        lead_id: str | None = None,
        brands: Collection[str] | None = None,
        refused: bool = False,
        limit: int = 100,
    ) -> list[SinkStep]:
        """What was done last, newest first; `refused`: only what somebody has to end. `brands` as above."""

    async def event_text(self, event_id: str) -> str | None:
        """The envelope of an event of the feed; None where there is none of this id."""

    async def newest_event_text(self, lead_id: str, event_type: str) -> str | None:
        """The envelope of the lead's newest event of this type; None where it has none."""

    async def adopt(self, record: SinkRecord) -> None:
        """From now on this record of the vendor is ours under that key."""

    async def forget(self, target: str, kind: KeptKind, key: str) -> bool:
        """Nothing is known of the record any more; the next event looks for it again. False where nothing was."""

    async def retry(self, target: str, now: datetime, lead_id: str | None = None) -> int:
        """What waits for somebody, or for a later try, is tried now: of one lead, or of all. Returns how many events."""

    async def replay(self, target: str, event_id: str, now: datetime) -> bool:
        """The event is carried out again from its first step. False where the sink never got it."""


SweepKind = Literal["catch_up", "audit", "webhooks"]
WriteAgain = Literal["written_again", "left_to_somebody", "no_event"]
"""`left_to_somebody`: the event was carried out once more already, so a step of it says that somebody has to end it. `no_event`: the
sink was given no event that gives the lead to its owner, or has not carried it out."""


class Sweep(NamedTuple):
    """A sweep that this process has claimed; `cursor` is where the last one got to, None before the first."""

    cursor: str | None


class SinkSweeps(Protocol):
    """For the role that reads back."""

    async def claim_sweep(self, target: str, kind: SweepKind, now: datetime, next_at: datetime) -> Sweep | None:
        """The sweep, where it is due; the next one is due at `next_at`, for whoever asks first."""

    async def finish_sweep(
        self,
        target: str,
        kind: SweepKind,
        cursor: str,
        signals: Sequence[RecordOut],
        *,
        next_at: datetime | None = None,
    ) -> None:
        """What was seen, and where to go on, in one commit; `next_at` where the sweep is due at another time than it was claimed for."""

    async def sweep_findings(self, kind: SweepKind) -> dict[str, str]:
        """What the last sweep of this kind left as its place, by target."""

    async def records_by_vendor_id(self, target: str, kind: KeptKind, vendor_ids: Collection[str]) -> list[SinkRecord]:
        """Those of ours among the vendor's records."""

    async def follow_opportunities(self, target: str, moves: Mapping[str, str]) -> None:
        """Opportunities of which somebody there made another kind of record are known by the id of that from now on, as somebody
        else's; `moves` are ids before and after. One that is known by it already stays."""

    async def opportunities(self, target: str, after: str, limit: int) -> list[SinkRecord]:
        """Opportunities that are there, by our key, from after this one."""

    async def write_again(self, target: str, lead_id: str, now: datetime) -> WriteAgain:
        """The newest event that gave this lead to its owner is carried out once more at the sink, unless it was before."""

    async def waiting_leads(self, target: str, lead_ids: Collection[str]) -> frozenset[str]:
        """Those of these leads of which events are not carried out at the sink yet, published and fanned out or not."""


class Sinks(SinkWaiting, SinkOffice, SinkSweeps, Protocol):
    """All of them."""
