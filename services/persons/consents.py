"""What was said of consents, as evidence: read from the history, which keeps the facts of each signal also when the person is erased."""

from __future__ import annotations

import json
from collections.abc import Iterator

from routing.upkeep.withdrawals import stated_consents
from schemas.persons import ConsentStatement
from schemas.signals import Signal
from services.ports.rows import HistoryRow


def statements_in(row: HistoryRow) -> Iterator[ConsentStatement]:
    """Of a signal that was judged: what waited for the person from before they were known, then what it says itself."""
    signal = Signal.from_mapping(json.loads(row.facts))
    waited = json.loads(row.decision).get("evidence", {}).get("waited", [])
    for purpose, at in {name: at for one in waited for name, at in one["purposes"].items()}.items():
        yield ConsentStatement(
            purpose=purpose, state="withdrawn", at=at, brand=signal.brand, recorded_at=row.recorded_at
        )
    for consent in stated_consents(signal):
        yield ConsentStatement(
            purpose=consent.purpose,
            state=consent.state,
            at=consent.at,
            brand=signal.brand,
            basis=consent.basis,
            form_id=signal.form_id,
            source=signal.source,
            proof=signal.proof,
            signal=signal.id,
            received_at=signal.received_at,
            recorded_at=row.recorded_at,
        )
