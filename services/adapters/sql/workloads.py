"""The port `WorkloadReading` in SQL: each count goes through what is open, what is due or what was due within a span, by an index and up to
a bound, whatever there is of leads that nobody works with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, get_args

from sqlalchemy import text

from routing.lifecycle import WORKED
from services.adapters.sql.batch import lead_row
from services.adapters.sql.console import ACTING, CLOCK, LEAD, waiting_of
from services.adapters.sql.engine import Engines
from services.ports.console import Waiting
from services.ports.instants import micros
from services.ports.reading import Place
from services.ports.rows import LeadRow
from services.ports.workloads import PromiseSpan, Verdict, Workload, Workloads

COUNTED = 20_000
"""Rows that are counted at most, for each stage and each verdict."""
_ENDED = """WHERE c.lead_id IS NOT NULL AND c.state = :verdict AND c.due_at >= :since AND c.due_at < :until AND NOT ({passed_over})"""
_BRAND = "(SELECT l.brand FROM leads l WHERE l.id = c.lead_id)"


class SqlWorkloadReading:
    """The port `WorkloadReading`."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    async def workloads(
        self,
        people: Sequence[str],
        brands: Collection[str] | None,
        span: PromiseSpan,
        *,
        now: datetime,
        tonight: datetime,
    ) -> Workloads:
        more, values = self._of_brands(brands)
        values |= {"people": self._engines.dialect.list_value(people), "limit": COUNTED + 1}
        among = self._engines.dialect.among
        counts: list[Counter[str]] = [Counter() for _ in Workload._fields]
        is_all = True
        for stage in WORKED:
            statement = f"""SELECT owner, count(*) FROM (SELECT l.owner FROM leads l WHERE l.stage = :stage AND l.disposition = 'active'
                AND {among("l.owner", "people")} {more} ORDER BY l.id LIMIT :limit) w GROUP BY owner"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
            found = await self._all(statement, stage=stage, **values)
            counts[0].update({row[0]: row[1] for row in found})
            is_all &= sum(row[1] for row in found) <= COUNTED
        statement = f"""SELECT owner, count(*), count(CASE WHEN act_by <= :now THEN 1 END) FROM (SELECT l.owner, c.act_by {ACTING}
            AND {among("l.owner", "people")} {more} AND c.act_by < :tonight ORDER BY c.act_by, c.id LIMIT :limit) w GROUP BY owner"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        found = await self._all(statement, now=micros(now), tonight=micros(tonight), **values)
        counts[1].update({row[0]: row[2] for row in found})
        counts[2].update({row[0]: row[1] - row[2] for row in found})
        is_all &= sum(row[1] for row in found) <= COUNTED
        # Each lead is looked up by its key: joined, all leads would be read where many promises were due.
        own = f"AND {among(_BRAND, 'brands')}" if brands is not None else ""
        for place, verdict in enumerate(get_args(Verdict), 3):
            statement = f"""SELECT person, count(*) FROM (SELECT c.person FROM clocks c {self._where_ended} AND {among("c.person", "people")} {own}
                ORDER BY c.due_at, c.id LIMIT :limit) w GROUP BY person"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
            found = await self._all(statement, verdict=verdict, **self._span(span), **values)
            counts[place].update({row[0]: row[1] for row in found})
            is_all &= sum(row[1] for row in found) <= COUNTED
        return Workloads({one: Workload(*(each[one] for each in counts)) for one in people}, is_all)

    async def open_leads(
        self, person: str, brands: Collection[str] | None, after: str = "", limit: int = 50
    ) -> list[LeadRow]:
        more, values = self._of_brands(brands)
        statement = f"""SELECT {LEAD} FROM leads l WHERE l.owner = :person AND l.id > :after AND l.disposition = 'active'
            AND {self._engines.dialect.among("l.stage", "worked")} {more} ORDER BY l.id LIMIT :limit"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        worked = self._engines.dialect.list_value(WORKED)
        rows = await self._all(statement, person=person, after=after, worked=worked, limit=limit, **values)
        return [lead_row(LeadRow(*row)) for row in rows]

    async def promises(
        self,
        person: str,
        verdict: Verdict,
        brands: Collection[str] | None,
        span: PromiseSpan,
        *,
        after: Place[str] | None = None,
        limit: int = 50,
    ) -> list[Waiting]:
        more, values = self._of_brands(brands)
        place = after or Place(-1, "")
        values |= {"verdict": verdict, "person": person, "at": place.at, "id": place.id, "limit": limit}
        statement = f"""SELECT {CLOCK}, {LEAD} FROM clocks c JOIN leads l ON l.id = c.lead_id {self._where_ended} AND c.person = :person {more}
            AND c.due_at >= :at AND (c.due_at > :at OR c.id > :id) ORDER BY c.due_at, c.id LIMIT :limit"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        return [waiting_of(row) for row in await self._all(statement, **self._span(span), **values)]

    @property
    def _where_ended(self) -> str:
        return _ENDED.format(passed_over=self._engines.dialect.among("c.policy", "passed_over"))

    def _span(self, span: PromiseSpan) -> dict[str, Any]:
        passed_over = self._engines.dialect.list_value(sorted(span.passed_over))
        return {"since": micros(span.since), "until": micros(span.until), "passed_over": passed_over}

    def _of_brands(self, brands: Collection[str] | None) -> tuple[str, dict[str, Any]]:
        """A further condition on the lead `l`, and what is bound in it."""
        if brands is None:
            return "", {}
        dialect = self._engines.dialect
        return f"AND {dialect.among('l.brand', 'brands')}", {"brands": dialect.list_value(sorted(brands))}

    async def _all(self, statement: str, **values: Any) -> Sequence[Any]:
        async with self._engines.read() as conn:
            return (await conn.execute(text(statement), values)).all()
