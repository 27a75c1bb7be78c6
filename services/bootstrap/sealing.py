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
        kept=settings.kafka.retention + timedelta(days=1),
        poll=min(timedelta(seconds=5), settings.kafka.seal_period / 5),
    )


class _SealedTopics:
    """Topics whose signals are sealed with keys that go once everything is read."""

    def __init__(self, keys: SqlLogKeys, kept: timedelta | None) -> None:
        """`kept`: how long records stay as they are, where nothing is sealed."""
        self._keys, self._kept = keys, kept

    async def readable_since(self) -> datetime | None:
        return await self._keys.oldest()

    def words(self, now: datetime) -> str:
        if self._kept is None:
            return "sealed with keys that were thrown away"
        return f"not sealed: until {(now + self._kept).isoformat()} at the latest"


def topics_after_of(parts: Parts) -> _SealedTopics | None:
    """What an erasure has to wait for on topics outside of the store; None where there are none."""
    if parts.ring is None:
        return None
    kafka = parts.settings.kafka
    return _SealedTopics(SqlLogKeys(parts.store.engines), None if kafka.seal else kafka.retention)
