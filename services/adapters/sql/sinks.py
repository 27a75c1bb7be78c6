"""The port `Sinks` in SQL. On kill -9 a commit is whole or not there; the caller reads what is kept and goes on from it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.envelope import whole
from schemas.events import LeadErased
from schemas.sinks import KeptKind
from services.adapters.sql import tables as t
from services.adapters.sql.engine import Engines, scalar
from services.adapters.sql.grouping import Grouped
from services.adapters.sql.sink_writes import RECORD, STEP, Begin, Finish, Release, SinkWriting, keep_record, keep_steps
from services.ports.deliveries import HELD
from services.ports.instants import instant, instant_or_none, micros
from services.ports.rows import RecordOut
from services.ports.sinks import WAITING, SinkRecord, SinkStep, Sweep, SweepKind, WriteAgain

_RECORDS = f"SELECT {', '.join(RECORD)} FROM sink_records WHERE"  # noqa: S608 - columns that this module writes
_STEPS = f"SELECT {', '.join(STEP)} FROM sink_steps WHERE"  # noqa: S608 - columns that this module writes
WRITTEN_AGAIN, CHANGED_BACK = "written_again", "changed_back_there"
"""The step of an event that was carried out once more since it was not there, and what it says where it was not there again."""
_GIVING = ", ".join(
    f"'stafett.{kind}.v1'" for kind in ("handover.offered", "handover.transferred", "lead.owner_changed")
)
"""The events that say who has a lead."""
_DUE_TOUCHES = (
    "SELECT 1 FROM sink_records WHERE target = :t AND kind = 'touches' AND vendor_id = :w AND sent_at <= :now LIMIT 1"
)
_HELD_BEFORE_ERASURE = f"""subscription = :t AND state = 'pending' AND next_at >= {micros(HELD)} AND EXISTS (
    SELECT 1 FROM deliveries x JOIN events e ON e.position = x.position
    WHERE x.subscription = :t AND x.lead_id = deliveries.lead_id AND x.state = 'pending'
        AND x.position > deliveries.position AND e.type = :erased)"""  # noqa: S608 - put in is a number of this package
"""Of deliveries that wait for somebody although their lead was erased since."""


class SqlSinks:
    """The port `Sinks`."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._writes = Grouped(SinkWriting(engines).write)

    async def records(self, target: str, lead_id: str) -> list[SinkRecord]:
        where = f"{_RECORDS} target = :t AND lead_id = :l ORDER BY number"
        async with self._engines.read() as conn:
            return [_record(row) for row in await conn.execute(text(where), {"t": target, "l": lead_id})]

    async def record(self, target: str, kind: KeptKind, key: str) -> SinkRecord | None:
        where = f"{_RECORDS} target = :t AND kind = :n AND key = :k"
        async with self._engines.read() as conn:
            row = (await conn.execute(text(where), {"t": target, "n": kind, "k": key})).first()
        return None if row is None else _record(row)

    async def steps(self, target: str, event_id: str) -> list[SinkStep]:
        where = f"{_STEPS} target = :t AND event_id = :e ORDER BY at, name"
        async with self._engines.read() as conn:
            return [_step(row) for row in await conn.execute(text(where), {"t": target, "e": event_id})]

    async def source_of_signal(self, signal_id: str) -> str | None:
        async with self._engines.read() as conn:
            where = "SELECT source FROM history WHERE signal_id = :s ORDER BY id DESC LIMIT 1"
            row = (await conn.execute(text(where), {"s": signal_id})).first()
        return row.source if row is not None else None

    async def begin(
        self, record: SinkRecord, step: SinkStep, seen: SinkRecord | None = None, abandoned: datetime | None = None
    ) -> bool:
        return await self._writes.do(Begin(step, record, seen, abandoned))

    async def finish(self, step: SinkStep, record: SinkRecord | None = None, signals: Sequence[RecordOut] = ()) -> None:
        await self._writes.do(Finish(step, record, signals))

    async def release(self, record: SinkRecord, step: SinkStep) -> None:
        await self._writes.do(Release(step, record))

    async def list_records(
        self,
        target: str,
        *,
        lead_id: str | None = None,
        brands: Collection[str] | None = None,
        after: str = "",
        limit: int = 100,
    ) -> list[SinkRecord]:
        condition, asked = self._of_leads(lead_id, brands)
        where = f"{_RECORDS} target = :t AND {condition} AND (kind, key) > (:after_kind, :after_key) ORDER BY kind, key LIMIT :n"
        kind, _, key = after.partition("/")
        place = {"after_kind": kind, "after_key": key}
        async with self._engines.read() as conn:
            rows = await conn.execute(text(where), {"t": target, "n": limit, **place, **asked})
            return [_record(row) for row in rows]

    async def list_steps(
        self,
        target: str,
        *,
        lead_id: str | None = None,
        brands: Collection[str] | None = None,
        refused: bool = False,
        limit: int = 100,
    ) -> list[SinkStep]:
        condition, asked = self._of_leads(lead_id, brands)
        where = (
            f"{_STEPS} target = :t AND {condition} AND (state = 'refused' OR NOT :r) ORDER BY at DESC, name LIMIT :n"
        )
        async with self._engines.read() as conn:
            rows = await conn.execute(text(where), {"t": target, "r": refused, "n": limit, **asked})
            return [_step(row) for row in rows]

    def _of_leads(self, lead_id: str | None, brands: Collection[str] | None) -> tuple[str, dict[str, Any]]:
        """(condition on rows of this lead, or of leads of these brands; what it is asked with)."""
        dialect, conditions, asked = self._engines.dialect, ["1 = 1"], dict[str, Any]()
        if lead_id is not None:
            conditions.append("lead_id = :l")
            asked["l"] = lead_id
        if brands is not None:
            conditions.append(f"lead_id IN (SELECT id FROM leads WHERE {dialect.among('brand', 'brands')})")  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
            asked["brands"] = dialect.list_value(brands)
        return " AND ".join(conditions), asked

    async def event_text(self, event_id: str) -> str | None:
        # Events have no index by their id, which would cost the relay at each of them; a person asks this, and seldom.
        return await self._envelope("event_id = :e", {"e": event_id})

    async def newest_event_text(self, lead_id: str, event_type: str) -> str | None:
        return await self._envelope("lead_id = :l AND type = :t", {"l": lead_id, "t": event_type})

    async def _envelope(self, condition: str, asked: dict[str, str]) -> str | None:
        statement = f"SELECT head, personal FROM events WHERE {condition} ORDER BY sequence DESC LIMIT 1"  # noqa: S608 - put in are conditions that this module writes; what others wrote is bound
        async with self._engines.read() as conn:
            row = (await conn.execute(text(statement), asked)).first()
        return None if row is None else whole(row.head, row.personal)

    async def adopt(self, record: SinkRecord) -> None:
        async with self._engines.write() as conn:
            await keep_record(conn, record)

    async def forget(self, target: str, kind: KeptKind, key: str) -> bool:
        async with self._engines.write() as conn:
            done = await conn.execute(
                text("DELETE FROM sink_records WHERE target = :t AND kind = :n AND key = :k"),
                {"t": target, "n": kind, "k": key},
            )
        return done.rowcount == 1

    async def retry(self, target: str, now: datetime, lead_id: str | None = None) -> int:
        async with self._engines.write() as conn:
            done = await conn.execute(
                text(
                    "UPDATE deliveries SET next_at = :now WHERE subscription = :t AND state = 'pending' AND next_at > :now"
                    " AND (CAST(:l AS TEXT) IS NULL OR lead_id = :l)"
                ),
                {"now": micros(now), "t": target, "l": lead_id},
            )
        return done.rowcount

    async def replay(self, target: str, event_id: str, now: datetime) -> bool:
        async with self._engines.write() as conn:
            return await self._replay(conn, target, event_id, now)

    async def _replay(self, conn: AsyncConnection, target: str, event_id: str, now: datetime) -> bool:
        done = await conn.execute(
            text(
                "UPDATE deliveries SET state = 'pending', next_at = :now, finished_at = NULL"
                " WHERE subscription = :t AND event_id = :e"
            ),
            {"now": micros(now), "t": target, "e": event_id},
        )
        await conn.execute(
            text("DELETE FROM sink_steps WHERE target = :t AND event_id = :e"), {"t": target, "e": event_id}
        )
        return done.rowcount == 1

    async def resume_touches(self, target: str, now: datetime, next_at: datetime) -> int:
        due = """UPDATE sink_records SET sent_at = :next WHERE target = :t AND kind = 'touches' AND vendor_id = :w
            AND sent_at <= :now AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.subscription = :t
                AND d.lead_id = sink_records.lead_id AND d.state = 'pending' AND d.claimed_until > :now) RETURNING made_by"""
        over = """UPDATE sink_records SET vendor_id = NULL WHERE target = :t AND kind = 'touches' AND vendor_id = :w
            AND sent_at <= :now AND NOT EXISTS (SELECT 1 FROM sink_records o WHERE o.target = :t AND o.kind = 'opportunity'
                AND o.key = sink_records.key AND o.state = 'present' AND NOT o.is_over)"""
        again = """UPDATE deliveries SET state = 'pending', next_at = :now, finished_at = NULL
            WHERE subscription = :t AND event_id = :e AND state = 'delivered'"""
        looked_for = {"t": target, "w": WAITING, "now": micros(now)}
        if not await self._is_any(_DUE_TOUCHES, looked_for):
            return 0
        async with self._engines.write() as conn:
            await conn.execute(text(over), looked_for)
            events = [row.made_by for row in await conn.execute(text(due), {**looked_for, "next": micros(next_at)})]
            resumed = 0
            for event in events:
                done = await conn.execute(text(again), {"t": target, "e": event, "now": micros(now)})
                # One that waits already, or that somebody carries out just now, goes on from what is done of it.
                if done.rowcount == 1:
                    resumed += 1
                    await conn.execute(
                        text("DELETE FROM sink_steps WHERE target = :t AND event_id = :e"), {"t": target, "e": event}
                    )
        return resumed

    async def pass_over_erased(self, target: str, now: datetime) -> int:
        held = f"UPDATE deliveries SET state = 'delivered', finished_at = :now WHERE {_HELD_BEFORE_ERASURE} RETURNING event_id"  # noqa: S608 - put in is a condition of this module
        step = """UPDATE sink_steps SET state = 'skipped', outcome = 'person_erased', code = NULL, field = NULL
            WHERE target = :t AND event_id = :e AND state IN ('refused', 'waiting')"""
        looked_for = {"t": target, "erased": LeadErased.type_name}
        if not await self._is_any(f"SELECT 1 FROM deliveries WHERE {_HELD_BEFORE_ERASURE} LIMIT 1", looked_for):  # noqa: S608 - put in is a condition of this module
            return 0
        async with self._engines.write() as conn:
            events = [row.event_id for row in await conn.execute(text(held), {**looked_for, "now": micros(now)})]
            for event in events:
                await conn.execute(text(step), {"t": target, "e": event})
        return len(events)

    async def _is_any(self, statement: str, looked_for: Mapping[str, Any]) -> bool:
        """Asked before a change that mostly has nothing to do: SQLite has one writer, and a look that finds nothing waits for nobody."""
        async with self._engines.read() as conn:
            return (await conn.execute(text(statement), looked_for)).first() is not None

    async def claim_sweep(self, target: str, kind: SweepKind, now: datetime, next_at: datetime) -> Sweep | None:
        async with self._engines.write() as conn:
            await conn.execute(
                text("INSERT INTO sink_sweeps (target, kind, next_at) VALUES (:t, :k, 0) ON CONFLICT DO NOTHING"),
                {"t": target, "k": kind},
            )
            done = await conn.execute(
                text("UPDATE sink_sweeps SET next_at = :next WHERE target = :t AND kind = :k AND next_at <= :now"),
                {"t": target, "k": kind, "next": micros(next_at), "now": micros(now)},
            )
            if done.rowcount != 1:
                return None
            cursor = await scalar(
                conn, "SELECT cursor FROM sink_sweeps WHERE target = :t AND kind = :k", t=target, k=kind
            )
        return Sweep(cursor)

    async def finish_sweep(
        self,
        target: str,
        kind: SweepKind,
        cursor: str,
        signals: Sequence[RecordOut],
        *,
        next_at: datetime | None = None,
    ) -> None:
        async with self._engines.write() as conn:
            await conn.execute(
                text(
                    "UPDATE sink_sweeps SET cursor = :c, next_at = coalesce(CAST(:next AS BIGINT), next_at)"
                    " WHERE target = :t AND kind = :k"
                ),
                {"t": target, "k": kind, "c": cursor, "next": None if next_at is None else micros(next_at)},
            )
            if signals:
                await self._engines.dialect.insert(conn, t.spool, ("topic", "key", "body"), signals)

    async def sweep_findings(self, kind: SweepKind) -> dict[str, str]:
        statement = "SELECT target, cursor FROM sink_sweeps WHERE kind = :k AND cursor IS NOT NULL"
        async with self._engines.read() as conn:
            return {row.target: row.cursor for row in await conn.execute(text(statement), {"k": kind})}

    async def records_by_vendor_id(self, target: str, kind: KeptKind, vendor_ids: Collection[str]) -> list[SinkRecord]:
        if not vendor_ids:
            return []
        dialect = self._engines.dialect
        where = f"{_RECORDS} target = :t AND kind = :n AND {dialect.among('vendor_id', 'ids')}"
        values = {"t": target, "n": kind, "ids": dialect.list_value(vendor_ids)}
        async with self._engines.read() as conn:
            return [_record(row) for row in await conn.execute(text(where), values)]

    async def follow_opportunities(self, target: str, moves: Mapping[str, str]) -> None:
        statement = """UPDATE sink_records SET vendor_id = :new, url = NULL, adopted = :yes
            WHERE target = :t AND kind = 'opportunity' AND state = 'present' AND vendor_id = :old"""
        async with self._engines.write() as conn:
            for old, new in sorted(moves.items()):
                values = {"t": target, "old": old, "new": new, "yes": True}
                await conn.execute(text(statement), values)

    async def opportunities(self, target: str, after: str, limit: int) -> list[SinkRecord]:
        where = f"""{_RECORDS} target = :t AND kind = 'opportunity' AND state = 'present' AND key > :a
            ORDER BY key LIMIT :n"""
        async with self._engines.read() as conn:
            rows = await conn.execute(text(where), {"t": target, "a": after, "n": limit})
            return [_record(row) for row in rows]

    async def write_again(self, target: str, lead_id: str, now: datetime) -> WriteAgain:
        async with self._engines.write() as conn:
            rows = await conn.execute(
                text(
                    f"""SELECT e.event_id, d.state FROM events e JOIN deliveries d ON d.subscription = :t AND d.event_id = e.event_id
                    WHERE e.lead_id = :l AND e.type IN ({_GIVING}) ORDER BY e.sequence DESC LIMIT 1"""  # noqa: S608 - put in are types that this module writes
                ),
                {"t": target, "l": lead_id},
            )
            newest = rows.first()
            if newest is None or newest.state != "delivered":
                return "no_event"
            event = str(newest.event_id)
            step = SinkStep(target, event, WRITTEN_AGAIN, lead_id, state="done", attempts=1, at=now)
            before = await scalar(
                conn,
                "SELECT state FROM sink_steps WHERE target = :t AND event_id = :e AND name = :n",
                t=target,
                e=event,
                n=WRITTEN_AGAIN,
            )
            if before is not None:
                await keep_steps(conn, [step._replace(state="refused", attempts=2, outcome=CHANGED_BACK)])
                return "left_to_somebody"
            await self._replay(conn, target, event, now)
            await keep_steps(conn, [step])
        return "written_again"

    async def waiting_leads(self, target: str, lead_ids: Collection[str]) -> frozenset[str]:
        if not lead_ids:
            return frozenset()
        mine = self._engines.dialect.among("lead_id", "ids")
        statement = f"""SELECT lead_id FROM deliveries WHERE subscription = :t AND state = 'pending' AND {mine}
            UNION SELECT lead_id FROM events WHERE {mine} AND position > coalesce(
                (SELECT position FROM delivery_cursors WHERE subscription = :t), 0)
            UNION SELECT lead_id FROM outbox WHERE {mine}"""  # noqa: S608 - put in are columns that this module writes; what others wrote is bound
        values = {"t": target, "ids": self._engines.dialect.list_value(lead_ids)}
        async with self._engines.read() as conn:
            return frozenset(row.lead_id for row in await conn.execute(text(statement), values))


def _record(row: Row[Any]) -> SinkRecord:
    record = SinkRecord._make(row)
    sent_at, seen_at = instant_or_none(row.sent_at), instant_or_none(row.seen_at)
    return record._replace(adopted=bool(row.adopted), is_over=bool(row.is_over), sent_at=sent_at, seen_at=seen_at)


def _step(row: Row[Any]) -> SinkStep:
    return SinkStep(*tuple(row))._replace(at=instant(row.at))
