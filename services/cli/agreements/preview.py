"""`stafett agreement publish --apply-to-open`: what would become of the open clocks, told before anything is done."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from routing.agreement.agreement import Agreement
    from routing.model.records import Clock
    from services.bootstrap.parts import Parts

PAGE = 500


async def preview(parts: Parts, agreement: Agreement) -> None:
    """Each open clock that would have another target, calendar, state or due instant, or whose promise would be gone. Pauses,
    absences, hours and holidays count; a volume promise keeps its terms until its period is over."""
    from routing.sla.clocks import forecast
    from services.rules.in_force import InForce

    roster, now = InForce(parts.ruling)(await parts.reading.roster_changes()).roster, parts.now()
    moved = total = 0
    async for lead_id, clock in _open_clocks(parts):
        total += 1
        after = forecast(clock, agreement, roster)
        if after is None:
            moved += 1
            print(f"{lead_id} {clock.policy}: the promise is gone; the clock would end")
        elif _terms(after) != _terms(clock):
            moved += 1
            shown = f"due {after.due_at}" if after.state != "paused" else "open, for it stands still"
            late = ", which is over: broken at once" if after.state == "running" and after.due_at <= now else ""
            print(f"{lead_id} {clock.policy}: {clock.target} -> {after.target}, due {clock.due_at} -> {shown}{late}")
    print(f"{moved} of {total} open clocks would move; nothing was done. Say --yes to do it.")


async def _open_clocks(parts: Parts) -> AsyncIterator[tuple[str, Clock]]:
    from routing.model.records import Clock
    from routing.sla.clocks import SILENT

    after = ""
    while rows := await parts.reading.clocks(after=after, limit=PAGE):
        after = rows[-1].id
        for row in rows:
            if row.state in ("running", "paused") and row.policy not in SILENT and row.lead_id is not None:
                yield row.lead_id, Clock.read(row.body)


def _terms(clock: Clock) -> tuple[object, ...]:
    return clock.target, clock.calendar, clock.state, clock.due_at
