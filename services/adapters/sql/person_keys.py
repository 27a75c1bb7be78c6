"""The port `PersonKeys` in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import text

from services.adapters.sql.engine import Engines
from services.ports.instants import micros
from services.ports.sealing import PersonKey
from services.sealing.boxes import draw_key

_MAKE = "INSERT INTO person_keys (lead_id, secret, made_at) VALUES (:lead, :secret, :at) ON CONFLICT DO NOTHING"


class SqlPersonKeys:
    """A row for each lead; of an erased one it is empty and stays, so that no other key is made."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    async def make_keys(self, leads: Collection[str], now: datetime) -> Mapping[str, bytes | None]:
        """One query where all have theirs."""
        wanted = sorted(set(leads))
        found = await self._secrets(wanted)
        missing = [lead for lead in wanted if lead not in found]
        if not missing:
            return found
        rows = [{"lead": lead, "secret": draw_key(), "at": micros(now)} for lead in missing]
        async with self._engines.write() as conn:
            await conn.execute(text(_MAKE), rows)
        # What another relay made in the same moment was there first.
        return await self._secrets(wanted)

    async def _secrets(self, leads: Sequence[str]) -> dict[str, bytes | None]:
        if not leads:
            return {}
        dialect = self._engines.dialect
        statement = f"SELECT lead_id, secret FROM person_keys WHERE {dialect.among('lead_id', 'ids')}"  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        async with self._engines.read() as conn:
            rows = await conn.execute(text(statement), {"ids": dialect.list_value(leads)})
            return {row[0]: None if row[1] is None else bytes(row[1]) for row in rows}

    async def keys_of(self, leads: Sequence[str]) -> Mapping[str, PersonKey]:
        if not leads:
            return {}
        dialect = self._engines.dialect
        statement = f"""SELECT k.lead_id, k.secret, l.brand FROM person_keys k LEFT JOIN leads l ON l.id = k.lead_id
            WHERE {dialect.among("k.lead_id", "ids")}"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        async with self._engines.read() as conn:
            rows = await conn.execute(text(statement), {"ids": dialect.list_value(leads)})
            return {row[0]: PersonKey(None if row[1] is None else bytes(row[1]), row[2]) for row in rows}
