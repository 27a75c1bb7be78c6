"""Another try for what was set aside, as `stafett dlq redrive` and the page ask for it."""

from __future__ import annotations

from routing.model.ids import derive
from routing.model.records import Lead
from schemas.signals import Kind, Signal
from services.bootstrap.parts import Parts
from services.ports.errors import RecordTooLarge
from services.ports.rows import DeadLetter, LeadRow, Redriving
from services.ports.signal_records import once_more, record_of


async def redrive(parts: Parts, name: str) -> Redriving:
    """All that waits of a lead, by its id, or one letter that names no lead, by its own. Raises StoreUnavailable, LogUnavailable."""
    letter = await parts.reading.dead_letter(name)
    if letter is not None:
        return await _redrive_letter(parts, letter)
    row = await parts.reading.lead(name)
    return await _redrive_lead(parts, row) if row is not None and row.held else "not_held"


async def _redrive_lead(parts: Parts, row: LeadRow) -> Redriving:
    """By a signal to the router, so that it happens in the lead's own order. Asked twice of the same lead it is the same signal."""
    lead, now = Lead.read(row.state), parts.now()
    ident = derive("sig", "redrive", lead.id, lead.version)
    request = Signal(
        kind=Kind.LEAD_REDRIVE,
        id=ident,
        dedupe_key=ident,
        source="operator",
        brand=lead.brand,
        occurred_at=now,
        received_at=now,
        partition_key=lead.partition_key,
        lead_id=lead.id,
    )
    await parts.log.append([record_of(request, parts.settings.topic("signals"))])
    return "asked"


async def _redrive_letter(parts: Parts, letter: DeadLetter) -> Redriving:
    """Killed after the append, the letter is still listed: another redrive is the same signal, and the inbox drops it."""
    if letter.lead_id is not None:
        return "holds_lead"
    if letter.state != "dead":
        return "settled"
    thin = parts.settings.topic("thin")
    topic = thin if letter.origin.startswith(f"{thin}/") else parts.settings.topic("signals")
    try:
        await parts.log.append([once_more(letter, topic)])
    except RecordTooLarge:
        return "too_large"
    await parts.store.settle_letter(letter.id, "redriven")
    return "once_more"
