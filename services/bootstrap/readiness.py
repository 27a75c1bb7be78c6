"""Whether a process can do its work: what its parts say, and what follows from that."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

from services.ports.errors import PortError

PATIENCE = 5.0
"""Seconds for the store and the log to answer."""
ACCEPT = "accept"
"""The part that takes connections; it is named only where it cannot."""
CLOCK = "clock"
"""This machine's clock, which decides nothing; it is named only where it differs from the store's."""
GAP = "positions"
"""What the store lacks that was committed to it; routers have stopped, and it is named only then."""
DEGRADING = frozenset({ACCEPT, CLOCK, GAP})
"""What is wrong there stops nothing."""
Check = Callable[[], Awaitable[None]]
State = Literal["ready", "degraded", "unready"]


async def answers(checks: Mapping[str, Check], spool: Check | None = None, gap: Check | None = None) -> dict[str, str]:
    """`ok`, or the class of what went wrong, by the part's name; all are asked at once. `spool` raises where it is full, and
    is asked only while it is what signals go to; it is named only where it takes none. `gap` raises where the store lacks something;
    it is asked where the store answers."""
    answered = await asyncio.gather(*(_answer(check) for check in checks.values()))
    said = dict(zip(checks, answered, strict=True))
    has_store = said.get("store") == "ok"
    if spool is not None and said.get("log") != "ok" and has_store:
        found = await _answer(spool)
        said |= {"spool": found} if found != "ok" else {}
    if gap is not None and has_store:
        found = await _answer(gap)
        said |= {GAP: found} if found != "ok" else {}
    return said


async def _answer(check: Check) -> str:
    try:
        async with asyncio.timeout(PATIENCE):
            await check()
    except (PortError, TimeoutError) as error:
        return type(error).__name__
    return "ok"


def state(said: Mapping[str, str], intake: bool) -> State:
    """Who takes webhooks is of use while the log, or the store's spool, can take a signal; everybody else needs all parts."""
    parts = {name: text for name, text in said.items() if name not in DEGRADING}
    if set(parts.values()) == {"ok"}:
        # Connections come and go: whoever has a descriptor is answered.
        return "ready" if len(parts) == len(said) else "degraded"
    takes = said.get("log") == "ok" or (said.get("store") == "ok" and "spool" not in said)
    return "degraded" if intake and takes else "unready"


def readiness_answer(said: Mapping[str, str], intake: bool) -> tuple[dict[str, str], int]:
    """Body and status of an answer to /readyz."""
    found = state(said, intake)
    return {"status": found, **said}, 503 if found == "unready" else 200
