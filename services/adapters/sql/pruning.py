"""What the store need not keep for ever, removed in small transactions. History and events are the record: they stay."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text

from services.adapters.sql import withdrawals
from services.adapters.sql.engine import Engines
from services.ports.instants import micros

BATCH = 2000
"""Rows in one transaction, so that no router waits long for a lock or for the file."""


class Rule(NamedTuple):
    """Rows of `table` are removed by their `key` where `where` holds; `:before` is the rule's instant. `linked`: by the same key
    the link of an identity goes with each, in the same transaction."""

    table: str
    key: str
    where: str
    linked: bool = False


_READ = """appended_at < :before AND EXISTS (SELECT 1 FROM positions p
    WHERE p.topic = log_records.topic AND p.partition = log_records.partition)
    AND NOT EXISTS (SELECT 1 FROM positions p WHERE p.topic = log_records.topic
    AND p.partition = log_records.partition AND p.next_offset <= log_records.record_offset)"""
_UNUSED = """NOT EXISTS (SELECT 1 FROM quarantine q
    WHERE q.source = quarantine_bodies.source AND q.digest = quarantine_bodies.digest)"""
_OVER = """at < :before AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.id = sink_steps.event_id || '.' || sink_steps.target
    AND (d.state = 'pending' OR d.finished_at >= :before))"""
"""Steps of an event that waits are what it goes on from."""
RULES: dict[str, tuple[Rule, ...]] = {
    "inbox": (Rule("inbox", "signal_id, attempt", "entered_at < :before"),),
    "log": (Rule("log_records", "topic, partition, record_offset", _READ),),
    "quarantine": (
        Rule("quarantine", "id", "received_at < :before"),
        Rule("quarantine_bodies", "source, digest", _UNUSED),
    ),
    "withdrawals": (Rule("withdrawals", "brand, kind, digest", "recorded_at < :before", linked=True),),
    "commands": (Rule("command_keys", "signal_id", "entered_at < :before"),),
    "dead_letters": (Rule("dead_letters", "number", "recorded_at < :before AND state IN ('redriven', 'dropped')"),),
    "deliveries": (
        Rule(
            "delivery_attempts",
            "id",
            "delivery_id IN (SELECT d.id FROM deliveries d WHERE d.state <> 'pending' AND d.finished_at < :before)",
        ),
        Rule("sink_steps", "target, event_id, name", _OVER),
        Rule("deliveries", "id", "state <> 'pending' AND finished_at < :before"),
    ),
    "incidents": (
        Rule("alert_notifications", "id", "coalesce(finished_at, created_at) < :before"),
        Rule("incidents", "id", "resolved_at < :before"),
    ),
    "audit": (
        Rule("audit", "number", "last_at < :before"),
        Rule("api_keys", "name", "revoked_at < :before OR expires_at < :before"),
    ),
    "sessions": (
        Rule("sessions", "digest", "expires_at < :before"),
        Rule("one_time_links", "digest", "expires_at < :before"),
    ),
}
"""By the name of what is kept. Records of the embedded log go once every group has read them."""


async def prune(engines: Engines, before: Mapping[str, datetime]) -> dict[str, int]:
    """Removes what is older than `before` says; returns how many rows of each table went. Raises StoreUnavailable.

    May be stopped or killed at any place: what is left goes next time. Several at once only share the work.
    """
    gone: dict[str, int] = {}
    for name, instant in before.items():
        for rule in RULES[name]:
            while (count := await _batch(engines, rule, instant)) > 0:
                gone[rule.table] = gone.get(rule.table, 0) + count
    return gone


async def _batch(engines: Engines, rule: Rule, before: datetime) -> int:
    statement = f"""DELETE FROM {rule.table} WHERE ({rule.key}) IN
        (SELECT {rule.key} FROM {rule.table} WHERE {rule.where} LIMIT {BATCH})"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
    async with engines.write(patient=True) as conn:
        asked = {"before": micros(before)} if ":before" in rule.where else {}
        if not rule.linked:
            return (await conn.execute(text(statement), asked)).rowcount
        gone = (await conn.execute(text(f"{statement} RETURNING {rule.key}"), asked)).all()
        await withdrawals.unlink(conn, engines.dialect, [tuple(row) for row in gone])
        return len(gone)
