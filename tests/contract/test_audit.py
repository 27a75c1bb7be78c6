"""The port `Audit`, on both engines."""

import asyncio
from datetime import UTC, datetime, timedelta

from services.adapters.sql.audit import SqlAudit
from services.adapters.sql.pruning import prune
from services.ports.audit import AuditFilter, Use

NOW = datetime(2026, 11, 30, 15, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ALL = AuditFilter()
LOOK = Use("page", "elin", "elin", "GET /leads/{lead}", "lead_a", 200)
ASK = Use("api", "crm", None, "listLeads", "", 200)


async def test_uses_that_are_alike_within_an_hour_are_one_row(store):
    audit = SqlAudit(store.engines)
    await audit.add({LOOK: 1, ASK: 2}, NOW)
    await audit.add({LOOK: 3}, NOW + 5 * MINUTE)
    await audit.add({LOOK: 1, LOOK._replace(status=403): 1}, NOW + 60 * MINUTE)
    await audit.add({}, NOW)
    rows = await audit.rows(ALL, 0, 100)
    assert sorted((row.use.action, row.use.status, row.first_at, row.last_at, row.times) for row in rows) == [
        ("GET /leads/{lead}", 200, NOW, NOW + 5 * MINUTE, 4),
        ("GET /leads/{lead}", 200, NOW + 60 * MINUTE, NOW + 60 * MINUTE, 1),
        ("GET /leads/{lead}", 403, NOW + 60 * MINUTE, NOW + 60 * MINUTE, 1),
        ("listLeads", 200, NOW, NOW, 2),
    ]


async def test_rows_are_paged_by_number_and_asked_for_by_actor_subject_and_instant(store):
    audit = SqlAudit(store.engines)
    for number in range(5):
        await audit.add({LOOK._replace(subject=f"lead_{number}"): 1, ASK: 1}, NOW + number * MINUTE)
    first = await audit.rows(ALL, 0, 4)
    rest = await audit.rows(ALL, first[-1].number, 4)
    numbers = [row.number for row in (*first, *rest)]
    assert len(numbers) == 6 and numbers == sorted(set(numbers))
    assert {row.use for row in await audit.rows(AuditFilter(actor="crm"), 0, 9)} == {ASK}
    assert [row.use.subject for row in await audit.rows(AuditFilter(subject="lead_3"), 0, 9)] == ["lead_3"]
    since = await audit.rows(AuditFilter(actor="elin", since=NOW + 3 * MINUTE), 0, 9)
    assert sorted(row.use.subject for row in since) == ["lead_3", "lead_4"]


async def test_two_processes_add_to_one_row(store):
    audit = SqlAudit(store.engines)
    uses = [{LOOK: 1, ASK: 1}, {ASK: 1, LOOK: 1}]
    await asyncio.gather(*(audit.add(uses[number % 2], NOW) for number in range(20)))
    assert {row.times for row in await audit.rows(ALL, 0, 9)} == {20}


async def test_what_is_old_goes(store):
    audit = SqlAudit(store.engines)
    await audit.add({LOOK: 1}, NOW - 60 * MINUTE)
    await audit.add({ASK: 1}, NOW)
    assert await prune(store.engines, {"audit": NOW - MINUTE}) == {"audit": 1}
    assert [row.use for row in await audit.rows(ALL, 0, 9)] == [ASK]
