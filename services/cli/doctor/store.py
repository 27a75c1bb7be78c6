"""The store: reachable, with the schema of this version and the rights of a role, and a clock that agrees with ours."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

from sqlalchemy import text

from services.adapters.sql.engine import Engines, scalar
from services.adapters.sql.schema import revision_of, serves
from services.adapters.sql.store import GAP
from services.adapters.sql.tables import HEAD, metadata
from services.cli.doctor.finding import Finding
from services.ports.errors import PortError
from services.settings import Settings

SKEW = 1.0
"""Seconds that two clocks may differ; above it promises are told early or late by as much."""
RIGHTS = "rights in the store"
"""What a finding about them is called."""
_RIGHTS = """SELECT t.name FROM unnest(CAST(:names AS text[])) AS t (name)
    WHERE NOT has_table_privilege(t.name, 'SELECT') OR NOT has_table_privilege(t.name, 'INSERT')
    OR NOT has_table_privilege(t.name, 'UPDATE') OR NOT has_table_privilege(t.name, 'DELETE') ORDER BY 1"""


async def examine_store(settings: Settings) -> AsyncIterator[Finding]:
    """Asks and changes nothing."""
    engines = Engines(settings.database_url)
    try:
        at = await revision_of(engines)
        if at is not None and at > HEAD and await serves(engines, HEAD):
            yield Finding(
                "store",
                "look",
                f"its schema is at {at}, of a newer version, and serves this one",
                "run the newer version",
            )
        elif at != HEAD:
            fix = (
                "stafett db upgrade, with a role that owns the schema"
                if at is None or at < HEAD
                else "run the version that made it"
            )
            yield Finding("store", "wrong", f"its schema is at {at or 'nothing'}, this version needs {HEAD}", fix)
            return
        else:
            yield Finding("store", "ok", f"answers, schema {at}")
        may_read = True
        if not engines.sqlite:
            async for finding in _examine_server(engines):
                may_read = may_read and not (finding.about == RIGHTS and finding.health == "wrong")
                yield finding
        # Whoever may not read it is told that first.
        gap = await _gap(engines) if may_read else None
        if gap is not None:
            yield Finding("positions", "wrong", gap, "stop all roles, then stafett db restored --keep-positions")
    except PortError as error:
        yield Finding("store", "wrong", str(error), "look at STAFETT_DATABASE_URL, the server and the way to it")
    finally:
        await engines.close()


async def _gap(engines: Engines) -> str | None:
    """What the store lacks, where a router noted that it went back."""
    async with engines.read() as connection:
        found: str | None = await scalar(connection, GAP)
    return found


async def _examine_server(engines: Engines) -> AsyncIterator[Finding]:
    names = sorted(set(metadata.tables) - {"alembic_version"})
    async with engines.read() as connection:
        lacking = list((await connection.execute(text(_RIGHTS), {"names": names})).scalars())
        before = datetime.now(UTC)
        there: datetime = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
        after = datetime.now(UTC)
    if lacking:
        fix = "stafett db upgrade --grants-to ROLE, as the owner"
        yield Finding(RIGHTS, "wrong", f"this role may not use {len(lacking)} tables ({lacking[0]}, ...)", fix)
    else:
        yield Finding(RIGHTS, "ok", "this role may use every table")
    yield clock_finding(before, there, after)


def clock_finding(before: datetime, there: datetime, after: datetime) -> Finding:
    """`there`: what the database's clock said at some instant between the two of ours."""
    skew = max((before - there).total_seconds(), (there - after).total_seconds(), 0.0)
    if skew > SKEW:
        return Finding(
            "clock",
            "wrong",
            f"differs by {skew:.1f} s from the database's",
            "let both machines follow the same time servers",
        )
    return Finding("clock", "ok", "agrees with the database's")
