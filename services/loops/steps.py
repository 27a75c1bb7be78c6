"""The watchdog: a step of a role's loop that does not end is ended, and said, so that the next one may go better."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from services.ports.errors import StepStuck

log = logging.getLogger("stafett.watchdog")
STUCK = timedelta(minutes=1)
"""No step takes so long by itself: what it asks of store and log has an end of its own, within seconds."""


@asynccontextmanager
async def step_within(role: str, longer: timedelta = timedelta(0)) -> AsyncIterator[None]:
    """The block is a step of `role`. `longer`: what a step of this kind may take beyond STUCK. Raises StepStuck where it was ended:
    as after kill -9, what it did not commit is done again."""
    seconds = (STUCK + longer).total_seconds()
    bound = asyncio.timeout(seconds)
    try:
        async with bound:
            yield
    except TimeoutError as error:
        if not bound.expired():
            raise
        log.error("a step is stuck and was ended", extra={"role": role, "duration_ms": int(seconds * 1000)})
        raise StepStuck from error
