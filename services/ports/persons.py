"""What is asked of the store about one person, whichever of their leads and tables it stands in.

Pages are bounded and in a fixed order. Every method raises StoreUnavailable.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from routing.model.links import Key
from services.ports.reading import HistoryEntry
from services.ports.rows import DeadLetter, EventRow, LeadRow, PersonRequest, SpoolEntry


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

    async def holdings(self, lead_id: str) -> dict[str, int]:
        """How many rows of each table bear the lead's id and hold something personal."""

    async def idle_leads(self, stages: Sequence[str], before: datetime, after: str, limit: int) -> list[LeadRow]:
        """Leads in these stages that were not written since then and are neither erased nor merged, by id, behind this one."""

    async def letters_of(self, lead_id: str, limit: int) -> list[DeadLetter]:
        """Signals of the lead that were set aside, oldest first."""


class PersonRegister(Protocol):
    """Who asked for whose data, and what came of it."""

    async def note_request(self, request: PersonRequest) -> None:
        """Durable when it returns. One that is there already stays as it is."""

    async def request(self, ident: str) -> PersonRequest | None: ...

    async def requests_of(self, lead_id: str) -> list[PersonRequest]:
        """The oldest first."""


class LoggedKey(NamedTuple):
    """Where a record of the embedded log is, with its key."""

    topic: str
    partition: int
    offset: int
    key: bytes


class PersonErasing(Protocol):
    """For the work that is left of an erasure. Each method is one transaction of bounded size, may be repeated, and notes with the
    request what it emptied, so that a kill between two of them loses nothing and counts nothing twice."""

    async def open_erasures(self, limit: int) -> list[PersonRequest]:
        """The oldest first."""

    async def empty_of_lead(self, request: PersonRequest, limit: int) -> int:
        """Empties rows that bear the lead's id; returns how many, 0 where none is left."""

    async def history_of_nobody(self, after: int, limit: int) -> list[tuple[int, str]]:
        """(number, facts) of signals of no lead that still hold something personal."""

    async def empty_history(self, request: PersonRequest, numbers: Sequence[int]) -> None: ...

    async def letters_of_nobody(self, after: int, limit: int) -> list[DeadLetter]:
        """Letters of no lead, the oldest first, behind this number; `attempt` is the number of each here."""

    async def empty_letters(self, request: PersonRequest, ids: Sequence[str]) -> None: ...

    async def bodies(self, after: tuple[str, str], limit: int) -> list[tuple[str, str, bytes]]:
        """(source, digest, body) of what is in quarantine, behind this source and digest."""

    async def drop_bodies(self, request: PersonRequest, names: Sequence[tuple[str, str]]) -> None: ...

    async def spool_page(self, after: int, limit: int) -> list[SpoolEntry]:
        """What waits for the log, behind this number."""

    async def put_spooled(self, request: PersonRequest, entries: Sequence[SpoolEntry]) -> None:
        """Their bodies as they are given, where they still wait."""

    async def forum_page(self, after: int, limit: int) -> list[tuple[int, str]]:
        """(number, body) of what people wrote for the forum, behind this number."""

    async def put_forum(self, request: PersonRequest, bodies: Sequence[tuple[int, str]]) -> None: ...

    async def log_keys(self, after: LoggedKey | None, limit: int) -> list[LoggedKey]:
        """Keys of the embedded log's records, in order of topic, partition and offset."""

    async def log_bodies(self, places: Sequence[LoggedKey]) -> list[bytes | None]:
        """Their bodies; None where one is gone."""

    async def put_logged(self, request: PersonRequest, bodies: Sequence[tuple[LoggedKey, bytes]]) -> None: ...

    async def is_published(self, lead_id: str) -> bool:
        """Whether no event of the lead waits for the relay, which may bring with it what was emptied."""

    async def let_wait(self, request: PersonRequest) -> None:
        """All of it is emptied; what is left is on topics, until nobody opens it."""

    async def reopen(self, before: datetime | None) -> int:
        """What waits and was asked for before then (None: all of it) is open again, for a last round; returns how many."""

    async def finish(self, request: PersonRequest, now: datetime) -> PersonRequest:
        """The request is done: what it looked for is emptied as well, and `body` is the receipt."""

    async def erased_since(self, after: int, limit: int) -> list[tuple[int, str]]:
        """(number, facts) of signals that told of somebody who was erased, behind this number."""

    async def compact(self) -> bool:
        """What was emptied leaves the files as well, as far as this store can do so. False where others were in the way: ask again."""
