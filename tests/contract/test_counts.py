"""Counts for metrics cost little, however much there is to count."""

from datetime import UTC, datetime

from services.adapters.sql import reading
from services.adapters.sql.migrate import upgrade
from services.adapters.sql.reading import SqlReading
from services.adapters.sql.store import SqlStore
from services.ports.rows import ClockRow, Writes

NOW = datetime(2026, 6, 8, tzinfo=UTC)


async def add(store, number):
    clock = ClockRow(f"clk_{number}", "lead_x", "p", "running", 0, NOW, NOW, "key", "{}")
    async with store.batch() as batch:
        await batch.write(Writes(clocks=(clock,)))


async def test_a_quick_count_is_made_anew_and_a_slow_one_is_kept_for_a_while(tmp_path, monkeypatch):
    url = f"sqlite+aiosqlite:///{tmp_path}/s.db"
    await upgrade(url)
    store = SqlStore(url)
    await store.start()
    asked = SqlReading(store.engines)
    await add(store, 1)
    monkeypatch.setattr(reading, "QUICK", 60)
    assert (await asked.counts(NOW)).running_clocks == 1
    await add(store, 2)
    monkeypatch.setattr(reading, "QUICK", 0)
    monkeypatch.setattr(reading, "LARGE", 1_000_000)
    assert (await asked.counts(NOW)).running_clocks == 2, "the one before was quick"
    await add(store, 3)
    counts = await asked.counts(NOW)
    assert (counts.running_clocks, counts.due_clocks) == (2, 3), "kept; what is due is always of now"
    await store.close()
