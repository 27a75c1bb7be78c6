"""What the screen Flow asks of the store: the events of a day. Every method raises StoreUnavailable."""

from __future__ import annotations

from collections.abc import Collection, Sequence
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


class FlowReading(Protocol):
    """For the screen Flow. `brands`: None is all."""

    async def head(self) -> int:
        """The position of the last event; 0 before the first."""

    async def began_at(self) -> datetime | None:
        """When the first event was recorded; None before it."""

    async def stretch(self, since: datetime, until: datetime) -> Stretch:
        """The positions between which all events of this time are."""

    async def flow_events(
        self, stretch: Stretch, types: Sequence[str], brands: Collection[str] | None, limit: int
    ) -> list[FlowEvent]:
        """Of these types, the oldest first."""

    async def latest_flow_events(
        self, stretch: Stretch, types: Sequence[str], brands: Collection[str] | None, limit: int
    ) -> list[FlowEvent]:
        """Of these types, the newest first."""
