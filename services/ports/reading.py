"""What is asked of the store without changing it: one narrow Protocol for each one's need, and `Reading` for all of them.

Lists are ordered and bounded; a cursor is the last id, number or `Place` of the page before. Every method raises
StoreUnavailable.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Generic, NamedTuple, Protocol, TypedDict, TypeVar, Unpack

from services.ports.instants import micros
from services.ports.rows import (
    AgreementRow,
    ApprovalRow,
    ClockRow,
    DeadLetter,
    EventRow,
    HistoryRow,
    Kept,
    LeadRow,
    LedgerKey,
    Quarantine,
)

K = TypeVar("K")


class HistoryEntry(NamedTuple):
    """A judged signal with its number in the order of recording."""

    id: int
    row: HistoryRow


class Place(NamedTuple, Generic[K]):
    """Where something stands in a list by time: its instant in microseconds since 1970, and its id or number."""

    at: int
    id: K


def place_of(entry: HistoryEntry) -> Place[int]:
    """In the order of recording."""
    return Place(micros(entry.row.recorded_at), entry.id)


class LeadFilter(TypedDict, total=False):
    """What is left out, or None, may be anything. `owners`: one of these has it; `since`: it is there since then or later; `due_before`: a
    clock of it runs that is due before then."""

    brand: str | None
    email_digest: str | None
    stage: str | None
    source: str | None
    owner: str | None
    owners: Sequence[str] | None
    since: datetime | None
    due_before: datetime | None


class ClockFilter(TypedDict, total=False):
    """What is left out, or None, may be anything. `persons`: it is one of these people's; `source`: of a lead that came from there; it is
    due from `since` on, and before `due_before`."""

    lead_id: str | None
    state: str | None
    policy: str | None
    source: str | None
    persons: Sequence[str] | None
    since: datetime | None
    due_before: datetime | None


class QueueCount(NamedTuple):
    """A queue, how many leads wait in it, and since when the first of them does."""

    queue: str
    waiting: int
    since: datetime


class Counts(NamedTuple):
    """Depths for metrics."""

    outbox: int
    spool: int
    held_leads: int
    dead_letters: int
    quarantine: int
    running_clocks: int
    due_clocks: int
    pending_deliveries: int


class RecheckReading(Protocol):
    """For whoever asks the router to compute clocks again."""

    async def timed_leads(self, after: str, limit: int) -> list[tuple[str, str]]:
        """(id, partition key) of leads with a clock that runs or is paused, by id."""

    async def leads_without_clock(self, stages: Sequence[str], after: str, limit: int) -> list[tuple[str, str]]:
        """(id, partition key) of active leads in these stages with no clock that runs or is paused, by id."""


class ExplanationReading(Protocol):
    """For explanations of a lead, a clock and an assignment."""

    async def lead(self, lead_id: str) -> LeadRow | None: ...

    async def clock(self, clock_id: str) -> ClockRow | None: ...

    async def ledger(self, key: LedgerKey) -> str | None:
        """The state that this row of the ledgers keeps, as JSON."""

    async def history(self, lead_id: str, after: int = 0, limit: int = 200) -> list[HistoryEntry]:
        """In the order of recording, which is the order of decisions."""

    async def history_of_signal(self, signal_id: str) -> list[HistoryEntry]:
        """What became of one signal; [] while the router has not got to it."""

    async def lead_of_handover(self, handover_id: str) -> str | None:
        """The lead that this hand-over is of."""


class LeadsReading(Protocol):
    """For whoever compares many leads at a time."""

    async def leads_by_id(self, lead_ids: Collection[str]) -> list[LeadRow]:
        """Those that are there, in no order."""

    async def lead_of_handover(self, handover_id: str) -> str | None:
        """The lead that this hand-over is of."""


class FeedReading(Protocol):
    """For those who follow the events by their gapless position."""

    async def head(self) -> int:
        """The position of the last event; 0 before the first."""

    async def events(self, after: int = 0, topic: str | None = None, limit: int = 100) -> list[EventRow]:
        """By position, which has no gaps over all topics."""

    async def snapshot(self, after: str = "", limit: int = 500) -> tuple[int, list[LeadRow]]:
        """A page of leads and the feed's position before it was read: following the feed from there misses nothing
        (an event that the page holds already is told apart by the lead's sequence)."""


class MetricsReading(Protocol):
    """For depths."""

    async def counts(self, now: datetime) -> Counts:
        """The counts are near one instant; those of running clocks and of the quarantine may be some minutes older."""

    async def queues(self) -> list[QueueCount]:
        """Every queue in which somebody waits, by its name. Only leads that wait are counted."""

    async def quarantine_usage(self) -> dict[str, Kept]:
        """What waits in quarantine, by source; it may be some minutes old where it takes long to count."""


class ApiReading(ExplanationReading, FeedReading, Protocol):
    """For the routes of the API."""

    async def leads(self, *, after: str = "", limit: int = 50, **wanted: Unpack[LeadFilter]) -> list[LeadRow]:
        """By id. An e-mail address finds every lead that it names, also one that has several."""

    async def clocks(self, *, after: str = "", limit: int = 50, **wanted: Unpack[ClockFilter]) -> list[ClockRow]:
        """By id."""

    async def queues(self) -> list[QueueCount]:
        """As `MetricsReading.queues`."""

    async def waiting(self, queue: str, after: Place[str] | None = None, limit: int = 50) -> list[LeadRow]:
        """Leads of one queue, who has waited longest first; from behind `after`, the place of the last one of the page before."""

    async def fates(
        self,
        fates: Sequence[str],
        *,
        source: str | None = None,
        since: datetime | None = None,
        after: Place[int] | None = None,
        limit: int = 50,
    ) -> list[HistoryEntry]:
        """Signals that came to nothing in these ways, in the order of recording; from behind `after`, the place of the last
        one of the page before."""

    async def quarantine_entries(self, after: str = "", limit: int = 50) -> list[Quarantine]:
        """By id, without the bodies: of those only their size."""

    async def quarantine_entry(self, entry_id: str) -> Quarantine | None:
        """With its body."""

    async def dead_letters(self, state: str | None = None, limit: int = 100) -> list[DeadLetter]:
        """Oldest first."""

    async def counts(self, now: datetime) -> Counts:
        """As `MetricsReading.counts`."""


class Reading(ApiReading, LeadsReading, RecheckReading, MetricsReading, Protocol):
    """All that there is to read, and what only the operator's commands ask for."""

    def within(self, brands: Iterable[str], sources: Iterable[str]) -> ApiReading:
        """The same for somebody who sees these brands alone, and bodies of these sources: what else there is, is not there
        for them."""

    async def dead_letter(self, letter_id: str) -> DeadLetter | None: ...

    async def sealed_letters_before(self, letter: DeadLetter) -> list[str]:
        """Ids of those that wait, of its partition, set aside before it for the same reason; oldest first."""

    async def roster_changes(self) -> str | None:
        """The recorded changes on top of the roster's file, as the router keeps them."""

    async def key_uses(self) -> dict[str, datetime]:
        """When each API key was used last, by its name; within minutes."""


class AgreementReading(Protocol):
    """For those who show which agreement is in force, and who approved it."""

    async def publications(self) -> str | None:
        """The publications of agreements (JSON), None before the first."""

    async def rows(self, hashes: Sequence[str]) -> dict[str, AgreementRow]:
        """Published agreements by hash."""

    async def approvals(self) -> list[ApprovalRow]:
        """All that were ever given, oldest first."""
