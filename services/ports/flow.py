"""What the screen Flow asks of the store: the events of a day. Every method raises StoreUnavailable."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol


class FlowEvent(NamedTuple):
    """An event as the feed has it; `head` is its envelope without what is personal."""

    position: int
    recorded_at: datetime
    lead_id: str
    head: str


class Stretch(NamedTuple):
    """Of the feed: behind the position `after`, up to `upto`, and recorded from `since` on, before `until`."""

    after: int
    upto: int
    since: datetime
    until: datetime


class CountedKey(NamedTuple):
    """What is counted together: of a kind of figure, of leads of one brand, recorded in the quarter of an hour that begins at `quarter`.
    `of` and `to` say more where the kind has more to say, and are "" where not."""

    quarter: datetime
    brand: str
    kind: str
    of: str
    to: str


class FlowCount(NamedTuple):
    """How many there were, of one kind."""

    kind: str
    of: str
    to: str
    number: int


class UncountedEvent(NamedTuple):
    """`brand` is that of its lead, "" where there is no such lead."""

    recorded_at: datetime
    brand: str
    head: str


class FlowReading(Protocol):
    """For the screen Flow. `brands`: None is all."""

    async def head(self) -> int:
        """The position of the last event; 0 before the first."""

    async def began_at(self) -> datetime | None:
        """When the first event was recorded; None before it."""

    async def stretch(self, since: datetime, until: datetime) -> Stretch:
        """The positions between which all events of this time are."""

    async def counts(
        self, spans: Sequence[tuple[datetime, datetime]], brands: Collection[str] | None
    ) -> list[list[FlowCount]]:
        """What is counted in each of these spans of whole quarters of an hour, in their order."""

    async def flow_events(
        self, stretch: Stretch, types: Sequence[str], brands: Collection[str] | None, limit: int
    ) -> list[FlowEvent]:
        """Of these types, the oldest first."""

    async def latest_flow_events(
        self, stretch: Stretch, types: Sequence[str], brands: Collection[str] | None, limit: int
    ) -> list[FlowEvent]:
        """Of these types, the newest first."""


class FlowCounting(Protocol):
    """For whoever counts what is new."""

    async def head(self) -> int:
        """The position of the last event; 0 before the first."""

    async def counted_upto(self) -> int:
        """The position up to which everything is counted; 0 before the first."""

    async def events_to_count(self, after: int, upto: int, types: Sequence[str]) -> list[UncountedEvent]:
        """Those of these types behind the one position, up to the other."""

    async def add_counts(self, counts: Mapping[CountedKey, int], after: int, upto: int) -> bool:
        """Counts up to this position. False, and nothing is written, where it is not counted up to `after` any more."""
