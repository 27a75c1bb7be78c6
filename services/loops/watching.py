"""The loop of a watch that looks now and then, and waits out what it cannot reach."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

from services.loops.steps import step_within
from services.ports.errors import LogUnavailable, StoreUnavailable


async def watch(
    sweep: Callable[[], Awaitable[object]], every: timedelta, stop: asyncio.Event, log: logging.Logger
) -> None:
    """Until `stop`; the first look is at once. What a look raises besides LogUnavailable and StoreUnavailable ends it."""
    while not stop.is_set():
        try:
            async with step_within(log.name.rpartition(".")[2]):
                await sweep()
        except (LogUnavailable, StoreUnavailable) as error:
            log.warning("cannot watch", extra={"error": type(error).__name__})
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), every.total_seconds())
