"""Watches for periods that begin: a volume promise is measured from the first instant of its week or month, also where
nothing is counted in it. The id of the note comes from the agreement and the periods, so it is made once, by however many
watchers; the router opens what is not open yet.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from routing.model.ids import PROMISES, derive
from routing.sla.periods import period_of
from schemas.signals import Kind, Mode, Signal
from services.loops.watching import watch
from services.ports.log import Log
from services.ports.signal_records import record_of
from services.rules.ruling import Ruling

log = logging.getLogger("stafett.periods")
EVERY = timedelta(seconds=15)


class PeriodWatch:
    """`ruling` is the one in force; `mode` that of the service, since on trial nobody is alarmed."""

    def __init__(
        self,
        target: Log,
        topic: str,
        ruling: Callable[[], Awaitable[Ruling]],
        now: Callable[[], datetime],
        mode: Mode = "live",
    ) -> None:
        self._log, self._topic, self._ruling, self._now, self._mode = target, topic, ruling, now, mode
        self._noted: str | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`."""
        await watch(self.sweep, EVERY, stop, log)

    async def sweep(self) -> bool:
        """One look; True where the router was told. Raises LogUnavailable, StoreUnavailable."""
        now, agreement = self._now(), (await self._ruling()).agreement
        periods = [
            f"{v.file.name}:{period_of(now, v.file.per, agreement.calendars[v.file.calendar].zone)[0]}"
            for v in agreement.volumes
        ]
        ident = derive("sig", "periods", agreement.hash, self._mode, *sorted(periods))
        if not periods or ident == self._noted:
            return False
        signal = Signal(
            kind=Kind.PERIOD_BEGUN,
            id=ident,
            dedupe_key=ident,
            source="sla",
            mode=self._mode,
            occurred_at=now,
            received_at=now,
            partition_key=PROMISES,
        )
        await self._log.append([record_of(signal, self._topic)])
        self._noted = ident
        return True
