"""What the weekly forum reads of the store, and what is entered for it. Every method raises StoreUnavailable."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from routing.forum.entries import EntryRecord
from schemas.signals import Mode


class SignalRow(NamedTuple):
    """A signal that did what it means, as history keeps it; `facts` is JSON without anything personal."""

    signal_id: str
    kind: str
    mode: Mode
    occurred_at: datetime
    received_at: datetime
    recorded_at: datetime
    facts: str


class StoryRows(NamedTuple):
    """All that is kept of one subject, in the order of recording; `events` are envelopes without their personal part."""

    subject: str
    events: Sequence[str]
    signals: Sequence[SignalRow]


class StoryReading(Protocol):
    async def stories(self, after: str = "", limit: int = 100) -> list[StoryRows]:
        """By the subject's id: leads, and promises by number (`promise:NAME`)."""

    async def has_more_than(self, leads: int) -> bool:
        """Whether there are more leads than so many, of whatever brand."""

    def within(self, brands: Iterable[str]) -> StoryReading:
        """The same for somebody who sees these brands alone; promises by number are of no brand."""


MailState = Literal["pending", "sent", "refused"]


class MailStore(Protocol):
    """Who was mailed the report of which week."""

    async def mails(self, week: str) -> dict[str, MailState]:
        """By reader, of those whose mail was ever claimed."""

    async def claim_mail(self, week: str, reader: str, now: datetime, until: datetime) -> bool:
        """Whether this process is to send it: nobody else does until then. False where it was sent or refused, waits for its next try, or
        somebody else has claimed it."""

    async def finish_mail(self, week: str, reader: str, state: MailState, now: datetime, next_at: datetime) -> None:
        """Notes what came of it; one that is `pending` may be claimed again from `next_at` on."""


class ForumStore(Protocol):
    """Entries are added and never changed; a later version of an id replaces the one before."""

    async def add_entries(self, records: Sequence[EntryRecord]) -> None:
        """All or none."""

    async def entries(self) -> list[EntryRecord]:
        """All that was ever entered, in the order of recording."""
