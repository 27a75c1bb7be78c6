"""How many connections the process has descriptors for."""

from __future__ import annotations

import logging
import resource

from services.door.bounds import Bounds
from services.settings import Settings, SettingsError

log = logging.getLogger("stafett.http")
RESERVE = 128
"""Descriptors for store, log, files and calls outwards."""
FEWEST = 32
"""Connections without which it is of no use."""


def bounds_of(settings: Settings) -> Bounds:
    """The configured bounds, fewer connections where descriptors are few, which is said. Raises SettingsError where there
    are hardly any."""
    http = settings.http
    wanted, limit = http.max_connections, resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    there_are = wanted if limit == resource.RLIM_INFINITY else limit - RESERVE
    if there_are < min(wanted, FEWEST):
        raise SettingsError(
            f"the process may have {limit} descriptors, and needs {RESERVE} beside those of connections; raise the limit "
            "(ulimit -n, LimitNOFILE of systemd)"
        )
    if there_are < wanted:
        log.warning(
            "fewer connections than STAFETT_HTTP_MAX_CONNECTIONS, for descriptors are few: raise ulimit -n (LimitNOFILE)",
            extra={"count": there_are, "limit": limit},
        )
    return Bounds(
        head=http.max_head,
        line=http.max_line,
        headers=http.max_headers,
        head_seconds=http.head_timeout.total_seconds(),
        body_seconds=http.body_timeout.total_seconds(),
        connections=min(wanted, there_are),
        per_address=http.max_connections_per_address,
        bodies=http.max_bodies,
    )
