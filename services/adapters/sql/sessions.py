"""The port `SessionStore` in SQL."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import text

from services.adapters.sql.engine import Engines
from services.ports.instants import instant, micros
from services.ports.sessions import OneTimeLink, Session

_OPEN = """INSERT INTO sessions (digest, person, created_at, expires_at, ends_at, roles, personal)
    VALUES (:digest, :person, :created_at, :expires_at, :ends_at, :roles, :name)"""
_BEYOND = """DELETE FROM sessions WHERE person = :person AND digest NOT IN
    (SELECT digest FROM sessions WHERE person = :person ORDER BY expires_at DESC, created_at DESC, digest LIMIT :most)"""
_MAKE = "INSERT INTO one_time_links (digest, person, expires_at) VALUES (:digest, :person, :expires_at)"
_LINKS_BEYOND = """DELETE FROM one_time_links WHERE digest NOT IN
    (SELECT digest FROM one_time_links ORDER BY expires_at DESC, digest LIMIT :most)"""


class SqlSessions:
    """The port `SessionStore`."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    async def open(self, session: Session, most: int) -> None:
        roles = json.dumps(session.roles) if session.roles is not None else None
        times = {name: micros(getattr(session, name)) for name in ("created_at", "expires_at", "ends_at")}
        row = {"digest": session.digest, "person": session.person, "roles": roles, "name": session.name, **times}
        async with self._engines.write() as conn:
            await conn.execute(text(_OPEN), row)
            await conn.execute(text(_BEYOND), {"person": session.person, "most": most})

    async def session(self, digest: str) -> Session | None:
        async with self._engines.glance() as conn:
            found = await conn.execute(text("SELECT * FROM sessions WHERE digest = :digest"), {"digest": digest})
            row = found.one_or_none()
        return _session(row) if row is not None else None

    async def prolong(self, digest: str, expires_at: datetime) -> None:
        statement = "UPDATE sessions SET expires_at = :at WHERE digest = :digest AND expires_at < :at"
        async with self._engines.write() as conn:
            await conn.execute(text(statement), {"digest": digest, "at": micros(expires_at)})

    async def close(self, digest: str) -> None:
        async with self._engines.write() as conn:
            await conn.execute(text("DELETE FROM sessions WHERE digest = :digest"), {"digest": digest})

    async def close_all(self, person: str) -> int:
        async with self._engines.write() as conn:
            done = await conn.execute(text("DELETE FROM sessions WHERE person = :person"), {"person": person})
        return done.rowcount

    async def make_link(self, link: OneTimeLink, most: int) -> None:
        row = {"digest": link.digest, "person": link.person, "expires_at": micros(link.expires_at)}
        async with self._engines.write() as conn:
            await conn.execute(text(_MAKE), row)
            await conn.execute(text(_LINKS_BEYOND), {"most": most})

    async def use_link(self, digest: str, now: datetime) -> str | None:
        """The deletion is the use: of two who come at once one finds it."""
        statement = "DELETE FROM one_time_links WHERE digest = :digest RETURNING person, expires_at"
        async with self._engines.write() as conn:
            row = (await conn.execute(text(statement), {"digest": digest})).one_or_none()
        return row.person if row is not None and now < instant(row.expires_at) else None


def _session(row: Any) -> Session:
    return Session(
        digest=row.digest,
        person=row.person,
        created_at=instant(row.created_at),
        expires_at=instant(row.expires_at),
        ends_at=instant(row.ends_at),
        roles=tuple(json.loads(row.roles)) if row.roles is not None else None,
        name=row.personal,
    )
