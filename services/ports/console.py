"""What the page for people asks of the store: who waits, what happened to one lead, what moved since.

Lists are ordered and bounded. Every method raises StoreUnavailable.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from routing.incidents.records import Incident
from services.ports.reading import HistoryEntry, Place
from services.ports.rows import ClockRow, EventRow, LeadRow

Due = Literal["overdue", "today"]
"""Which of those that wait: the due instant is over, or comes before the reader's day ends (and is not over)."""


class Sight(NamedTuple):
    """Which leads there are for somebody: of these brands (None: all), and of these owners or of nobody (None: everybody's)."""

    brands: Collection[str] | None = None
    owners: Collection[str] | None = None


class Wanted(NamedTuple):
    """Which of those that wait are asked for; None is any. `owner` "" is nobody. `before` and `since` bound the due instant."""

    owner: str | None = None
    queue: str | None = None
    stage: str | None = None
    policy: str | None = None
    since: datetime | None = None
    before: datetime | None = None


class Waiting(NamedTuple):
    """A lead that somebody has to act on, with the clock of it that is due first."""

    clock: ClockRow
    lead: LeadRow


class Tally(NamedTuple):
    """How many wait, of them how many whose due instant is over at `now`, and how many whose it is before `tonight`. All are counted
    up to a bound, `is_all` is False where there are more."""

    waiting: int
    overdue: int
    today: int
    is_all: bool


class StoryPlace(NamedTuple):
    """Where a page of a story ends: the number of its oldest signal, and the sequence of its oldest event."""

    signal: int
    event: int


class StoryPage(NamedTuple):
    """Signals in the order of decisions, and by their ids the events that they `caused`, by sequence. `earlier` is where to go on;
    None: it is all."""

    signals: Sequence[HistoryEntry]
    caused: Mapping[str, Sequence[EventRow]]
    earlier: StoryPlace | None


class PageReading(Protocol):
    """For the page."""

    async def waiting_leads(
        self, sight: Sight, wanted: Wanted, after: Place[str] | None = None, limit: int = 50
    ) -> list[Waiting]:
        """What is due first comes first; each lead once. `after` is the place of the last clock of the page before."""

    async def tally(self, sight: Sight, wanted: Wanted, now: datetime, tonight: datetime) -> Tally:
        """Of all that `waiting_leads` would list."""

    async def head(self) -> int:
        """The position of the last event; 0 before the first."""

    async def moved_leads(self, after: int, upto: int, limit: int) -> list[str]:
        """Leads with an event behind `after` and up to `upto`, each once; `limit` of them where there are more."""

    async def story(self, lead_id: str, before: StoryPlace | None = None, limit: int = 100) -> StoryPage:
        """The newest signals of one lead and what followed from each, from in front of `before`, the end of the page before."""

    async def open_incidents(self, lead_id: str) -> list[Incident]:
        """What people are told of about this lead, until it is over."""
