"""Signals that nobody has decided on yet, claimed for this transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from schemas.certain import certain
from services.ports.signal_records import Incoming
from services.ports.store import Batch


async def claim_new_signals(tx: Batch, batch: Sequence[Incoming], now: datetime) -> list[Incoming]:
    """The batch without what was seen before, in it or in an earlier one; what does not decode passes. A fact that has no id of
    its own enters the id that a repetition has in the next window, too: no border parts the two."""
    firsts = {(i.signal.id, i.signal.attempt): i for i in reversed(batch) if i.signal is not None}
    new = await tx.claim_new(list(firsts), now)
    next_ids: set[str] = set()
    claimed: list[Incoming] = []
    for incoming in batch:
        if incoming.is_spent:
            continue
        if incoming.signal is None:
            claimed.append(incoming)
        elif _is_first(incoming, firsts, new) and incoming.signal.id not in next_ids:
            claimed.append(incoming)
            if incoming.signal.next_window_id is not None:
                next_ids.add(incoming.signal.next_window_id)
    if next_ids:
        await tx.claim_new([(ident, 0) for ident in sorted(next_ids)], now)
    return claimed


def _is_first(incoming: Incoming, firsts: dict[tuple[str, int], Incoming], new: set[tuple[str, int]]) -> bool:
    signal = certain(incoming.signal, "what does not decode was set aside before")
    identity = (signal.id, signal.attempt)
    return identity in new and firsts[identity] is incoming
