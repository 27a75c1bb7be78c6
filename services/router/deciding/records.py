"""What the router writes of a signal that was judged: its record in the history, its events, the place of an error."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache

import msgspec

from routing.model.envelope import Outgoing
from routing.model.records import Decision, Transition
from schemas.fates import Fate, Reason, fate_of
from schemas.json_values import JsonObject
from schemas.signals import OWN_QUESTIONS, Signal
from services.observability.provenance import made_by
from services.ports.rows import HistoryRow, OutboxRow
from services.ports.signal_records import halves
from services.rules.ruling import Ruling

_WRITE = msgspec.json.Encoder().encode


class _Said(msgspec.Struct):
    """What follows from one signal, as the history has it."""

    transitions: tuple[Transition, ...]
    events: list[str]
    ledgers: dict[str, int]
    evidence: JsonObject


def history(
    signal: Signal,
    lead_id: str | None,
    decision: Decision,
    ruling: Ruling,
    now: datetime,
    parted: tuple[str, str | None] | None = None,
) -> HistoryRow:
    """The history's record of one judged signal; of its personal part it keeps a salted digest as well. `parted` are its
    halves as JSON texts, where they are at hand."""
    facts, personal = parted or halves(signal)
    salt = digest = None
    if personal is not None:
        salt = next(_SALTS)
        digest = hashlib.sha256(f"{salt}{personal}".encode()).hexdigest()
    said = _Said(
        decision.transitions,
        [emission.data.type_name for emission in decision.emissions],
        {ledger.pool: ledger.seq for ledger in decision.ledgers},
        decision.evidence,
    )
    fate, reason = _fate(signal, lead_id, decision)
    return HistoryRow(
        signal_id=signal.id,
        attempt=signal.attempt,
        lead_id=lead_id,
        kind=str(signal.kind),
        mode=signal.mode,
        occurred_at=signal.occurred_at,
        received_at=signal.received_at,
        recorded_at=now,
        facts=facts,
        personal=personal,
        salt=salt,
        digest=digest,
        outcome=decision.outcome,
        note=decision.note,
        decision=f"{_made_under(ruling.agreement.hash, ruling.roster.version)}{_WRITE(said)[1:].decode()}",
        source=signal.source,
        fate=fate,
        reason=reason,
    )


def _fate(signal: Signal, lead_id: str | None, decision: Decision) -> tuple[Fate | None, Reason | None]:
    """What the router asks of itself comes to nothing whenever it was answered already: that is told to nobody."""
    if decision.reason is None or signal.kind in OWN_QUESTIONS:
        return None, None
    return fate_of(decision.reason, lead_id is not None), decision.reason


def _salts() -> Iterator[str]:
    """8 random bytes each, drawn for many: to ask the system costs more than the digest."""
    while True:
        drawn = os.urandom(8 * 256).hex()
        yield from [drawn[at : at + 16] for at in range(0, len(drawn), 16)]


_SALTS = _salts()


@lru_cache(maxsize=8)
def _made_under(agreement: str, roster: str) -> str:
    """The beginning of each record that is written under these, up to what follows from the signal."""
    text = _WRITE({"agreement": agreement, "roster": roster, "made_by": made_by()}).decode()
    return f"{text[:-1]},"


def outbox_rows(events: Iterable[Outgoing]) -> list[OutboxRow]:
    return [OutboxRow(*event) for event in events]
