"""The keys that seal signals, held in memory: made long ahead in the store, so that ingest needs it for none of them.

A key is for a period. Which period it is goes by the store's time, as it was last told, never by the machine's clock. Who has no key for
now, since it began while the store was away, or the store is away for longer than keys were made for, seals with one that comes from the
deployment key: every process has it and nobody throws it away, so that a 202 needs no store; such records end with their retention.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from bisect import bisect_right
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.ports.errors import PortError
from services.ports.instants import instant, micros
from services.ports.sealing import LogKey, LogKeys
from services.sealing.boxes import Box, Unopenable, check_value, draw_key
from services.sealing.records import KeyName, name_in, open_record

log = logging.getLogger("stafett.log")
MOST_AHEAD = 4400
"""Keys that are made ahead at most: a month of periods of ten minutes."""
SETTLING = timedelta(hours=1)
"""Until the first period begins where the log was in use before: for others to be upgraded, that know nothing of seals."""
EVERY, SOON = timedelta(minutes=1), timedelta(seconds=1)
BRIDGE = 0
"""In the place of when a period begins, of the key that comes from the deployment key."""
_INFO = b"stafett log bridge v1"


class Held(NamedTuple):
    """A key at hand. `late_at`: from when an acknowledgement of what it sealed counts no more; None where it always does."""

    name: KeyName
    box: Box
    late_at: datetime | None


class KeyRing:
    """`now` is the store's time. Keys are made for `ahead`, at most MOST_AHEAD of them, each for a `period`; none where `makes` is
    False, which is for who only opens."""

    def __init__(
        self,
        keys: LogKeys,
        deployment_key: bytes,
        now: Callable[[], datetime],
        *,
        period: timedelta,
        ahead: timedelta,
        makes: bool = True,
    ) -> None:
        self._keys, self._now, self._period, self._makes = keys, now, period, makes
        self._ahead = min(ahead, MOST_AHEAD * period)
        self._bridge = _key_at_hand(BRIDGE, HKDF(hashes.SHA256(), 32, None, _INFO).derive(deployment_key), None)
        self._is_read = self._is_bridging = False
        self._order: list[LogKey] = []
        self._by_period: dict[int, LogKey] = {}
        self._held: dict[int, Held] = {}

    async def refresh(self) -> None:
        """Makes what is missing ahead, and takes over what the store has. Raises StoreUnavailable."""
        found = list(await self._keys.all())
        if self._makes and (missing := await self._missing(found)):
            await self._keys.add(missing)
            found = list(await self._keys.all())
        self._by_period = {micros(key.begins_at): key for key in found}
        self._order = [key for key in found if key.secret is not None]
        self._held, self._is_read = {}, True

    async def _missing(self, found: list[LogKey]) -> list[LogKey]:
        """On one grid, so that processes which begin together make the same periods, and the store takes the first one of each."""
        now = self._now()
        begin = now if found or not await self._keys.is_in_use() else now + SETTLING
        at = _floor(begin, self._period)
        if found and found[-1].ends_at > at:
            at = found[-1].ends_at
        count = max(0, (now + self._ahead - at) // self._period + 1)
        starts = [at + number * self._period for number in range(count)]
        return [LogKey(start, start + self._period, draw_key()) for start in starts]

    async def keep(self, stop: asyncio.Event) -> None:
        """Once a minute until `stop`; who has none yet asks every second."""
        while not stop.is_set():
            try:
                await self.refresh()
            except PortError as error:
                log.debug("the keys cannot be read", extra={"error": type(error).__name__})
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), (EVERY if self._is_read else SOON).total_seconds())

    def current(self) -> Held | None:
        """What seals now; None before the first period."""
        now = self._now()
        at = bisect_right(self._order, now, key=lambda key: key.begins_at) - 1
        if at < 0 and self._order:
            return None
        if at < 0 or now >= self._order[at].ends_at:
            self._tell_bridging()
            return self._bridge
        self._is_bridging = False
        return self._hold(self._order[at])

    def _tell_bridging(self) -> None:
        if not self._is_bridging:
            log.warning(
                "no key for now: signals are sealed with one that no erasure throws away, until the store is there"
            )
        self._is_bridging = True

    def is_late(self, held: Held) -> bool:
        """Whether what it sealed may come after its key was thrown away, so that an acknowledgement of now is worth nothing."""
        return held.late_at is not None and self._now() > held.late_at

    def find(self, name: KeyName) -> Held | None:
        """The key of this name; None where there is none, or none any more."""
        if name == self._bridge.name:
            return self._bridge
        key = self._by_period.get(name.begins_at)
        held = self._hold(key) if key is not None and key.secret is not None else None
        return held if held is not None and held.name == name else None

    def open(self, value: bytes) -> bytes | None:
        """What is in a sealed record; None where its key is not there, or it was changed."""
        name = name_in(value)
        held = self.find(name) if name is not None else None
        try:
            return open_record(value, held.box) if held is not None else None
        except Unopenable:
            log.error("a record does not open with its key")
            return None

    def was_thrown_away(self, name: KeyName) -> bool:
        """Whether there was one for that period, and all that it sealed was read."""
        key = self._by_period.get(name.begins_at)
        return key is not None and key.secret is None

    def _hold(self, key: LogKey) -> Held:
        at = micros(key.begins_at)
        held = self._held.get(at)
        if held is None:
            held = self._held[at] = _key_at_hand(at, key.secret or b"", key.late_at)
        return held


def _key_at_hand(at: int, secret: bytes, late_at: datetime | None) -> Held:
    return Held(KeyName(at, bytes.fromhex(check_value(secret))), Box(secret), late_at)


def _floor(at: datetime, period: timedelta) -> datetime:
    return instant(micros(at) // micros_in(period) * micros_in(period))


def micros_in(period: timedelta) -> int:
    """Whole microseconds."""
    return period // timedelta(microseconds=1)
