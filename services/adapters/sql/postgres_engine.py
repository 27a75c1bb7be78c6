"""Connections to PostgreSQL: TLS as libpq reads it, bounds, a silence that is noticed, and questions that need no transaction."""

from __future__ import annotations

import ssl
from pathlib import Path

from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from services.adapters.sql.bounds import QUICK, Bounds
from services.outbound.certificates import RenewedContext


def postgres_engine(url: URL, *, bounds: Bounds = QUICK, connections: int = 20) -> AsyncEngine:
    """`connections`: of this engine at most, half of which stay open."""
    from services.adapters.sql.hosts import Hosts
    from services.adapters.sql.silence import arguments_for, watch_for_silence

    query = dict(url.query)
    given = {name: query.pop(f"ssl{name}", None) for name in ("mode", "rootcert", "cert", "key")}
    mode, root, cert, key = (str(value) if value else None for value in given.values())
    arguments = {**arguments_for(bounds), "async_creator_fn": Hosts().connect}
    if (tls := _tls(mode or "", root, cert, key)) is not None:
        arguments["ssl"] = tls
    engine = create_async_engine(
        url.set(query=query),
        pool_size=connections // 2,
        max_overflow=connections - connections // 2,
        pool_recycle=1800,
        connect_args=arguments,
    )
    watch_for_silence(engine)
    return engine


def one_by_one(engine: AsyncEngine) -> AsyncEngine:
    """The same connections, on which each statement stands for itself: a question has no BEGIN before it and no ROLLBACK after it, each of which
    would be a turn to the server and back."""
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def _tls(mode: str, root: str | None, cert: str | None, key: str | None) -> ssl.SSLContext | str | None:
    """As libpq reads these words: `require` with an authority verifies it, without one it only encrypts."""
    if mode == "require" and root:
        mode = "verify-ca"
    if mode not in ("verify-full", "verify-ca") and cert is None:
        return mode or None

    def build() -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=root)
        context.check_hostname = mode == "verify-full"
        if mode == "require":
            context.verify_mode = ssl.CERT_NONE
        if cert is not None:
            context.load_cert_chain(cert, key)
        return context

    return RenewedContext.of(build, [Path(file) for file in (root, cert, key) if file])
