"""Wakes a role of the same process as soon as there is something for it; polling is the floor when nobody rings."""

from __future__ import annotations

import asyncio


class Doorbell:
    """One listener at a time; rings before it listens are kept."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()

    async def wait(self, seconds: float) -> None:
        """Returns after a ring, or after `seconds`."""
        try:
            await asyncio.wait_for(self._rung.wait(), seconds)
        except TimeoutError:
            return
        finally:
            self._rung.clear()
