"""Subscriptions that were made over the API. Their secrets come and go sealed: the store cannot read them.

Every method raises StoreUnavailable.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple, Protocol

from schemas.subscriptions import SubscriptionTerms
from services.ports.deliveries import State


class SubscriptionRow(NamedTuple):
    """`body` is the JSON of `SubscriptionTerms`; `revision` rises with each change; `made_by` is the name of an API key."""

    name: str
    revision: int
    body: str
    secrets: bytes
    made_by: str
    created_at: datetime
    changed_at: datetime


class Entry(NamedTuple):
    """A subscription as it is now, with how many secrets sign; `row` is None for one of the file, `state` for one that never
    ran."""

    terms: SubscriptionTerms
    secrets: int
    state: State | None
    row: SubscriptionRow | None


class SubscriptionStore(Protocol):
    """For the API that makes them and the role that serves them."""

    async def all(self) -> list[SubscriptionRow]:
        """By name."""

    async def one(self, name: str) -> SubscriptionRow | None: ...

    async def create(self, row: SubscriptionRow, most: int) -> bool | None:
        """It begins with the next event, whatever a subscription of its name did before. False where one has its name, None
        where there are `most` already."""

    async def change(self, row: SubscriptionRow) -> bool:
        """`body`, `secrets` and `changed_at` become those of the row, where its `revision` is the next one: False where
        somebody changed or removed it meanwhile."""

    async def remove(self, name: str, now: datetime) -> bool:
        """What waits for it is dropped, its place in the feed forgotten. False where there is none."""
