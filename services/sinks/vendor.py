"""What a vendor's file has to give: records found, made, changed and linked. It keeps no state but a session."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol, runtime_checkable

from schemas.sinks import RecordKind
from services.sinks.outcomes import Made
from services.sinks.records import Fields, Key, Match, Parents, Wanted

MOST = 100
"""Contacts that were made at one time; of more nobody can say which is ours."""


class Span(NamedTuple):
    """From one instant to another, both by our clock."""

    begin: datetime
    end: datetime


@runtime_checkable
class Retracer(Protocol):
    """A vendor's file that can say which contacts came there at a time, so that one is found whose create was not answered and whose address
    nobody knows any more."""

    async def contacts_made(self, span: Span, names: Collection[str]) -> list[Match]:
        """All contacts that were made there in the span, of our own user where the vendor tells.
        Raises Trouble: `refused_data` where they are too many."""


class Vendor(Protocol):
    """One customer's account at a vendor, over a `Caller` that its constructor is given. Every method that calls raises Trouble.

    `kinds` are the records that this vendor knows; steps for others are skipped. `settle` is how long after a create that
    was not answered a look-up may still miss the record. `deletes_for_good`: a contact that is deleted is in no recycle bin.
    """

    kinds: frozenset[RecordKind]
    settle: timedelta
    deletes_for_good: bool

    def is_repeatable(self, kind: RecordKind) -> bool:
        """Whether the vendor itself makes one record of two creates with one key, so that an unanswered create is sent again."""

    def render(self, wanted: Wanted) -> Fields:
        """The values by the vendor's names and in its shapes: one that reads back equal is not written. The key itself is among
        them where the vendor keeps it in a field; a value that the vendor has no place for is left out. Pure."""

    async def find(self, key: Key, names: Collection[str], parents: Parents) -> Match | None:
        """The record of our key, by a look-up that sees what was committed; notes and tasks among what hangs on `parents`."""

    async def read(self, kind: RecordKind, vendor_id: str, names: Collection[str]) -> Match | None:
        """The record as it is now; a merge is followed. None where it is gone."""

    async def create(self, key: Key, fields: Fields, parents: Parents) -> Made:
        """A new record with these fields, hanging on `parents`. Where the vendor names one that is there: that one, adopted."""

    async def update(self, kind: RecordKind, vendor_id: str, fields: Fields) -> None:
        """Sets these fields and no other."""

    def empty(self, kind: RecordKind, names: Sequence[str]) -> Fields:
        """What `update` has to be given so that these fields name nobody; where one may not be blank, `[erased]`. Pure."""

    async def delete(self, kind: RecordKind, vendor_id: str) -> None:
        """The record is no longer there, a contact by the vendor's own call for privacy where it has one. Raises Trouble: `gone` where
        it was not, `refused_data` where something else hangs on it."""

    async def link(self, opportunity: str, kind: RecordKind, vendor_id: str) -> None:
        """The opportunity and the contact or company are connected; nothing where they are already, or where `create` did it."""

    async def check(self, owners: Mapping[str, str]) -> list[str]:
        """Everything that is wrong with the set-up there, one line each with the likely fix: key, rights, fields and their types,
        stages, users. `owners`: the id there of each person of the roster who has one."""

    async def whoami(self) -> str:
        """The id of the user or app that we write as."""
