"""Keys that sealed signals are thrown away once nothing is left to be read that they sealed: the records stay, and nobody opens them.

How far the topics are is noted after a key's period, then waited for: everything that it sealed and that counts is before that, and once
the store says that it is read, all of it is in the history. A record of it that is met again, as after `stafett db restored`, was decided
on before. While a signal waits among the dead letters for a key that the store lost, no key goes. On kill -9 between any two steps the next process does the missing ones.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta

from services.ports.errors import PortError
from services.ports.log import Log
from services.ports.sealing import LogKey, LogKeys

log = logging.getLogger("stafett.relay")
LEASE = "log keys"
Offsets = Mapping[str, Mapping[int, int]]
"""{topic: {partition: offset}}"""


class LogKeyKeeper:
    """`read(topic)` is how far its one reader is, by partition. `kept`: for how long it stays known that there was a key."""

    def __init__(
        self,
        keys: LogKeys,
        source: Log,
        topics: Sequence[str],
        read: Callable[[str], Awaitable[Mapping[int, int]]],
        lease: Callable[[], Awaitable[bool]],
        now: Callable[[], datetime],
        *,
        kept: timedelta,
        poll: timedelta = timedelta(seconds=5),
    ) -> None:
        self._keys, self._log, self._topics, self._read, self._lease = keys, source, topics, read, lease
        self._now, self._kept, self._poll = now, kept, poll.total_seconds()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`."""
        while not stop.is_set():
            try:
                if await self._lease():
                    await self.step()
            except PortError as error:
                log.warning("cannot throw keys away", extra={"error": type(error).__name__})
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self._poll)

    async def step(self) -> int:
        """How many keys were thrown away. Raises StoreUnavailable, LogUnavailable."""
        now = self._now()
        over = [key for key in await self._keys.all() if key.secret is not None and now > key.over_at]
        marked = [key for key in over if self._mark_of(key) is not None]
        fresh = [key for key in over if self._mark_of(key) is None]
        if fresh:
            ends = {topic: await self._log.end_offsets(topic) for topic in self._topics}
            mark = json.dumps({"cluster": self._log.cluster, "ends": ends})
            await self._keys.mark([key.begins_at for key in fresh], mark)
        wanted = bool(marked) and await self._keys.are_wanted()
        spent = [key.begins_at for key in marked if not wanted and await self._is_read(key)]
        await self._keys.throw_away(spent)
        await self._keys.forget(now - self._kept)
        if spent:
            log.info("keys of signals that were read are gone", extra={"count": len(spent)})
        return len(spent)

    def _mark_of(self, key: LogKey) -> Offsets | None:
        """None where nothing was noted yet, or of another cluster, whose offsets mean nothing here."""
        noted = json.loads(key.read_to) if key.read_to is not None else {}
        if noted.get("cluster") != self._log.cluster:
            return None
        return {topic: {int(n): offset for n, offset in ends.items()} for topic, ends in noted["ends"].items()}

    async def _is_read(self, key: LogKey) -> bool:
        """Whether the readers, or the log's own retention, are past all of it."""
        for topic, ends in (self._mark_of(key) or {}).items():
            read = await self._read(topic)
            behind = {n for n, end in ends.items() if read.get(n, 0) < end}
            begins = await self._log.begin_offsets(topic) if behind else {}
            if any(begins.get(n, 0) < ends[n] for n in behind):
                return False
        return True
