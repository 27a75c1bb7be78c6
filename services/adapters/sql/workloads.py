"""The port `WorkloadReading` in SQL: each count goes through what is open, what is due or what was due within a span, by an index and up to
a bound, whatever there is of leads that nobody works with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, get_args

from sqlalchemy import text

from routing.lifecycle import WORKED
from services.adapters.sql.batch import clock_row, lead_row
from services.adapters.sql.console import ACTING, CLOCK, LEAD, waiting_of
from services.adapters.sql.engine import Engines
from services.ports.console import Waiting
from services.ports.instants import micros
from services.ports.reading import Place
from services.ports.rows import ClockRow, LeadRow
from services.ports.workloads import PromiseSpan, Verdict, Workload, Workloads

COUNTED = 20_000
"""Rows that are counted at most, for each stage and each verdict."""
_ENDED = """WHERE c.lead_id IS NOT NULL AND c.state = :verdict AND c.due_at >= :since AND c.due_at < :until AND NOT ({passed_over})
    AND (NOT ({of_marketing}) OR c.body LIKE :answered)"""
_ANSWERED = '%"answerable":{%'
"""In the body of a clock that says who answers for its promise; what is not known is left out of a body."""
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
        values |= {"now": micros(now), "tonight": micros(tonight), **self._span(span)}
        # One statement: each of these counts takes an index of its own, and a question for each would be a turn to the server for each.
        rows = await self._all(
            " UNION ALL ".join((*self._stage_parts(more), self._due_part(more), *self._verdict_parts(brands))), **values
        )
        counts: dict[str, Counter[str]] = {name: Counter() for name in Workload._fields}
        of_part: Counter[str] = Counter()
        for part, person, count, overdue in rows:
            of_part[part] += count
            match part:
                case "due":
                    counts["overdue"][person] += overdue
                    counts["today"][person] += count - overdue
                case "fulfilled":
                    counts["kept"][person] += count
                case "breached":
                    counts["broken"][person] += count
                case _:
                    counts["open"][person] += count
        is_all = all(count <= COUNTED for count in of_part.values())
        return Workloads(
            {one: Workload(**{name: each[one] for name, each in counts.items()}) for one in people}, is_all
        )

    def _stage_parts(self, more: str) -> Iterator[str]:
        """A part for each stage that is worked in: (stage, owner, leads, 0)."""
        among = self._engines.dialect.among("l.owner", "people")
        for stage in WORKED:
            yield f"""SELECT '{stage}' AS part, owner AS person, count(*) AS n, 0 AS overdue FROM (SELECT l.owner FROM leads l
                WHERE l.stage = '{stage}' AND l.disposition = 'active' AND {among} {more} ORDER BY l.id LIMIT :limit) w GROUP BY owner"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound

    def _due_part(self, more: str) -> str:
        """(`due`, owner, leads to act on before tonight, of them before now)."""
        return f"""SELECT 'due' AS part, owner AS person, count(*) AS n, count(CASE WHEN act_by <= :now THEN 1 END) AS overdue
            FROM (SELECT l.owner, c.act_by {ACTING} AND {self._engines.dialect.among("l.owner", "people")} {more} AND c.act_by < :tonight
                ORDER BY c.act_by, c.id LIMIT :limit) w GROUP BY owner"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound

    def _verdict_parts(self, brands: Collection[str] | None) -> Iterator[str]:
        """A part for each verdict: (verdict, person, promises, 0)."""
        among = self._engines.dialect.among
        # Each lead is looked up by its key: joined, all leads would be read where many promises were due.
        own = f"AND {among(_BRAND, 'brands')}" if brands is not None else ""
        for verdict in get_args(Verdict):
            where = self._where_ended.replace(":verdict", f"'{verdict}'")
            yield f"""SELECT '{verdict}' AS part, person, count(*) AS n, 0 AS overdue FROM (SELECT c.person FROM clocks c {where}
                AND {among("c.person", "people")} {own} ORDER BY c.due_at, c.id LIMIT :limit) w GROUP BY person"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound

    async def turns(self, pools: Sequence[str]) -> dict[str, str]:
        statement = (
            f"SELECT name, state FROM ledgers WHERE kind = 'pool' AND {self._engines.dialect.among('name', 'pools')}"  # noqa: S608 - put in is a condition that this package writes; what others wrote is bound
        )
        return {
            row.name: row.state for row in await self._all(statement, pools=self._engines.dialect.list_value(pools))
        }

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

    async def volumes(self, span: PromiseSpan) -> list[ClockRow]:
        # By the index of leads, under which those of no lead stand together: they are a few a period.
        statement = f"""SELECT {CLOCK} FROM clocks c WHERE c.lead_id IS NULL AND c.state IN ('fulfilled', 'breached')
            AND c.due_at + 0 >= :since AND c.due_at + 0 < :until ORDER BY c.due_at + 0, c.id"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        rows = await self._all(statement, since=micros(span.since), until=micros(span.until))
        return [clock_row(ClockRow(*row)) for row in rows]

    @property
    def _where_ended(self) -> str:
        among = self._engines.dialect.among
        return _ENDED.format(
            passed_over=among("c.policy", "passed_over"), of_marketing=among("c.policy", "of_marketing")
        )

    def _span(self, span: PromiseSpan) -> dict[str, Any]:
        names = self._engines.dialect.list_value
        return {
            "since": micros(span.since),
            "until": micros(span.until),
            "passed_over": names(sorted(span.passed_over)),
            "of_marketing": names(sorted(span.of_marketing)),
            "answered": _ANSWERED,
        }

    def _of_brands(self, brands: Collection[str] | None) -> tuple[str, dict[str, Any]]:
        """A further condition on the lead `l`, and what is bound in it."""
        if brands is None:
            return "", {}
        dialect = self._engines.dialect
        return f"AND {dialect.among('l.brand', 'brands')}", {"brands": dialect.list_value(sorted(brands))}

    async def _all(self, statement: str, **values: Any) -> Sequence[Any]:
        async with self._engines.read() as conn:
            return (await conn.execute(text(statement), values)).all()
