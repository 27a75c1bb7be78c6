"""How long PostgreSQL may take, by what is asked of it."""

from __future__ import annotations

from typing import NamedTuple

GRACE_SECONDS = 1.0
"""How much longer than the server we wait for what it has to say."""


class Bounds(NamedTuple):
    """Seconds; 0 is no bound. `statement` and `lock`: how long the server works on one statement, and waits for one lock. `abandoned`:
    after so long without a statement it ends a transaction, whose holder is gone or stands still."""

    statement: float
    lock: float
    abandoned: float

    @property
    def answer(self) -> float | None:
        """How long we wait for the server's word; None is no bound."""
        return self.statement + GRACE_SECONDS if self.statement else None


QUICK = Bounds(statement=8.0, lock=5.0, abandoned=10.0)
"""For the steps of the roles, and for whoever waits at the API."""
PATIENT = Bounds(statement=60.0, lock=15.0, abandoned=10.0)
"""For what reads or removes a great deal at once, and is waited for by nobody."""
UNBOUNDED = Bounds(statement=0.0, lock=15.0, abandoned=0.0)
"""For migrations, which take as long as the tables are large."""
