"""What commands need, from the parts."""

from __future__ import annotations

from collections.abc import Sequence

from routing.roster import Roster
from schemas.signals import Signal
from services.bootstrap.parts import Parts
from services.commanding import Commanding
from services.ingest.intake import Intake
from services.router.in_force import InForce


def commanding_of(parts: Parts, intake: Intake | None = None) -> Commanding:
    """`intake` is the one that takes the webhooks of this process, if it does."""
    settings, in_force = parts.settings, InForce(parts.ruling)
    taker = intake or Intake(parts.log, parts.store, settings.topic("signals"), settings.spool_limit)

    async def roster() -> Roster:
        return in_force(await parts.reading.roster_changes()).roster

    async def accept(signals: Sequence[Signal]) -> None:
        """While the whole service is on trial, what commands bring about is on trial, too."""
        observed = [signal.model_copy(update={"mode": "observe"}) for signal in signals]
        await taker.accept(observed if settings.mode == "observe" else signals)

    return Commanding(roster, parts.reading.lead, accept, parts.now)
