"""Every open hand-over of a sink compared with its opportunity there, a page at a time.

The place and the counts so far are kept with each page, and the sweep is claimed for as long as a page may take: after kill -9, or
trouble at the vendor, whoever claims it next goes on there. What we have written and is not there is written once more, for each event
once; where it is gone again after that, it is shown as what somebody has to end.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from routing.model.records import Lead
from schemas.signals import Parsed
from schemas.sinks.base import Reconcile
from services.ports.rows import RecordOut
from services.ports.sinks import SinkRecord, SinkSweeps, Sweep
from services.sinks.reconciling.facts import OurSide, Words, facts_of_sighting, is_repair, may_write_again
from services.sinks.reconciling.sides import Sides
from services.sinks.reconciling.sightings import Reader, Sighting
from services.sinks.reconciling.verdicts import Comparison, compare

log = logging.getLogger("stafett.reconcile")
PAGE = 100
CLAIM = timedelta(minutes=15)
"""How long a page of an audit may take; after that somebody else goes on with it."""


class Progress(NamedTuple):
    """How far an audit got: the hand-over that was compared last, when it began, and how many compared how."""

    after: str
    begun_at: datetime
    counts: dict[str, int]

    def __str__(self) -> str:
        return json.dumps([self.after, self.begun_at.astimezone(UTC).isoformat(), self.counts], separators=(",", ":"))

    @staticmethod
    def read(cursor: str | None, now: datetime) -> Progress:
        """Where the last one was left; a new one where it came to its end, or left what nobody understands."""
        try:
            after, begun_at, counts = json.loads(cursor or "")
            kept = {str(name): int(count) for name, count in counts.items()}
            return Progress(str(after), datetime.fromisoformat(begun_at), kept)
        except (ValueError, TypeError, AttributeError):
            return Progress("", now, {})


class Audit:
    """The audit of one sink. `words` and `record_of` as of `Subject`."""

    def __init__(
        self,
        target: str,
        reader: Reader,
        sweeps: SinkSweeps,
        sides: Sides,
        *,
        words: Callable[[], Awaitable[Words]],
        record_of: Callable[[Parsed], RecordOut],
        settings: Reconcile,
        now: Callable[[], datetime],
    ) -> None:
        self._target, self._reader, self._sweeps, self._sides = target, reader, sweeps, sides
        self._words, self._record_of, self._settings, self._now = words, record_of, settings, now

    async def claim(self) -> Sweep | None:
        """The audit, where it is due or was left on its way. Raises StoreUnavailable."""
        return await self._sweeps.claim_sweep(self._target, "audit", self._now(), self._now() + CLAIM)

    async def run(self, sweep: Sweep, on_page: Callable[[int], None]) -> dict[str, int]:
        """From where it was left to its end; `on_page` is told how many facts a page brought. Returns how many hand-overs compare
        how. Raises Trouble, StoreUnavailable."""
        progress = Progress.read(sweep.cursor, self._now())
        while records := await self._sweeps.opportunities(self._target, progress.after, PAGE):
            facts = await self._compare_page(records, progress.counts)
            signals = [self._record_of(fact) for fact in facts]
            progress = progress._replace(after=records[-1].key)
            until = self._now() + CLAIM
            await self._sweeps.finish_sweep(self._target, "audit", str(progress), signals, next_at=until)
            on_page(sum(map(is_repair, facts)))
        following = max(progress.begun_at + self._settings.audit_every, self._now())
        await self._sweeps.finish_sweep(self._target, "audit", "", [], next_at=following)
        return progress.counts

    async def _compare_page(self, records: Sequence[SinkRecord], counts: dict[str, int]) -> list[Parsed]:
        sides = await self._sides.of(records)
        open_ids = [ident for ident, ours in sides.items() if ours.is_open]
        seen = {s.vendor_id: s for s in await self._reader.look(open_ids)} if open_ids else {}
        words = await self._words()
        facts: list[Parsed] = []
        for record in records:
            ours = sides.get(record.vendor_id or "")
            if ours is None or not ours.is_open:
                continue
            there = seen.get(record.vendor_id or "")
            verdict = compare(there, ours, words)
            counts[verdict] = counts.get(verdict, 0) + 1
            self._log_difference(ours.handover_id, verdict)
            if verdict == "ours_is_newer" and there is not None and may_write_again(there, ours, words):
                await self._write_again(record, ours.lead)
            facts += _news(there, ours, words)
        return facts

    def _log_difference(self, handover_id: str, verdict: Comparison) -> None:
        if verdict != "agrees":
            shown = {"sink": self._target, "handover_id": handover_id, "verdict": verdict}
            log.warning("hand-over differs", extra=shown)

    async def _write_again(self, record: SinkRecord, lead: Lead) -> None:
        """The event that gave it to its owner is carried out once more, or shown to somebody where it was already."""
        outcome = await self._sweeps.write_again(self._target, record.lead_id, self._now())
        shown = {"sink": self._target, "handover_id": record.key, "lead_id": lead.id, "outcome": outcome}
        log.warning("hand-over is written again", extra=shown)


def _news(seen: Sighting | None, ours: OurSide, words: Words) -> list[Parsed]:
    return [] if seen is None else list(facts_of_sighting(seen, ours, words))
