"""Published agreements in the store: files by content hash, approvals, and the list of
publications."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.adapters.sql import tables as t
from services.adapters.sql.engine import Dialect, Engines
from services.ports.instants import instant, micros
from services.ports.rows import AgreementRow, ApprovalRow

_APPROVALS = text("""SELECT id, hash, side, person, principal, reason, approved_at FROM approvals
    ORDER BY approved_at, id""")
"""In the order of `ApprovalRow`."""


class RulingTexts(NamedTuple):
    """What was published, and what was changed of the roster, each as JSON; None before the first."""

    publications: str | None
    roster_changes: str | None


async def publications(conn: AsyncConnection, dialect: Dialect) -> str | None:
    """The publications (JSON), None before the first."""
    found = await dialect.fetch(conn, "SELECT value FROM meta WHERE key = 'agreements'", {})
    return found[0][0] if found else None


async def agreements(conn: AsyncConnection, dialect: Dialect, hashes: Sequence[str]) -> dict[str, AgreementRow]:
    """By hash."""
    if not hashes:
        return {}
    statement = text(f"SELECT hash, body, holidays FROM agreements WHERE {dialect.among('hash', 'ids')}")  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
    found = await conn.execute(statement, {"ids": dialect.list_value(hashes)})
    return {row.hash: AgreementRow(row.body, row.holidays) for row in found}


async def add_approvals(conn: AsyncConnection, dialect: Dialect, approvals: Sequence[ApprovalRow]) -> None:
    """Each act once."""
    rows = [(*row[:-1], micros(row.approved_at)) for row in approvals]
    await dialect.insert(conn, t.approvals, columns=ApprovalRow._fields, rows=rows, tail="ON CONFLICT (id) DO NOTHING")


class Agreements:
    """For those who publish and who read old versions."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    async def publications(self) -> str | None:
        async with self._engines.glance() as conn:
            return await publications(conn, self._engines.dialect)

    async def ruling_texts(self) -> RulingTexts:
        """Both of one moment."""
        async with self._engines.glance() as conn:
            found = await conn.execute(text("SELECT key, value FROM meta WHERE key IN ('agreements', 'roster')"))
            values = {row.key: row.value for row in found}
        return RulingTexts(values.get("agreements"), values.get("roster"))

    async def rows(self, hashes: Sequence[str]) -> dict[str, AgreementRow]:
        if not hashes:
            return {}
        async with self._engines.glance() as conn:
            return await agreements(conn, self._engines.dialect, hashes)

    async def approvals(self) -> list[ApprovalRow]:
        """All that were ever given, oldest first."""
        async with self._engines.read() as conn:
            found = await conn.execute(_APPROVALS)
            return [ApprovalRow(*row)._replace(approved_at=instant(row.approved_at)) for row in found]

    async def publish(
        self,
        before: str | None,
        after: str,
        files: Mapping[str, AgreementRow],
        now: datetime,
        typed: Sequence[ApprovalRow] = (),
    ) -> bool:
        """One transaction: the list if it is still `before`, the files by hash, each as it was first published, and the
        approvals that the operator typed. False, with nothing done, where somebody published meanwhile."""
        async with self._engines.write() as conn:
            if before is None:
                statement = "INSERT INTO meta (key, value) VALUES ('agreements', :a) ON CONFLICT (key) DO NOTHING"
            else:
                statement = "UPDATE meta SET value = :a WHERE key = 'agreements' AND value = :b"
            given = {"a": after} if before is None else {"a": after, "b": before}
            if (await conn.execute(text(statement), given)).rowcount != 1:
                return False
            rows = [(digest, *file, micros(now)) for digest, file in sorted(files.items())]
            columns = ("hash", *AgreementRow._fields, "recorded_at")
            await self._engines.dialect.insert(
                conn, t.agreements, columns=columns, rows=rows, tail="ON CONFLICT (hash) DO NOTHING"
            )
            await add_approvals(conn, self._engines.dialect, typed)
            return True
