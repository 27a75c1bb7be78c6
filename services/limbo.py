"""Watches for leads in limbo: finds suspects in the store and asks the router about each, which decides and tells.

The router looks at every lead as its decision leaves it; this is for those who got there without one, because somebody
left the roster, say. The id of the question comes from the lead and its version, so any number of watchers is safe.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from routing.ids import derive
from routing.limbo import WORKED
from schemas.signals import Kind, Signal
from services.ports import Log, LogUnavailable, RecordOut, Store, StoreUnavailable, Suspect
from services.ruling import Ruling

log = logging.getLogger("stafett.limbo")
EVERY = timedelta(minutes=1)


class LimboWatch:
    """`on_count` is told how many leads the router has found in limbo."""

    def __init__(
        self,
        store: Store,
        target: Log,
        topic: str,
        ruling: Callable[[], Ruling],
        now: Callable[[], datetime],
        *,
        on_count: Callable[[int], None] = lambda _: None,
        batch_max: int = 500,
    ) -> None:
        self._store, self._log, self._topic, self._ruling, self._now = store, target, topic, ruling, now
        self._on_count, self._batch_max = on_count, batch_max

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`."""
        while not stop.is_set():
            try:
                await self.sweep()
            except (LogUnavailable, StoreUnavailable) as error:
                log.warning("cannot watch", extra={"error": type(error).__name__})
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY.total_seconds())

    async def sweep(self) -> int:
        """One look; returns how many questions were asked. Raises LogUnavailable, StoreUnavailable."""
        roster = self._ruling().roster
        present = sorted(member.id for member in roster.file.people if member.active)
        suspects = await self._store.limbo_suspects(WORKED, present, self._batch_max)
        self._on_count(sum(suspect.told for suspect in suspects))
        asked = [self._question(suspect) for suspect in suspects if not suspect.told]
        if asked:
            await self._log.append(asked)
        return len(asked)

    def _question(self, suspect: Suspect) -> RecordOut:
        now = self._now()
        signal = Signal(
            kind=Kind.LEAD_CHECK,
            id=derive("sig", "check", suspect.lead_id, suspect.version),
            dedupe_key=f"check:{suspect.lead_id}:{suspect.version}",
            source="sla",
            brand=suspect.brand,
            occurred_at=now,
            received_at=now,
            partition_key=suspect.partition_key,
            lead_id=suspect.lead_id,
        )
        value = signal.model_dump_json(by_alias=True, exclude_defaults=True).encode()
        return RecordOut(self._topic, suspect.partition_key.encode(), value)
