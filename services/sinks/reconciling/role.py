"""The two sweeps of a sink that reads back: changes since the last look, and each day every open hand-over.

A sweep is claimed in the store, so that of several processes one reads. On kill -9 the place is where it was: the same changes are
read again, and are the same signals. Signals and the place that follows them are one commit.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from schemas.signals import Parsed
from schemas.sinks.base import Reconcile
from services.loops.watching import watch
from services.ports.errors import PortError
from services.ports.reading import LeadsReading
from services.ports.rows import RecordOut
from services.ports.sinks import SinkSweeps
from services.sinks.outcomes import Trouble
from services.sinks.reconciling.audit import PAGE, Audit
from services.sinks.reconciling.facts import (
    Words,
    fact_of_deletion,
    fact_of_work,
    facts_of_sighting,
    is_known,
    is_repair,
)
from services.sinks.reconciling.sides import Sides
from services.sinks.reconciling.sightings import Page, Reader

log = logging.getLogger("stafett.reconcile")
LOOK = timedelta(seconds=5)
"""How often it is asked whether a sweep is due."""


class Subject(NamedTuple):
    """A sink that reads back. `record_of` turns a fact into the record that its source's webhook would have been; `words` are read
    again for each sweep, since people join and leave."""

    target: str
    reader: Reader
    settings: Reconcile
    words: Callable[[], Awaitable[Words]]
    record_of: Callable[[Parsed], RecordOut]


class Reconciler:
    """Both sweeps of one sink. `on_repair` counts what a sweep had to add, `on_audit` is told how many hand-overs compare how."""

    def __init__(
        self,
        subject: Subject,
        sweeps: SinkSweeps,
        reading: LeadsReading,
        now: Callable[[], datetime],
        *,
        on_repair: Callable[[str, int], None] = lambda _target, _count: None,
        on_audit: Callable[[str, Mapping[str, int]], None] = lambda _target, _counts: None,
    ) -> None:
        self._subject, self._sweeps, self._now = subject, sweeps, now
        self._sides = Sides(subject.target, sweeps, reading)
        self._audit = Audit(
            subject.target,
            subject.reader,
            sweeps,
            self._sides,
            words=subject.words,
            record_of=subject.record_of,
            settings=subject.settings,
            now=now,
        )
        self._on_repair, self._on_audit = on_repair, on_audit
        # Opportunities that are looked at again, since we were about to write them; a restart leaves them to the audit.
        self._again: set[str] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`."""
        await watch(self.sweep, LOOK, stop, log)

    async def sweep(self) -> None:
        """What is due now. Raises StoreUnavailable; trouble at the vendor ends the sweep, and the next begins where it was."""
        try:
            await self._catch_up()
            await self._compare()
        except Trouble as trouble:
            log.warning(
                "cannot read back", extra={"sink": self._subject.target, "outcome": trouble.kind, "code": trouble.code}
            )
        except PortError:
            raise
        except Exception:
            # A fault of ours, or an answer that nobody foresaw: the sinks go on, and the next sweep tries again.
            log.exception("reading back failed", extra={"sink": self._subject.target})

    async def _catch_up(self) -> None:
        name, settings = self._subject.target, self._subject.settings
        claimed = await self._sweeps.claim_sweep(name, "catch_up", self._now(), self._now() + settings.every)
        if claimed is None:
            return
        cursor, is_last = claimed.cursor, False
        since = self._now() - settings.overlap
        again = sorted(self._again)
        seen = await self._subject.reader.look(again[:PAGE]) if again else []
        self._again = set(again[PAGE:])
        while not is_last:
            page = await self._subject.reader.changes(cursor, since)
            signals, repaired = await self._signals_of(page._replace(sightings=[*seen, *page.sightings]))
            await self._sweeps.finish_sweep(name, "catch_up", page.cursor, signals)
            self._on_repair(name, repaired)
            # A place that does not move would be read for ever.
            is_last = page.is_last or page.cursor == cursor
            cursor, seen = page.cursor, []

    async def _signals_of(self, page: Page) -> tuple[list[RecordOut], int]:
        """What was seen as signals, and how many of them nobody had told us."""
        moves = {seen.was: seen.vendor_id for seen in page.sightings if seen.was is not None}
        if moves:
            await self._sweeps.follow_opportunities(self._subject.target, moves)
        ids = {seen.vendor_id for seen in page.sightings} | {work.opportunity for work in page.works}
        ids |= {gone.vendor_id for gone in page.deletions}
        records = await self._sweeps.records_by_vendor_id(self._subject.target, "opportunity", ids)
        words, sides = await self._subject.words(), await self._sides.of(records)
        self._again |= {ident for ident, ours in sides.items() if ours.is_waiting}
        facts: list[Parsed] = []
        for seen in page.sightings:
            if (ours := sides.get(seen.vendor_id)) is not None:
                facts += facts_of_sighting(seen, ours, words)
        repaired = sum(map(is_repair, facts))
        for gone in page.deletions:
            if (ours := sides.get(gone.vendor_id)) is not None and (fact := fact_of_deletion(gone, ours, words)):
                facts.append(fact)
        for work in page.works:
            if (ours := sides.get(work.opportunity)) is not None and (fact := fact_of_work(work, ours, words)):
                facts.append(fact)
                repaired += not is_known(work, ours)
        return [self._subject.record_of(fact) for fact in facts], repaired

    async def _compare(self) -> None:
        """The audit, where it is due."""
        name = self._subject.target
        if (claimed := await self._audit.claim()) is None:
            return
        counts = await self._audit.run(claimed, lambda count: self._on_repair(name, count))
        self._on_audit(name, counts)
        log.info("hand-overs compared", extra={"sink": name, "count": sum(counts.values())})
