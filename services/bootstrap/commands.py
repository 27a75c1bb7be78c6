"""What commands need, from the parts."""

from __future__ import annotations

from routing.roster import Roster
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

    return Commanding(roster, parts.reading.lead, taker.accept, parts.now)
