"""What is seen at a vendor: opportunities as they stand, and what people did for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple, Protocol, runtime_checkable


class Sighting(NamedTuple):
    """An opportunity as it stands. `outcome` is None while it is open, `owner` and `changed_by` are the vendor's ids of users,
    `reason` is the vendor's word for why it was lost."""

    vendor_id: str
    stage: str | None
    owner: str | None
    outcome: Literal["won", "lost"] | None
    changed_at: datetime
    changed_by: str | None
    reason: str | None = None


class Work(NamedTuple):
    """A step that somebody took for an opportunity: a call, a mail, a meeting that was held, a note. `author` is the vendor's id of
    the user, `happened_at` what they say, `recorded_at` when the vendor was told."""

    vendor_id: str
    opportunity: str
    kind: str
    author: str | None
    happened_at: datetime
    recorded_at: datetime


class Page(NamedTuple):
    """What has changed, oldest first. `cursor` is where to go on; `is_last` False where there is more now."""

    sightings: Sequence[Sighting]
    works: Sequence[Work]
    cursor: str
    is_last: bool


@runtime_checkable
class Reader(Protocol):
    """A vendor's file that reads back as well. Both raise Trouble."""

    async def changes(self, cursor: str | None, since: datetime) -> Page:
        """What changed after `cursor`, or from `since` on where there is none yet; what is given again does no harm."""

    async def look(self, vendor_ids: Sequence[str]) -> list[Sighting]:
        """These opportunities as they stand now, at most 100; those that are gone are left out."""
