"""SQLite where it is awaited: nobody stands still for another process, and nothing is half committed."""

import asyncio
import sqlite3
import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from services.adapters.sql import direct, quick, tables
from services.adapters.sql.store import SqlStore
from services.ports.errors import Conflict, StoreRejected, StoreUnavailable
from services.ports.rows import RecordOut
from tests.parts.sqlite import migrated_file

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
COUNT = text("UPDATE counters SET value = value + 1 WHERE name = 'here'")
READ = text("SELECT value FROM counters WHERE name = 'here'")


@pytest.fixture
async def store(tmp_path):
    made = SqlStore(await migrated_file(tmp_path / "s.db"))
    await made.start()
    async with made.engines.write() as conn:
        await conn.execute(text("INSERT INTO counters (name, value) VALUES ('here', 0)"))
    yield made
    await made.close()


async def value_in(store):
    async with store.engines.glance() as conn:
        return (await conn.execute(READ)).scalar_one()


async def count_once(store):
    async with store.engines.write() as conn:
        await conn.execute(COUNT)


async def test_while_another_process_writes_the_loop_goes_on_and_the_write_comes_after_it(store):
    other = sqlite3.connect(store.engines.file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("UPDATE counters SET value = 10 WHERE name = 'here'")
    work = asyncio.create_task(count_once(store))
    for _ in range(20):
        await asyncio.sleep(0.001)  # would not end in time were somebody to wait for the lock in this thread
    assert not work.done()
    assert await value_in(store) == 0
    other.execute("COMMIT")
    await work
    assert await value_in(store) == 11
    other.close()


async def test_another_process_that_never_ends_is_an_error_of_the_store(store, monkeypatch):
    monkeypatch.setattr(direct, "PATIENCE", 0.02)
    other = sqlite3.connect(store.engines.file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable):
        await count_once(store)
    other.close()
    await count_once(store)
    assert await value_in(store) == 1


async def test_a_commit_that_is_cancelled_is_finished_before_anybody_else_writes(store):
    stop = threading.Event()
    blocker = direct._commits.submit(stop.wait, 10)
    work = asyncio.create_task(count_once(store))
    await asyncio.sleep(0.02)
    for _ in range(2):
        work.cancel()
        await asyncio.sleep(0.01)
    next_one = asyncio.create_task(count_once(store))
    await asyncio.sleep(0.01)
    assert not work.done()
    stop.set()
    blocker.result()
    with pytest.raises(asyncio.CancelledError):
        await work
    await next_one
    assert await value_in(store) == 2


async def test_a_transaction_that_fails_leaves_nothing(store):
    async def fail():
        async with store.engines.write() as conn:
            await conn.execute(COUNT)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await value_in(store) == 0


async def test_rows_outlive_their_transaction(store):
    statement = text("SELECT value FROM json_each('[1, 2, 3, 4, 5]')")
    async with store.engines.glance() as conn:
        found = await conn.execute(statement)
    await count_once(store)
    assert [found.fetchone()[0], *[row[0] for row in found.fetchmany(2)], *found.scalars()] == [1, 2, 3, 4, 5]


async def test_statements_past_sqlalchemy_wait_for_another_process_too(store):
    other = sqlite3.connect(store.engines.file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("UPDATE counters SET value = 10 WHERE name = 'here'")
    async with store.engines.glance() as conn:
        work = asyncio.create_task(quick.change(conn, COUNT.text, {}))
        for _ in range(20):
            await asyncio.sleep(0.001)
        assert not work.done()
        other.execute("COMMIT")
        assert await work == 1
    assert await value_in(store) == 11
    other.close()


async def test_what_the_driver_refuses_is_an_error_of_the_store_without_its_values(store):
    with pytest.raises(StoreRejected) as refused:
        async with store.engines.write() as conn:
            await store.engines.dialect.insert(conn, tables.counters, ("name", "value"), [("secret", 1), ("secret", 2)])
    assert "secret" not in str(refused.value.__cause__)
    with pytest.raises(StoreUnavailable):
        async with store.engines.glance() as conn:
            await store.engines.dialect.fetch(conn, "SELECT no_column FROM counters", {})
    async with store.engines.write() as conn:
        await store.engines.dialect.insert(conn, tables.counters, ("name", "value"), [("secret", 3)])


async def test_what_fails_at_a_later_row_is_an_error_of_the_store_too(store):
    second_row = "SELECT 'a' UNION ALL SELECT CAST(x'ff41' AS TEXT)"
    with pytest.raises(StoreUnavailable):
        async with store.engines.glance() as conn:
            await store.engines.dialect.fetch(conn, second_row, {})


async def test_a_batch_that_is_decided_holds_nobody_up(store):
    async with store.batch() as batch:
        assert await batch.claim_new([("a", 0)], NOW) == {("a", 0)}
        await asyncio.wait_for(count_once(store), 5)
        await batch.spool([RecordOut("t", b"k", b"v")])
    assert await value_in(store) == 1
    assert [entry.record.value for entry in await store.spool_entries(9)] == [b"v"]
    async with store.batch() as batch:
        assert await batch.claim_new([("a", 0), ("b", 0)], NOW) == {("b", 0)}


async def test_a_signal_that_another_process_claimed_meanwhile_is_decided_again(store):
    other = sqlite3.connect(store.engines.file, isolation_level=None)

    async def lose_the_race():
        async with store.batch() as batch:
            assert await batch.claim_new([("a", 0), ("b", 0)], NOW) == {("a", 0), ("b", 0)}
            other.execute("INSERT INTO inbox (signal_id, attempt, entered_at) VALUES ('b', 0, 1)")
            await batch.spool([RecordOut("t", b"k", b"v")])

    with pytest.raises(Conflict):
        await lose_the_race()
    assert await store.spool_entries(9) == []
    async with store.batch() as batch:
        assert await batch.claim_new([("a", 0), ("b", 0)], NOW) == {("a", 0)}
    other.close()


async def test_batches_of_one_process_come_one_after_the_other(store):
    went = []

    async def take(name):
        async with store.batch() as batch:
            went.append(f"{name} begins")
            await batch.claim_new([(name, 0)], NOW)
            await asyncio.sleep(0.02)
            went.append(f"{name} ends")

    await asyncio.gather(take("one"), take("two"))
    assert went == ["one begins", "one ends", "two begins", "two ends"]
