"""Faults of ours while a body is read, told apart from what a sender got wrong: counted, logged, and named as ours in quarantine.

Nothing is lost either way: the body is set aside, and is read again once the parser is mended.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from schemas.signals import Quarantined
from services.ingest.parsers.bounds.unreadable import EndsReading, Unreadable
from services.privacy.faults import place_of

log = logging.getLogger("stafett.ingest")
OURS = "a fault of ours"
"""How the reason in quarantine begins; the place in our code follows."""
QUIET = 60.0
"""Seconds between two lines of the log about one place: whoever finds such a body may send it often. Each is counted."""
_said_at: dict[str, float] = {}
Found = TypeVar("Found")


def read_or_quarantine(where: str, read: Callable[[], Found]) -> Found | Quarantined:
    """What `read` returns. What stands at `where` is set aside if it is not what its kind sends, or if reading it fails. Raises
    EndsReading."""
    try:
        return read()
    except Unreadable as error:
        return Quarantined(quarantined=error.reason, where=error.where)
    except EndsReading:
        raise
    except Exception as error:  # noqa: BLE001 - its sender was or will be told 202: a fault of ours must be counted and the body kept, not lost
        return Quarantined(quarantined=f"{OURS}: {note_fault(error)}", where=where)


def note_fault(error: Exception) -> str:
    """Counts and logs a fault of ours; returns its class and place. The error's message may hold personal data, and is left out."""
    from services.observability import metrics

    place = place_of(error)
    metrics.count_reading_fault(place.rpartition(" at ")[2].partition(":")[0])
    now = time.monotonic()
    if now - _said_at.get(place, -QUIET) >= QUIET:
        _said_at[place] = now
        log.error("a body was set aside for a fault of ours", extra={"error": place})
    return place
