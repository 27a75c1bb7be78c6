"""Our side of what is seen at a vendor: a page of leads at once."""

from __future__ import annotations

from collections.abc import Sequence

from routing.model.records import Lead
from services.ports.reading import LeadsReading
from services.ports.rows import LeadRow
from services.ports.sinks import SinkRecord, SinkSweeps
from services.sinks.reconciling.facts import OurSide


class Sides:
    """The leads of a sink's opportunities, as we have them."""

    def __init__(self, target: str, sweeps: SinkSweeps, reading: LeadsReading) -> None:
        self._target, self._sweeps, self._reading = target, sweeps, reading

    async def of(self, records: Sequence[SinkRecord]) -> dict[str, OurSide]:
        """The lead of each opportunity, by the vendor's id. Raises StoreUnavailable."""
        rows = await self._rows(records)
        # After the leads: what was decided since is among what waits.
        idents = {record.lead_id for record in records} | {row.id for row in rows.values()}
        waiting = await self._sweeps.waiting_leads(self._target, idents)
        sides = {}
        for record in records:
            row = rows.get(record.key)
            if row is not None and record.vendor_id is not None:
                is_waiting = not waiting.isdisjoint({record.lead_id, row.id})
                sides[record.vendor_id] = OurSide(Lead.read(row.state), record.key, is_waiting)
        return sides

    async def _rows(self, records: Sequence[SinkRecord]) -> dict[str, LeadRow]:
        """By hand-over; of a lead that was merged, the one that it is with, for its hand-over has gone there."""
        leads = {row.id: row for row in await self._reading.leads_by_id({record.lead_id for record in records})}
        rows = {record.key: leads[record.lead_id] for record in records if record.lead_id in leads}
        for key, row in rows.items():
            kept = await self._reading.lead_of_handover(key) if row.disposition == "merged" else None
            if kept is not None and (whole := await self._reading.leads_by_id({kept})):
                rows[key] = whole[0]
        return rows
