"""The two sweeps of a sink that reads back: changes since the last look, and each day every open hand-over.

A sweep is claimed in the store, so that of several processes one reads. On kill -9 the place is where it was: the same changes are
read again, and are the same signals. Signals and the place that follows them are one commit.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from routing.model.records import Lead
from schemas.signals import Parsed
from schemas.sinks.base import Reconcile
from services.loops.watching import watch
from services.ports.errors import PortError
from services.ports.reading import ExplanationReading
from services.ports.rows import LeadRow, RecordOut
from services.ports.sinks import SinkRecord, SinkSweeps
from services.sinks.outcomes import Trouble
from services.sinks.reconciling.facts import OurSide, Words, fact_of_deletion, fact_of_work, facts_of_sighting, is_known
from services.sinks.reconciling.sightings import Page, Reader, Sighting
from services.sinks.reconciling.verdicts import compare

log = logging.getLogger("stafett.reconcile")
LOOK = timedelta(seconds=5)
"""How often it is asked whether a sweep is due."""
PAGE = 100


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
        reading: ExplanationReading,
        now: Callable[[], datetime],
        *,
        on_repair: Callable[[str, int], None] = lambda _target, _count: None,
        on_audit: Callable[[str, Mapping[str, int]], None] = lambda _target, _counts: None,
    ) -> None:
        self._subject, self._sweeps, self._reading, self._now = subject, sweeps, reading, now
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
            await self._audit()
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
        ids = {seen.vendor_id for seen in page.sightings} | {work.opportunity for work in page.works}
        ids |= {gone.vendor_id for gone in page.deletions}
        records = await self._sweeps.records_by_vendor_id(self._subject.target, "opportunity", ids)
        words, sides = await self._subject.words(), await self._sides(records)
        self._again |= {ident for ident, ours in sides.items() if ours.is_waiting}
        facts: list[Parsed] = []
        for seen in page.sightings:
            if (ours := sides.get(seen.vendor_id)) is not None:
                facts += facts_of_sighting(seen, ours, words)
        repaired = len(facts)
        for gone in page.deletions:
            if (ours := sides.get(gone.vendor_id)) is not None and (fact := fact_of_deletion(gone, ours, words)):
                facts.append(fact)
        for work in page.works:
            if (ours := sides.get(work.opportunity)) is not None and (fact := fact_of_work(work, ours, words)):
                facts.append(fact)
                repaired += not is_known(work, ours)
        return [self._subject.record_of(fact) for fact in facts], repaired

    async def _sides(self, records: Sequence[SinkRecord]) -> dict[str, OurSide]:
        """The lead of each opportunity, as we have it."""
        sides = {}
        rows = [await self._row_of(record) for record in records]
        # After the leads: what was decided since is among what waits.
        asked = {record.lead_id for record in records} | {row.id for row in rows if row is not None}
        waiting = await self._sweeps.waiting_leads(self._subject.target, asked)
        for record, row in zip(records, rows, strict=True):
            if row is not None and record.vendor_id is not None:
                is_waiting = not waiting.isdisjoint({record.lead_id, row.id})
                sides[record.vendor_id] = OurSide(Lead.read(row.state), record.key, is_waiting)
        return sides

    async def _row_of(self, record: SinkRecord) -> LeadRow | None:
        """The lead; of one that was merged, the one that it is with, for its hand-over has gone there."""
        row = await self._reading.lead(record.lead_id)
        if row is None or row.disposition != "merged":
            return row
        kept = await self._reading.lead_of_handover(record.key)
        return await self._reading.lead(kept) if kept is not None else row

    async def _audit(self) -> None:
        name, settings = self._subject.target, self._subject.settings
        claimed = await self._sweeps.claim_sweep(name, "audit", self._now(), self._now() + settings.audit_every)
        if claimed is None:
            return
        counts: dict[str, int] = {}
        after = ""
        while records := await self._sweeps.opportunities(name, after, PAGE):
            signals = await self._audit_page(records, counts)
            await self._sweeps.finish_sweep(name, "audit", "", signals)
            self._on_repair(name, len(signals))
            after = records[-1].key
        self._on_audit(name, counts)
        log.info("hand-overs compared", extra={"sink": name, "count": sum(counts.values())})

    async def _audit_page(self, records: Sequence[SinkRecord], counts: dict[str, int]) -> list[RecordOut]:
        sides = await self._sides(records)
        open_ids = [ident for ident, ours in sides.items() if ours.is_open]
        seen = {s.vendor_id: s for s in await self._subject.reader.look(open_ids)} if open_ids else {}
        words = await self._subject.words()
        signals: list[RecordOut] = []
        for ident in open_ids:
            ours, there = sides[ident], seen.get(ident)
            verdict = compare(there, ours, words)
            counts[verdict] = counts.get(verdict, 0) + 1
            if verdict != "agrees":
                log.warning(
                    "hand-over differs",
                    extra={"sink": self._subject.target, "handover_id": ours.handover_id, "verdict": verdict},
                )
            signals += [self._subject.record_of(fact) for fact in _news(there, ours, words)]
        return signals


def _news(seen: Sighting | None, ours: OurSide, words: Words) -> list[Parsed]:
    return [] if seen is None else list(facts_of_sighting(seen, ours, words))
