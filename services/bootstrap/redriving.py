"""Another try for what was set aside, as `stafett dlq redrive` and the page ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routing.model.ids import derive
from routing.model.records import Lead
from schemas.signals import Kind, Signal
from services.bootstrap.parts import Parts
from services.ports.errors import RecordTooLarge
from services.ports.rows import DeadLetter, LeadRow, Redriving
from services.ports.signal_records import NO_KEY, next_attempt, once_more, record_of

if TYPE_CHECKING:
    from services.adapters.log.key_ring import KeyRing


async def redrive(parts: Parts, name: str) -> Redriving:
    """All that waits of a lead, by its id, or one letter that names no lead, by its own; a sealed one takes those of the same person
    along that were set aside before it. Raises StoreUnavailable, LogUnavailable."""
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
    if letter.lead_id is not None:
        return "holds_lead"
    if letter.state != "dead":
        return "settled"
    return await (_redrive_sealed(parts, letter) if letter.reason == NO_KEY else _append(parts, letter))


async def _redrive_sealed(parts: Parts, letter: DeadLetter) -> Redriving:
    """Opened, so that it goes to the partition of its person again and not to any other; and behind those of them that were set
    aside before it, so that none overtakes another."""
    if parts.ring is None:
        return "no_key"
    await parts.ring.refresh()
    unsealed = _open(parts.ring, letter)
    if unsealed is None:
        return "no_key"
    person = _partition_key(unsealed)
    for name in await parts.reading.sealed_letters_before(letter) if person is not None else ():
        earlier = await parts.reading.dead_letter(name)
        opened = _open(parts.ring, earlier) if earlier is not None and earlier.state == "dead" else None
        if opened is None or _partition_key(opened) != person:
            continue
        if (fate := await _append(parts, opened)) != "once_more":
            return fate
    return await _append(parts, unsealed)


def _open(ring: KeyRing, letter: DeadLetter) -> DeadLetter | None:
    """The letter with the record as it was before it was sealed; None where its key is not there."""
    value = ring.open(letter.raw or b"")
    return None if value is None else letter._replace(raw=value)


def _partition_key(letter: DeadLetter) -> str | None:
    """None where it does not decode: nobody knows whose it is."""
    signal = next_attempt(letter)
    return signal.partition_key if signal is not None else None


async def _append(parts: Parts, letter: DeadLetter) -> Redriving:
    """Killed after the append, the letter is still listed: another redrive is the same signal, and the inbox drops it."""
    thin = parts.settings.topic("thin")
    topic = thin if letter.origin.startswith(f"{thin}/") else parts.settings.topic("signals")
    try:
        await parts.log.append([once_more(letter, topic)])
    except RecordTooLarge:
        return "too_large"
    await parts.store.settle_letter(letter.id, "redriven")
    return "once_more"
