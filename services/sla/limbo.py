"""Watches for leads in limbo: finds suspects in the store and asks the router about each, which decides and tells.

The router looks at every lead as its decision leaves it; this is for those who got there without one, because somebody
left the roster, say. The id of the question comes from the lead and the roster's version: it is asked once, by however many watchers.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from routing.lifecycle import WORKED
from routing.model.ids import derive
from routing.people.roster import Roster
from schemas.signals import Kind, Signal
from services.loops.watching import watch
from services.ports.log import Log
from services.ports.rows import RecordOut, Suspect
from services.ports.signal_records import record_of
from services.ports.store import LimboStore

log = logging.getLogger("stafett.limbo")
EVERY = timedelta(minutes=1)


class LimboWatch:
    """`on_count` is told how many leads the router has found in limbo."""

    def __init__(
        self,
        store: LimboStore,
        target: Log,
        topic: str,
        roster: Callable[[], Awaitable[Roster]],
        now: Callable[[], datetime],
        *,
        on_count: Callable[[int], None] = lambda _: None,
        batch_max: int = 500,
    ) -> None:
        self._store, self._log, self._topic, self._roster, self._now = store, target, topic, roster, now
        self._on_count, self._batch_max = on_count, batch_max
        self._asked: set[str] = set()
        self._version: str | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`."""
        await watch(self.sweep, EVERY, stop, log)

    async def sweep(self) -> int:
        """One look; returns how many questions were asked. Raises LogUnavailable, StoreUnavailable."""
        roster = await self._roster()
        present = sorted(member.id for member in roster.file.people if member.active)
        suspects = await self._store.limbo_suspects(WORKED, present, self._batch_max)
        self._on_count(sum(suspect.told for suspect in suspects))
        # Those that the router does not find in limbo stay suspects; they are asked about once for each roster.
        if roster.version != self._version:
            self._asked, self._version = set(), roster.version
        suspects = [suspect for suspect in suspects if suspect.lead_id not in self._asked]
        asked = [self._question(suspect, roster.version) for suspect in suspects if not suspect.told]
        if asked:
            await self._log.append(asked)
            self._asked |= {suspect.lead_id for suspect in suspects}
        return len(asked)

    def _question(self, suspect: Suspect, version: str) -> RecordOut:
        now = self._now()
        signal = Signal(
            kind=Kind.LEAD_CHECK,
            id=derive("sig", "check", suspect.lead_id, version),
            dedupe_key=f"check:{suspect.lead_id}:{version}",
            source="sla",
            brand=suspect.brand,
            occurred_at=now,
            received_at=now,
            partition_key=suspect.partition_key,
            lead_id=suspect.lead_id,
        )
        return record_of(signal, self._topic)
