"""Watches for absences that begin: who is away from an instant on hands back, at that instant, what was offered before.

A change of the roster that takes somebody away at once is the router's own business; this is for those that were entered
ahead, in the file or by a command. The id of each question comes from the person, the absence and the lead, so it is asked
once, by however many watchers.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta

from routing.model.ids import derive
from routing.model.records import Lead
from routing.people.commands import SOURCE
from routing.people.roster import Roster
from schemas.roster import Absence
from schemas.signals import Commanded, Kind, Signal
from services.loops.watching import watch
from services.ports.log import Log
from services.ports.rows import LeadRow
from services.ports.signal_records import record_of

log = logging.getLogger("stafett.absences")
EVERY = timedelta(seconds=15)
PAGE = 500
Owned = Callable[[str, str], Awaitable[list[LeadRow]]]
"""(person, id after which to go on) -> their leads in hand-over, a page by id."""


class AbsenceWatch:
    """`roster` is the one in force."""

    def __init__(
        self,
        target: Log,
        topic: str,
        roster: Callable[[], Awaitable[Roster]],
        owned: Owned,
        now: Callable[[], datetime],
    ) -> None:
        self._log, self._topic, self._roster, self._owned, self._now = target, topic, roster, owned, now
        self._asked: set[tuple[str, datetime]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`."""
        await watch(self.sweep, EVERY, stop, log)

    async def sweep(self) -> int:
        """One look; returns how many leads were asked for. Raises LogUnavailable, StoreUnavailable."""
        now, count = self._now(), 0
        for member in (await self._roster()).file.people:
            for absence in member.absences:
                begun = absence.since <= now and (absence.until is None or now < absence.until)
                if begun and (member.id, absence.since) not in self._asked:
                    count += await self._ask(member.id, absence, now)
                    self._asked.add((member.id, absence.since))
        return count

    async def _ask(self, person: str, absence: Absence, now: datetime) -> int:
        found = [_question(person, absence, lead, now) async for lead in self._leads_offered_to(person, absence.since)]
        if found:
            await self._log.append([record_of(signal, self._topic) for signal in found])
        return len(found)

    async def _leads_offered_to(self, person: str, before: datetime) -> AsyncIterator[Lead]:
        """Who has an offer of this person's from before that instant; what somebody gave them meanwhile was meant."""
        after = ""
        while rows := await self._owned(person, after):
            after = rows[-1].id
            for lead in (Lead.read(row.state) for row in rows):
                offer = lead.handover.current if lead.handover is not None else None
                if offer is not None and offer.state == "open" and offer.offered_at < before:
                    yield lead
            if len(rows) < PAGE:
                return


def _question(person: str, absence: Absence, lead: Lead, now: datetime) -> Signal:
    ident = derive("sig", "away", person, absence.since.isoformat(), lead.id)
    return Signal(
        kind=Kind.OWNER_AWAY,
        id=ident,
        dedupe_key=ident,
        source=SOURCE,
        brand=lead.brand,
        occurred_at=now,
        received_at=now,
        partition_key=lead.partition_key,
        lead_id=lead.id,
        command=Commanded(name="absence", principal="roster", person=person),
        reason="the absence began",
    )
