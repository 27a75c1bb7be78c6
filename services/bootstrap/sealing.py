"""Which keys seal what goes to topics."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import assert_never

from services.adapters.sql.log_keys import SqlLogKeys
from services.adapters.sql.person_keys import SqlPersonKeys
from services.bootstrap.parts import Parts
from services.ingest.enrich import GROUP as ENRICH
from services.ports.sealing import PersonKeys
from services.relay.log_keys import LEASE, LogKeyKeeper
from services.router.role import GROUP as ROUTER

LONGEST_SEGMENT = timedelta(days=8)
"""By so much a record may outlive the retention: a segment of a topic whose `segment.ms` is Kafka's own, seven days, and a day for the
broker to look."""


def person_keys_of(parts: Parts) -> PersonKeys | None:
    """Those of persons, for their events; None where events go to no topic outside the store, or go as they are."""
    settings = parts.settings
    match settings.log.kind:
        case "embedded":
            return None
        case "kafka":
            return SqlPersonKeys(parts.store.engines) if settings.kafka.seal else None
        case _:
            assert_never(settings.log.kind)


def log_key_keeper_of(parts: Parts) -> LogKeyKeeper | None:
    """What throws keys of signals away, for the process that tidies up; None where signals are in the store."""
    settings = parts.settings
    if parts.ring is None:
        return None
    readers = {settings.topic("signals"): ROUTER, settings.topic("thin"): ENRICH}
    holder = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"

    async def read(topic: str) -> Mapping[int, int]:
        return await parts.store.all_positions(readers[topic], topic, parts.log.cluster)

    async def lease() -> bool:
        return await parts.store.acquire_lease(LEASE, holder, 30.0) is not None

    return LogKeyKeeper(
        SqlLogKeys(parts.store.engines),
        parts.log,
        list(readers),
        read=read,
        lease=lease,
        now=parts.now,
        kept=settings.kafka.retention + LONGEST_SEGMENT,
        poll=min(timedelta(seconds=5), settings.kafka.seal_period / 5),
    )


class _SealedTopics:
    """Topics whose signals are sealed with keys that go once everything is read."""

    def __init__(self, keys: SqlLogKeys, kept: timedelta, *, seals: bool) -> None:
        """`kept`: how long records stay at most."""
        self._keys, self._kept, self._seals = keys, kept, seals
        self._first: datetime | None = None

    async def readable_since(self) -> datetime | None:
        self._first = await self._keys.first()
        return await self._keys.oldest()

    def words(self, now: datetime) -> str:
        if not self._seals or self._first is None:
            return f"not sealed: until {(now + self._kept).isoformat()} at the latest"
        told = "sealed with keys that were thrown away"
        if (until := self._first + self._kept) > now:
            told += (
                f"; what came before {self._first.isoformat()} is not sealed: until {until.isoformat()} at the latest"
            )
        return told


def topics_after_of(parts: Parts) -> _SealedTopics | None:
    """What an erasure has to wait for on topics outside of the store; None where there are none."""
    if parts.ring is None:
        return None
    kafka = parts.settings.kafka
    kept = kafka.retention + LONGEST_SEGMENT
    return _SealedTopics(SqlLogKeys(parts.store.engines), kept, seals=kafka.seal)
