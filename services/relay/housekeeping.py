"""Housekeeping: once in a while, what need not be kept any longer is removed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from services.ports.errors import PortError

log = logging.getLogger("stafett.housekeeping")


class Housekeeper:
    """`prune(before)` removes, for each name of `keep`, what is older than the instant given for it."""

    def __init__(
        self,
        prune: Callable[[Mapping[str, datetime]], Awaitable[Mapping[str, int]]],
        keep: Mapping[str, timedelta],
        now: Callable[[], datetime],
        every: timedelta,
    ) -> None:
        self._prune, self._keep, self._now, self._every = prune, keep, now, every

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; begins at once, for a service that is restarted each day has to be tidy too."""
        while not stop.is_set():
            await self.tidy()
            try:
                await asyncio.wait_for(stop.wait(), self._every.total_seconds())
            except TimeoutError:
                continue

    async def tidy(self) -> Mapping[str, int]:
        """One round; what cannot be done now is done in the next."""
        now = self._now()
        try:
            gone = await self._prune({name: now - age for name, age in self._keep.items()})
        except PortError as error:
            log.warning("cannot tidy up", extra={"error": type(error).__name__})
            return {}
        for table, count in gone.items():
            log.info("removed what need not be kept", extra={"table": table, "count": count})
        return gone
