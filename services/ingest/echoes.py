"""Our own writes that come back by webhook, known by their value, or by the marker of a note or task, where neither the user nor the app
tells.

One read a body, of sources whose sales facts a live sink writes; where the store is away nothing is taken for an echo, since a
fact that somebody else told must not be lost.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol, assert_never

from schemas.signals import Actor, Echo, Kind, Signal
from schemas.sinks import KeptKind, ValueName
from services.ports.errors import StoreUnavailable
from services.ports.sinks import SinkRecord
from services.ports.written import is_echo

MARKER = re.compile(rb"Stafett ho_\w+(?:/dossier|/touches|\.\d+)")
"""What the last line of each note and task of ours says."""
_MADE = frozenset({Kind.NOTE_ADDED, Kind.ACTIVITY_CREATED, Kind.ACTIVITY_UPDATED, Kind.SALES_TASK_OPEN})
"""That a note or a task came there, or was written again. What somebody did with ours (ticked it) is theirs all the same."""
log = logging.getLogger("stafett.ingest")


class SinkRecords(Protocol):
    """What is asked of the sinks' book."""

    async def records_by_vendor_id(
        self, target: str, kind: KeptKind, vendor_ids: Collection[str]
    ) -> list[SinkRecord]: ...


class _Told(NamedTuple):
    """A value of a record that a signal tells of."""

    kind: KeptKind
    vendor_id: str
    name: ValueName
    value: str


class Echoes:
    """`targets` are the sinks that write where a source's webhooks come from, by the source's name."""

    def __init__(self, records: SinkRecords, targets: Mapping[str, Sequence[str]]) -> None:
        self._records, self._targets = records, targets

    async def recognise(self, source: str, signals: Sequence[Signal], now: datetime, body: bytes) -> list[Signal]:
        """The signals, with those that tell of our own writes as nobody's doing. `body` is what they were read of."""
        targets = self._targets.get(source, ())
        if targets:
            signals = _with_marker(signals, body)
        asked = [told for signal in signals for told in _values_told(signal)] if targets else []
        if not asked:
            return list(signals)
        try:
            marks = {
                (r.kind, r.vendor_id): r.written for target in targets for r in await self._records_of(target, asked)
            }
        except StoreUnavailable:
            log.warning("whether these are echoes is not known", extra={"source": source, "count": len(asked)})
            return list(signals)
        return [_as_echo(signal, "value") if _is_ours(signal, marks, now) else signal for signal in signals]

    async def _records_of(self, target: str, asked: Sequence[_Told]) -> list[SinkRecord]:
        found: list[SinkRecord] = []
        for kind in sorted({told.kind for told in asked}):
            ids = {told.vendor_id for told in asked if told.kind == kind}
            found += await self._records.records_by_vendor_id(target, kind, ids)
        return found


def _with_marker(signals: Sequence[Signal], body: bytes) -> Sequence[Signal]:
    """A body of several does not say whose text the marker stands in."""
    if len(signals) != 1 or signals[0].kind not in _MADE or signals[0].echo is not None or not MARKER.search(body):
        return signals
    return [_as_echo(signals[0], "marker")]


def _values_told(signal: Signal) -> Iterator[_Told]:
    """What it says of records, where it is not known as ours yet: the one value that its kind is about."""
    sales = signal.sales
    if sales is None or signal.echo is not None:
        return
    for reference in signal.references:
        match reference.object:
            case "activity":
                if sales.done:
                    yield _Told("task", reference.id, "state", "done")
            case "deal":
                name: ValueName = "owner" if signal.kind == Kind.SALES_OWNER_CHANGED else "stage"
                value = sales.owner_id if name == "owner" else sales.to
                if value is not None:
                    yield _Told("opportunity", reference.id, name, value)
            case "person" | "company":
                continue
            case _:
                assert_never(reference.object)


def _is_ours(signal: Signal, marks: Mapping[tuple[KeptKind, str | None], str | None], now: datetime) -> bool:
    return any(
        is_echo(marks.get((told.kind, told.vendor_id)), told.name, told.value, now) for told in _values_told(signal)
    )


def _as_echo(signal: Signal, by: Echo) -> Signal:
    return signal.but(actor=Actor(kind="system", reference=signal.actor.reference), automated=True, echo=by)
