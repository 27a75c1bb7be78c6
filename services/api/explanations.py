"""Explanations from what is stored: reads a lead, its history, a clock; `routing.explain` makes the words."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import datetime

from routing.explain.clock import explain_clock
from routing.explain.lead import Step, assignments, explain_lead, known_calendar
from routing.explain.volume import explain_volume
from routing.model.records import Clock, Lead, Tally
from schemas.explain import AssignmentExplanation, ClockExplanation, LeadExplanation
from services.ports.reading import ExplanationReading, HistoryEntry
from services.ports.rows import LedgerKey
from services.rules.ruling import Ruling

PAGE = 500
MOST = 10_000
"""Signals of one lead that are read for an explanation, oldest first; nobody has so many."""


class Explainer:
    """`ruling` gives every agreement that decisions were made under. Every method returns None where there is nothing of
    that id, and raises StoreUnavailable."""

    def __init__(
        self, reading: ExplanationReading, ruling: Callable[[], Awaitable[Ruling]], now: Callable[[], datetime]
    ) -> None:
        self._reading, self._ruling, self._now = reading, ruling, now

    def within(self, reading: ExplanationReading) -> Explainer:
        """The same for somebody who sees what this reads."""
        return Explainer(reading, self._ruling, self._now)

    async def lead(self, lead_id: str) -> LeadExplanation | None:
        """Where the lead is and why, who has it and why, what is promised."""
        row = await self._reading.lead(lead_id)
        if row is None:
            return None
        lead = Lead.read(row.state)
        return explain_lead(lead, await self._steps(lead_id), (await self._ruling()).agreement_of, self._now())

    async def clock(self, clock_id: str) -> ClockExplanation | None:
        """Every interval counted or skipped, and the sum."""
        row = await self._reading.clock(clock_id)
        if row is None:
            return None
        clock = Clock.read(row.body)
        if row.promise is not None:
            return await self._volume(clock)
        calendar = known_calendar(clock, (await self._ruling()).agreement_of)
        return explain_clock(clock, calendar, self._now(), row.lead_id)

    async def _volume(self, clock: Clock) -> ClockExplanation:
        tally = await self._reading.ledger(LedgerKey("promise", clock.policy))
        kept = Tally.read(tally).periods.values() if tally else ()
        return explain_volume(clock, next((p for p in kept if p.clock.id == clock.id), None))

    async def assignment(self, ident: str) -> AssignmentExplanation | None:
        """By the id of the offer, of the hand-over or lead (its newest), or of the signal that it was made with."""
        lead_id = await self._lead_of(ident)
        if lead_id is None:
            return None
        found = assignments(lead_id, await self._steps(lead_id), (await self._ruling()).agreement_of)
        if ident.startswith("sig_"):
            found = [a for a in found if a.signal_id == ident]
        elif ident.startswith("ho_"):
            found = [a for a in found if a.offer_id == ident or (a.offer_id or "").rpartition(".")[0] == ident]
        return found[-1] if found else None

    async def _lead_of(self, ident: str) -> str | None:
        if ident.startswith("ho_"):
            return await self._reading.lead_of_handover(ident.partition(".")[0])
        if ident.startswith("sig_"):
            return next((entry.row.lead_id for entry in await self._reading.history_of_signal(ident)), None)
        return ident if await self._reading.lead(ident) is not None else None

    async def _steps(self, lead_id: str) -> list[Step]:
        found: list[Step] = []
        after = 0
        while len(found) < MOST and (page := await self._reading.history(lead_id, after, PAGE)):
            found += [_step(entry) for entry in page]
            after = page[-1].id
        return found


def _step(entry: HistoryEntry) -> Step:
    row = entry.row
    return Step(
        signal_id=row.signal_id,
        kind=row.kind,
        occurred_at=row.occurred_at,
        recorded_at=row.recorded_at,
        decision=json.loads(row.decision),
    )
