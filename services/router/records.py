"""What the router writes of a signal that was judged: its record in the history, its events, the place of an error."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from datetime import datetime

import msgspec

from routing.envelope import Outgoing
from routing.model import Decision
from schemas.signals import Signal
from services.made_by import made_by
from services.rows import HistoryRow, OutboxRow
from services.ruling import Ruling
from services.signal_records import halves

_WRITE = msgspec.json.encode


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
    salt = os.urandom(8).hex() if personal is not None else None
    digest = hashlib.sha256(f"{salt}{personal}".encode()).hexdigest() if salt else None
    said = {
        "agreement": ruling.agreement.hash,
        "roster": ruling.roster.version,
        "made_by": made_by(),
        "transitions": decision.transitions,
        "events": [emission.data.type_name for emission in decision.emissions],
        "ledgers": {ledger.pool: ledger.seq for ledger in decision.ledgers},
        "evidence": decision.evidence,
    }
    return HistoryRow(
        signal_id=signal.id,
        attempt=signal.attempt,
        lead_id=lead_id,
        kind=signal.kind.value,
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
        decision=_WRITE(said).decode(),
    )


def outbox_rows(events: Iterable[Outgoing]) -> list[OutboxRow]:
    return [
        OutboxRow(e.event_id, e.topic, e.lead_id, e.sequence, e.type, e.partition_key, e.head, e.personal)
        for e in events
    ]


def place_of(error: Exception) -> str:
    """The class and the place of an error; its message may hold personal data."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}" if trace is not None else "?"
    return f"{type(error).__name__} at {place}"
