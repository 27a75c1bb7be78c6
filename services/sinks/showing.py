"""What would be written because of an event, as requests: the plan is carried out by a caller that sends no write, and nothing is kept.

Killed anywhere, nothing has happened: only the vendor was asked what is there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

from schemas.envelope import Envelope
from schemas.sinks import KeptKind, RecordKind
from services.ports.rows import RecordOut
from services.ports.sinks import SinkBook, SinkRecord, SinkStep
from services.sinks.outcomes import Made, Trouble
from services.sinks.records import Fields, Key, Match, Parents, Wanted
from services.sinks.role import LoopTarget
from services.sinks.vendor import Vendor

LONG = timedelta(hours=1)
"""No claim has to hold while something is only shown."""


async def show_plan(
    event: Envelope, target: LoopTarget, book: SinkBook, now: Callable[[], datetime]
) -> tuple[list[SinkStep], Trouble | None]:
    """The steps with their requests, up to the first that meets trouble. `target` is one that only shows. Raises StoreUnavailable."""
    shown = ShownBook(book)
    try:
        await target.worker(shown, now).carry(event, now() + LONG)
    except Trouble as trouble:
        return shown.shown, trouble
    return shown.shown, None


class ShownBook:
    """A book in which the records stand that are known, and of no event any step: what is kept of the plan is only `shown`."""

    def __init__(self, book: SinkBook) -> None:
        self._book = book
        self.shown: list[SinkStep] = []

    async def records(self, target: str, lead_id: str) -> list[SinkRecord]:
        return await self._book.records(target, lead_id)

    async def record(self, target: str, kind: KeptKind, key: str) -> SinkRecord | None:
        return await self._book.record(target, kind, key)

    async def steps(self, target: str, event_id: str) -> list[SinkStep]:  # noqa: ARG002 - the signature is the port's
        return []

    async def source_of_signal(self, signal_id: str) -> str | None:
        return await self._book.source_of_signal(signal_id)

    async def begin(
        self,
        record: SinkRecord,  # noqa: ARG002 - the signature is the port's
        step: SinkStep,  # noqa: ARG002 - the signature is the port's
        seen: SinkRecord | None = None,  # noqa: ARG002 - the signature is the port's
        abandoned: datetime | None = None,  # noqa: ARG002 - the signature is the port's
    ) -> bool:
        """Nobody makes anything who only shows."""
        return False

    async def finish(self, step: SinkStep, record: SinkRecord | None = None, signals: Sequence[RecordOut] = ()) -> None:  # noqa: ARG002 - the signature is the port's
        self.shown.append(step)

    async def release(self, record: SinkRecord, step: SinkStep) -> None:  # noqa: ARG002 - the signature is the port's
        self.shown.append(step)


class UnaskedVendor:
    """A vendor that nobody asks what is there: what is not known to us is not there, and of what is known no field is."""

    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor
        self.kinds, self.settle, self.deletes_for_good = vendor.kinds, vendor.settle, vendor.deletes_for_good

    def is_repeatable(self, kind: RecordKind) -> bool:
        return self._vendor.is_repeatable(kind)

    def render(self, wanted: Wanted) -> Fields:
        return self._vendor.render(wanted)

    async def find(self, key: Key, names: Collection[str], parents: Parents) -> Match | None:  # noqa: ARG002 - the signature is the port's
        return None

    async def read(self, kind: RecordKind, vendor_id: str, names: Collection[str]) -> Match | None:  # noqa: ARG002 - the signature is the port's
        return Match(vendor_id, {})

    async def create(self, key: Key, fields: Fields, parents: Parents) -> Made:
        return await self._vendor.create(key, fields, parents)

    async def update(self, kind: RecordKind, vendor_id: str, fields: Fields) -> None:
        await self._vendor.update(kind, vendor_id, fields)

    def empty(self, kind: RecordKind, names: Sequence[str]) -> Fields:
        return self._vendor.empty(kind, names)

    async def delete(self, kind: RecordKind, vendor_id: str) -> None:
        await self._vendor.delete(kind, vendor_id)

    async def link(self, opportunity: str, kind: RecordKind, vendor_id: str) -> None:
        await self._vendor.link(opportunity, kind, vendor_id)

    async def check(self, owners: Mapping[str, str]) -> list[str]:
        return await self._vendor.check(owners)

    async def whoami(self) -> str:
        return await self._vendor.whoami()
