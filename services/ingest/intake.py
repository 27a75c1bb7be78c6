"""Accepting: signals into the log, else into the spool, else not at all. A 202 is a promise that survives any crash."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from schemas.signals import Signal
from services.ports import Log, LogUnavailable, Store, StoreUnavailable
from services.rows import Quarantine, RecordOut
from services.signal_records import record_of

log = logging.getLogger("stafett.ingest")
BREAKER = 1.0
"""Seconds for which a log that failed is not tried again: meanwhile signals go straight to the spool."""


class NowhereToPut(Exception):
    """Neither the log nor the spool can take a signal; the sender has to try again."""


class Intake:
    """`thin` is the topic of signals that the role `enrich` completes first. `spool_limit` is how many signals may wait in the spool before we refuse more."""

    def __init__(self, target: Log, store: Store, topic: str, spool_limit: int = 100_000, thin: str = "") -> None:
        self._log, self._store, self._topic, self._limit = target, store, topic, spool_limit
        self._thin = thin or topic
        self._closed_until = 0.0

    async def accept(self, signals: Sequence[Signal], thin: bool = False) -> None:
        """Durable when it returns. `thin`: of a source whose API is asked; all of them, so that they stay in order.
        Raises NowhereToPut."""
        records = [record_of(signal, self._thin if thin else self._topic) for signal in signals]
        if not records:
            return
        if asyncio.get_running_loop().time() >= self._closed_until:
            try:
                await self._log.append(records)
            except LogUnavailable:
                self._closed_until = asyncio.get_running_loop().time() + BREAKER
                log.warning("the log is unavailable: spooling", extra={"count": len(records)})
            else:
                return
        await self._spool(records)

    async def set_aside(self, entries: Sequence[Quarantine]) -> None:
        """Durable when it returns. Raises NowhereToPut."""
        if not entries:
            return
        try:
            await self._store.quarantine(entries)
        except StoreUnavailable as error:
            raise NowhereToPut from error

    async def _spool(self, records: list[RecordOut]) -> None:
        try:
            await self._store.spool(records, self._limit)
        except StoreUnavailable as error:
            raise NowhereToPut from error
