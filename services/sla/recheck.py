"""Asks the router to compute open clocks again, and when time alone moves leads: after holidays, absences or the agreement were
changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial

from routing.model.ids import derive
from schemas.signals import Kind, Signal
from services.ports.log import Log
from services.ports.reading import RecheckReading
from services.ports.rows import RecordOut
from services.ports.signal_records import record_of

PAGE = 500


async def ask(
    reading: RecheckReading,
    target: Log,
    topic: str,
    now: datetime,
    *,
    adopt: bool,
    key: str,
    stages: Sequence[str] = (),
) -> int:
    """One signal for each lead with an open clock, and for each in these stages, of which the agreement asks for time alone
    (`routing.stages.waking.stages_of`); returns how many. The same `key` again asks nothing twice.

    With `adopt` the clocks go under the agreement in force. Raises LogUnavailable, StoreUnavailable.
    """

    async def ask_each(read: Callable[[str, int], Awaitable[list[tuple[str, str]]]]) -> int:
        asked, after = 0, ""
        while page := await read(after, PAGE):
            await target.append(
                [_question(lead, partition, topic=topic, now=now, adopt=adopt, key=key) for lead, partition in page]
            )
            asked, after = asked + len(page), page[-1][0]
        return asked

    asked = await ask_each(reading.timed_leads)
    return asked + (await ask_each(partial(reading.leads_without_clock, stages)) if stages else 0)


def _question(lead_id: str, partition_key: str, topic: str, now: datetime, adopt: bool, key: str) -> RecordOut:
    signal = Signal(
        kind=Kind.CLOCK_RECHECK,
        id=derive("sig", "recheck", key, adopt, lead_id),
        dedupe_key=f"recheck:{key}:{lead_id}",
        source="operator",
        reason="adopt" if adopt else None,
        occurred_at=now,
        received_at=now,
        partition_key=partition_key,
        lead_id=lead_id,
    )
    return record_of(signal, topic)
