"""How the book of the sinks is written: creates announced, outcomes kept, claims held meanwhile, all that comes together in one commit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, assert_never

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.adapters.sql import tables as t
from services.adapters.sql.engine import Engines
from services.ports.errors import Fenced, PortError
from services.ports.instants import micros
from services.ports.rows import RecordOut
from services.ports.sinks import SinkRecord, SinkStep

RECORD = (
    "target",
    "kind",
    "key",
    "lead_id",
    "state",
    "made_by",
    "vendor_id",
    "url",
    "digest",
    "adopted",
    "before",
    "sent_at",
    "seen_at",
    "is_over",
    "written",
)  # fmt: skip - in the order of SinkRecord
STEP = (
    "target",
    "event_id",
    "name",
    "lead_id",
    "state",
    "attempts",
    "at",
    "outcome",
    "code",
    "field",
    "correlation",
    "personal",
    "spared",
)  # fmt: skip - in the order of SinkStep
_NEXT = "(SELECT coalesce(max(number), 0) + 1 FROM sink_records WHERE target = :target AND lead_id = :lead_id)"
"""In the order in which they were made, for each lead by itself."""
_INSERT_RECORD = f"""INSERT INTO sink_records ({", ".join(RECORD)}, number)
    VALUES ({", ".join(f":{name}" for name in RECORD)}, {_NEXT}) ON CONFLICT (target, kind, key) DO UPDATE SET"""  # noqa: S608 - put in are columns that this module writes; what others wrote is bound
_KEEP_RECORD = text(f"{_INSERT_RECORD} {', '.join(f'{name} = excluded.{name}' for name in RECORD[3:])}")
_BEGIN = text(f"""{_INSERT_RECORD} state = 'making', made_by = excluded.made_by, sent_at = excluded.sent_at, vendor_id = NULL
    WHERE sink_records.made_by = excluded.made_by OR (
        sink_records.made_by = CAST(:seen_by AS TEXT) AND sink_records.state = CAST(:seen_state AS TEXT)
        AND coalesce(sink_records.vendor_id, '') = CAST(:seen_id AS TEXT)
        AND (sink_records.state <> 'making' OR sink_records.sent_at <= CAST(:abandoned AS BIGINT)))""")
_RELEASE = text("""DELETE FROM sink_records WHERE target = :target AND kind = :kind AND key = :key
    AND state = 'making' AND made_by = :made_by""")
_KEEP_STEP = text(
    f"INSERT INTO sink_steps ({', '.join(STEP)}) VALUES ({', '.join(f':{name}' for name in STEP)})"  # noqa: S608 - put in are columns that this module writes; what others wrote is bound
    f" ON CONFLICT (target, event_id, name) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in STEP[3:])}"
)


class Begin(NamedTuple):
    """A create is about to leave."""

    step: SinkStep
    record: SinkRecord
    seen: SinkRecord | None
    abandoned: datetime | None


class Finish(NamedTuple):
    """A step has an outcome."""

    step: SinkStep
    record: SinkRecord | None
    signals: Sequence[RecordOut]


class Release(NamedTuple):
    """Nobody makes the record any more."""

    step: SinkStep
    record: SinkRecord


Write = Begin | Finish | Release


class SinkWriting:
    """Writes groups of them."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    async def write(self, writes: Sequence[Write]) -> Sequence[bool | PortError]:
        """What came of each, in one commit: False for a create that another event makes, Fenced where somebody else holds the event."""
        async with self._engines.write() as conn:
            others = await self._deliveries_of_others(conn, [write.step for write in writes])
            outcomes: dict[int, bool | PortError] = {}
            # Records by their keys, so that none of two groups waits for the other.
            for at in sorted(range(len(writes)), key=lambda at: _key_of(writes[at])):
                if _delivery_of(writes[at].step) in others:
                    outcomes[at] = Fenced("another process holds this event now")
                else:
                    outcomes[at] = await _write_record(conn, writes[at])
            kept = [write for at, write in enumerate(writes) if outcomes[at] is True]
            if kept:
                await keep_steps(conn, [write.step for write in kept])
            if signals := [signal for write in kept if isinstance(write, Finish) for signal in write.signals]:
                await self._engines.dialect.insert(conn, t.spool, ("topic", "key", "body"), signals)
        return [outcomes[at] for at in range(len(writes))]

    async def _deliveries_of_others(self, conn: AsyncConnection, steps: Sequence[SinkStep]) -> set[str]:
        """The deliveries that somebody else has claimed since; the others are held for this transaction."""
        claims = {_delivery_of(step): micros(step.held_until) for step in steps if step.held_until is not None}
        if not claims:
            return set()
        dialect = self._engines.dialect
        lock = "FOR SHARE" if dialect.lock else ""
        statement = f"SELECT id, claimed_until FROM deliveries WHERE {dialect.among('id', 'ids')} ORDER BY id {lock}"  # noqa: S608 - put in are words of this package; what others wrote is bound
        rows = (await conn.execute(text(statement), {"ids": dialect.list_value(claims)})).all()
        return {ident for ident, until in claims.items() if (ident, until) not in {tuple(row) for row in rows}}


async def keep_record(conn: AsyncConnection, record: SinkRecord) -> None:
    """The record as it is now."""
    await conn.execute(_KEEP_RECORD, _record_values(record))


async def keep_steps(conn: AsyncConnection, steps: Sequence[SinkStep]) -> None:
    """What became of these; there is one at least."""
    await conn.execute(_KEEP_STEP, [_step_values(step) for step in steps])


def _key_of(write: Write) -> tuple[str, ...]:
    return write.record[:3] if write.record is not None else ()


async def _write_record(conn: AsyncConnection, write: Write) -> bool:
    """Whether the step may be kept."""
    match write:
        case Begin():
            # Of two events that would make one record, the first to come makes it; its row is the claim.
            seen = write.seen
            values = _record_values(write.record) | {
                "abandoned": micros(write.abandoned) if write.abandoned is not None else None,
                "seen_by": seen.made_by if seen is not None else None,
                "seen_state": seen.state if seen is not None else None,
                "seen_id": (seen.vendor_id or "") if seen is not None else None,
            }
            return (await conn.execute(_BEGIN, values)).rowcount == 1
        case Release():
            names = ("target", "kind", "key", "made_by")
            await conn.execute(_RELEASE, {name: getattr(write.record, name) for name in names})
            return True
        case Finish():
            if write.record is not None:
                await keep_record(conn, write.record)
            return True
        case _:
            assert_never(write)


def _delivery_of(step: SinkStep) -> str:
    return f"{step.event_id}.{step.target}"


def _record_values(record: SinkRecord) -> dict[str, Any]:
    sent_at, seen_at = (micros(at) if at is not None else None for at in (record.sent_at, record.seen_at))
    return record._asdict() | {"sent_at": sent_at, "seen_at": seen_at}


def _step_values(step: SinkStep) -> dict[str, Any]:
    return dict(zip(STEP, step[: len(STEP)], strict=True)) | {"at": micros(step.at)}
