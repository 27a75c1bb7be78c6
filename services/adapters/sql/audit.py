"""The port `Audit` in SQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import text

from services.adapters.sql.engine import Engines
from services.ports.audit import AuditFilter, AuditRow, Use
from services.ports.instants import instant, micros

HOUR = 3_600_000_000
"""Microseconds."""
_ADD = """INSERT INTO audit (hour, door, actor, person, action, subject, status, first_at, last_at, count)
    VALUES (:hour, :door, :actor, :person, :action, :subject, :status, :at, :at, :count)
    ON CONFLICT (hour, door, actor, action, subject, status)
    DO UPDATE SET last_at = excluded.last_at, count = audit.count + excluded.count"""


class SqlAudit:
    """A row for each kind of use in each hour."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    async def add(self, uses: Mapping[Use, int], at: datetime) -> None:
        when = micros(at)
        # In one order, so that of two processes none waits for a row of the other for ever.
        ordered = sorted(uses.items(), key=lambda item: item[0]._replace(person=item[0].person or ""))
        rows = [use._asdict() | {"hour": when - when % HOUR, "at": when, "count": count} for use, count in ordered]
        if rows:
            async with self._engines.write() as conn:
                await conn.execute(text(_ADD), rows)

    async def rows(self, wanted: AuditFilter, after: int, limit: int) -> list[AuditRow]:
        conditions = {
            "actor = :actor": wanted.actor,
            "subject = :subject": wanted.subject,
            "last_at >= :since": micros(wanted.since) if wanted.since is not None else None,
        }
        given = {condition.rpartition(":")[2]: value for condition, value in conditions.items() if value is not None}
        where = "".join(f" AND {condition}" for condition, value in conditions.items() if value is not None)
        statement = f"""SELECT number, door, actor, person, action, subject, status, first_at, last_at, count FROM audit
            WHERE number > :after{where} ORDER BY number LIMIT :limit"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        async with self._engines.read() as conn:
            found = await conn.execute(text(statement), {**given, "after": after, "limit": limit})
            return [
                AuditRow(
                    number=row.number,
                    use=Use(*row[1:7]),
                    first_at=instant(row[7]),
                    last_at=instant(row[8]),
                    times=row[9],
                )
                for row in found
            ]
