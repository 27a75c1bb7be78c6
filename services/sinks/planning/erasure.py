"""What an erasure does to the records that a sink has made or taken over. Pure.

Notes and tasks go first, since they hang on the others; a company is nobody's person and stays. A contact that is deleted goes last,
since the opportunity hangs on it; one that is emptied goes before it, since an opportunity that is closed may be one that nobody
can change.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.ports.sinks import SinkRecord
from services.sinks.planning.operations import Erase

_ORDER: tuple[str, ...] = ("touches", "note", "task", "opportunity", "contact")
_ORDER_OF_EMPTYING: tuple[str, ...] = ("touches", "note", "task", "contact", "opportunity")


def erasure_plan(records: Sequence[SinkRecord], *, deletes: bool) -> tuple[Erase, ...]:
    """One operation for each record that holds something of the person. `deletes`: they are deleted, not emptied."""
    order = _ORDER if deletes else _ORDER_OF_EMPTYING
    held = [record for record in records if record.kind in order and record.state != "erased"]
    held.sort(key=lambda record: order.index(record.kind))
    return tuple(Erase(f"erase_{record.kind}_{record.key}"[:200], record.kind, record.key) for record in held)
