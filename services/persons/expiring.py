"""Idle leads expire by class: each is erased like a person who asked for it, by a signal that the router looks at again.

The id of the signal comes from the lead and since when it is idle, so that it is asked for once; what is killed half-way goes on with the
next round. Somebody who is in touch meanwhile does not expire.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from routing.model.ids import derive
from routing.model.records import Lead
from routing.upkeep.expiry import EXPIRE, STAGES, ExpiryClass, expiry_class, idle_since
from schemas.signals import Commanded, Kind, Signal
from services.ports.errors import PortError
from services.ports.persons import PersonReading

log = logging.getLogger("stafett.persons")
PAGE = 200
EVERY = timedelta(days=1)
Times = Mapping[ExpiryClass, timedelta]


class Idle(NamedTuple):
    """A lead that may expire now."""

    lead: Lead
    by: ExpiryClass
    since: datetime


class Expirer:
    """`times` says after how long which class expires; a class that is not in it never does."""

    def __init__(
        self,
        reading: PersonReading,
        times: Times,
        *,
        accept: Callable[[Sequence[Signal]], Awaitable[None]],
        lease: Callable[[], Awaitable[bool]],
        now: Callable[[], datetime],
    ) -> None:
        self._reading, self._times, self._accept, self._lease, self._now = reading, times, accept, lease, now

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`, once a day; begins at once. Without times there is nothing to do."""
        while self._times and not stop.is_set():
            try:
                if await self._lease():
                    await self.expire()
            except PortError as error:
                log.warning("cannot let leads expire", extra={"error": type(error).__name__})
            try:
                await asyncio.wait_for(stop.wait(), EVERY.total_seconds())
            except TimeoutError:
                continue
        await stop.wait()

    async def idle_pages(self) -> AsyncIterator[list[Idle]]:
        """Those that may expire now, page by page. Raises StoreUnavailable."""
        if not self._times:
            return
        now, after = self._now(), ""
        before = now - min(self._times.values())
        while rows := await self._reading.idle_leads(STAGES, before, after, PAGE):
            yield [one for row in rows if (one := self._idle(Lead.read(row.state), now)) is not None]
            after = rows[-1].id

    async def expire(self) -> int:
        """Asks the router for each of them; returns how many. Raises StoreUnavailable, and what `accept` does."""
        count = 0
        async for page in self.idle_pages():
            if page:
                await self._accept([self._request(one) for one in page])
                count += len(page)
        if count:
            log.info("leads expire", extra={"count": count})
        return count

    def _idle(self, lead: Lead, now: datetime) -> Idle | None:
        by, since = expiry_class(lead), idle_since(lead)
        if by is None or by not in self._times or since > now - self._times[by]:
            return None
        return Idle(lead, by, since)

    def _request(self, one: Idle) -> Signal:
        at, lead = self._now(), one.lead
        ident = derive("sig", EXPIRE, lead.id, one.since.isoformat())
        return Signal(
            kind=Kind.PERSON_ERASURE_REQUESTED,
            id=ident,
            dedupe_key=ident,
            source="command",
            brand=lead.brand,
            occurred_at=at,
            received_at=at,
            partition_key=lead.partition_key,
            lead_id=lead.id,
            reason=f"expired: {one.by}",
            command=Commanded(name=EXPIRE, principal="retention", until=one.since),
        )
