"""What stands in quarantine for a body: an entry for each part that was not understood, as long as there are few."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from routing.model.ids import derive
from schemas.signals import Quarantined, Signal
from schemas.sources import Source
from services.ingest.accepting.intake import Taken
from services.ingest.quarantine.stripping import hide_secrets
from services.observability.logging import LONGEST_HEADER, LONGEST_PLACE, scrub
from services.ports.log import RECORD_BYTES
from services.ports.rows import Quarantine

MAX_ENTRIES = 20
"""Each entry keeps the whole body, so that it can be read again: of a thousand parts of 1 MiB a gigabyte would be kept."""
WHOLE = "$"
_KEPT_HEADERS = ("content-type", "user-agent", "webhook-id", "svix-id", "ce-id", "ce-type", "ce-source")


def set_aside(
    source: Source, items: Sequence[Quarantined], body: bytes, headers: Mapping[str, str], now: datetime
) -> list[Quarantine]:
    """The entries of a body as it came."""
    if not items:
        return []
    content_type = headers.get("content-type")
    kept = hide_secrets(body, source.verify.field)
    whole = Quarantine(
        id="",
        source=source.name,
        reason="",
        place=WHOLE,
        content_type=scrub(content_type, LONGEST_HEADER) if content_type is not None else None,
        headers=json.dumps({name: scrub(headers[name], LONGEST_HEADER) for name in _KEPT_HEADERS if name in headers}),
        body=kept,
        mode=source.mode,
        received_at=now,
        size=len(kept),
    )
    return still_aside(whole, items)


def still_aside(entry: Quarantine, items: Sequence[Quarantined]) -> list[Quarantine]:
    """The entries of these parts of an entry's body. An id comes from the kept body and the place, so that a repetition, or
    the same part read again, is the same entry."""
    digest = hashlib.sha256(entry.body or b"").hexdigest()
    parts = [(scrub(item.where, LONGEST_PLACE), scrub(item.quarantined, LONGEST_PLACE)) for item in items]
    if len(parts) > MAX_ENTRIES:
        where, why = parts[0]
        parts = [(WHOLE, f"{len(parts)} parts were not understood; the first is {where}: {why}")]
    # Of two reasons for one place the first counts: one statement cannot write one row twice.
    return [
        entry._replace(id=derive("qua", entry.source, place, digest), place=place, reason=reason)
        for place, reason in dict(reversed(parts)).items()
    ][::-1]


def too_large(signals: Sequence[Signal], taken: Taken) -> list[Quarantined]:
    """What the log never takes, as parts of the body."""
    why = f"as a record the signal has more than {RECORD_BYTES} bytes"
    return [
        Quarantined(quarantined=why, where=f"signal {number}")
        for number, signal in enumerate(signals, 1)
        if signal in taken.large
    ]
