"""What an erasure does to the records that a sink has made or taken over. Pure.

Notes and tasks go first, since they hang on the others; a company is nobody's person and stays. A contact that is deleted goes last,
since the opportunity hangs on it; one that is emptied goes before it, since an opportunity that is closed may be one that nobody
can change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from services.ports.sinks import SinkRecord
from services.sinks.planning.operations import Erase
from services.sinks.records import Key

_ORDER: tuple[str, ...] = ("touches", "note", "task", "opportunity", "contact")
_ORDER_OF_EMPTYING: tuple[str, ...] = ("touches", "note", "task", "contact", "opportunity")


def erasure_plan(records: Sequence[SinkRecord], *, deletes: bool) -> tuple[Erase, ...]:
    """One operation for each record that holds something of the person. `deletes`: they are deleted, not emptied."""
    order = _ORDER if deletes else _ORDER_OF_EMPTYING
    held = [record for record in records if record.kind in order and record.state != "erased"]
    held.sort(key=lambda record: order.index(record.kind))
    return tuple(
        Erase(f"erase_{record.kind}_{record.key}"[:200], record.kind, record.key, _hangs_on(record)) for record in held
    )


def _hangs_on(record: SinkRecord) -> tuple[Key, ...]:
    """By our keys: the lead's for its contact, the hand-over's before what is of a note or a task."""
    contact = Key("contact", record.lead_id)
    match record.kind:
        case "opportunity":
            return (contact,)
        case "note":
            return (Key("opportunity", record.key.partition("/")[0]), contact)
        case "task":
            return (Key("opportunity", record.key.rpartition(".")[0]), contact)
        case "contact" | "company" | "touches" | "membership":
            return ()
        case _:
            assert_never(record.kind)
