"""What is seen at a vendor: opportunities as they stand, and what people did for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple, Protocol, runtime_checkable

from schemas.json_values import JsonObject


class Change(NamedTuple):
    """When one field became what it is, and by which user; `by` None where the vendor does not say, or it was a program, which
    `is_program` says where the vendor does."""

    at: datetime
    by: str | None
    is_program: bool = False


class Sighting(NamedTuple):
    """An opportunity as it stands. `outcome` is None while it is open, `owner` and `changed_by` are the vendor's ids of users,
    `reason` is the vendor's word for why it was lost. `of_stage` and `of_owner` are the changes of stage and of owner, where the vendor
    keeps a history; else the last change of the whole record stands for both. `was` is the id that it had before, where somebody made
    another kind of record of it. `body` is the record as the vendor's webhook would have brought it, where no stage of the sinks
    file says what became of it but the words of the source may."""

    vendor_id: str
    stage: str | None
    owner: str | None
    outcome: Literal["won", "lost"] | None
    changed_at: datetime
    changed_by: str | None
    reason: str | None = None
    of_stage: Change | None = None
    of_owner: Change | None = None
    was: str | None = None
    body: JsonObject | None = None

    @property
    def stage_change(self) -> Change:
        return self.of_stage or Change(self.changed_at, self.changed_by)

    @property
    def owner_change(self) -> Change:
        return self.of_owner or Change(self.changed_at, self.changed_by)


class Work(NamedTuple):
    """A step that somebody took for an opportunity: a call, a mail, a meeting that was held, a note. `author` is the vendor's id of
    the user, `happened_at` what they say, `recorded_at` when the vendor was told. `body` is the record as the vendor's webhook would
    have brought it, for the parser of those to judge; None where there is no such parser. `is_our_task`: a task that we made, which
    we tick ourselves once the hand-over is followed up, and the vendor does not say who ticked it."""

    vendor_id: str
    opportunity: str
    kind: str
    author: str | None
    happened_at: datetime
    recorded_at: datetime
    body: JsonObject | None = None
    is_our_task: bool = False


class Deletion(NamedTuple):
    """An opportunity that somebody deleted."""

    vendor_id: str
    at: datetime


class Page(NamedTuple):
    """What has changed, oldest first. `cursor` is where to go on; `is_last` False where there is more now."""

    sightings: Sequence[Sighting]
    works: Sequence[Work]
    cursor: str
    is_last: bool
    deletions: Sequence[Deletion] = ()


@runtime_checkable
class Reader(Protocol):
    """A vendor's file that reads back as well. Both raise Trouble."""

    async def changes(self, cursor: str | None, since: datetime) -> Page:
        """What changed after `cursor`, or from `since` on where there is none yet; what is given again does no harm."""

    async def look(self, vendor_ids: Sequence[str]) -> list[Sighting]:
        """These opportunities as they stand now, at most 100; those that are gone are left out."""
