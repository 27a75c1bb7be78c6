"""What is asked of the store about one person, whichever of their leads and tables it stands in.

Pages are bounded and in a fixed order. Every method raises StoreUnavailable.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from routing.model.links import Key
from services.ports.reading import HistoryEntry
from services.ports.rows import DeadLetter, EventRow, LeadRow

RequestKind = Literal["export", "erasure"]
RequestState = Literal["open", "done"]


class PersonRequest(NamedTuple):
    """That a person's data was asked for, by somebody at an instant; `body` (JSON) says what came of it, and nothing of it is personal.
    `personal` is what an erasure looks for, emptied when it is done; `place` is how far it got."""

    id: str
    kind: RequestKind
    state: RequestState
    principal: str
    lead_id: str | None
    asked_at: datetime
    finished_at: datetime | None = None
    body: str = "{}"
    personal: str | None = None
    place: str | None = None


class GivenEvent(NamedTuple):
    """An event that a receiver was to get; `position` is the event's place in the feed."""

    receiver: str
    position: int
    event_id: str
    state: str
    attempts: int
    at: datetime | None


class KeptRecord(NamedTuple):
    """A record at a CRM or a marketing platform."""

    target: str
    kind: str
    key: str
    state: str
    url: str | None
    at: datetime | None


class PersonReading(Protocol):
    """For a person's export, and for finding whose data it is."""

    async def brands(self) -> list[str]:
        """Every brand of which an identity is known."""

    async def links(self, keys: Sequence[Key]) -> dict[Key, str]:
        """What the identities lead to, of those that are known."""

    async def leads(self, ids: Sequence[str]) -> list[LeadRow]:
        """Those that are there, by id."""

    async def history(self, lead_id: str, after: int = 0, limit: int = 200) -> list[HistoryEntry]:
        """In the order of recording."""

    async def events_of(self, lead_id: str, after: int, limit: int) -> list[EventRow]:
        """The lead's events of the feed by their `sequence`, from behind `after`."""

    async def deliveries_at(self, positions: Sequence[int]) -> list[GivenEvent]:
        """What receivers were to get of the events at these positions; what is over for longer than deliveries are kept is gone."""

    async def records_of(self, lead_id: str) -> list[KeptRecord]:
        """What sinks made or found for the lead."""

    async def incidents_of(self, lead_id: str) -> list[str]:
        """Incidents about the lead, each as `routing.incidents.records.Incident` writes it."""

    async def letters_of(self, lead_id: str, limit: int) -> list[DeadLetter]:
        """Signals of the lead that were set aside, oldest first."""


class PersonRegister(Protocol):
    """Who asked for whose data, and what came of it."""

    async def note_request(self, request: PersonRequest) -> None:
        """Durable when it returns. One that is there already stays as it is."""

    async def request(self, ident: str) -> PersonRequest | None: ...
