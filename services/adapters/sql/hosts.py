"""Several servers of which one is written to: the URL names them all, and whoever connects finds the one that takes writes."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import asyncpg

from schemas.certain import certain

log = logging.getLogger("stafett.store")
_PASSED_OVER = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.TargetServerAttributeNotMatched,
)
"""What a server that is away, or takes no writes, leads to: the next one is asked."""
HOST_SECONDS = 2.0
"""For one server to answer: a machine that is off says nothing, and the next one must have its turn within the time for all."""


class Hosts:
    """Connects to the first of several servers that takes writes, beginning with the one that did the last time. The driver by itself would
    wait for the first one for as long as it may take in all."""

    def __init__(self) -> None:
        self._last = 0

    async def connect(self, **arguments: Any) -> Any:
        """As `asyncpg.connect`, whose `host` and `port` may be lists here. Raises what one of them
        said, where none takes us, or else what went wrong with the first."""
        host, port = arguments.pop("host", None), arguments.pop("port", None)
        if not isinstance(host, list):
            return await asyncpg.connect(host=host, port=port, **arguments)
        ports = port if isinstance(port, list) else [port] * len(host)
        return await self._first_of(list(zip(host, ports, strict=True)), arguments)

    async def _first_of(self, servers: Sequence[tuple[Any, Any]], arguments: dict[str, Any]) -> Any:
        wanted = {"target_session_attrs": "read-write", **arguments, "timeout": HOST_SECONDS}
        failure: Exception | None = None
        for turn in range(len(servers)):
            at = (self._last + turn) % len(servers)
            host, port = servers[at]
            try:
                made = await asyncpg.connect(host=host, port=port, **wanted)
            except _PASSED_OVER as error:
                failure = error if failure is None or isinstance(error, asyncpg.PostgresError) else failure
                continue
            if at != self._last:
                log.warning("another server of the store takes writes now", extra={"server": at + 1})
            self._last = at
            return made
        raise certain(failure, "there is at least one server")
