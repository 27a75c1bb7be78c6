"""What has nothing to do writes nothing: a process that is alone on its file wakes nobody, itself included."""

import contextlib
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from services.adapters.log import members
from services.adapters.log.local import LocalLog
from services.adapters.sql.store import SqlStore
from services.persons.erasing import Eraser
from services.ports.rows import Position, RecordOut
from tests.parts.sqlite import migrated_file

NOW = datetime(2026, 6, 8, 7, tzinfo=UTC)


@contextlib.asynccontextmanager
async def local_log(tmp_path, *, exclusive):
    store = SqlStore(await migrated_file(tmp_path / "s.db"), exclusive=exclusive)
    await store.start()
    log = LocalLog(store, 4)
    await log.start()
    yield store, log
    await log.close()
    await store.close()


async def known_members(store):
    async with store.engines.glance() as conn:
        return (await conn.execute(text("SELECT count(*) FROM log_members"))).scalar_one()


@pytest.mark.parametrize("exclusive", [True, False])
async def test_readers_share_the_partitions_and_are_rows_only_where_others_may_read(tmp_path, exclusive):
    async with local_log(tmp_path, exclusive=exclusive) as (store, log):
        one, two = log.consumer("t", "g"), log.consumer("t", "g")
        for _ in range(2):
            for reader in (one, two):
                await reader.poll(10, 0)
                reader._beat_at = 0.0
        assert one.assignment() | two.assignment() == {0, 1, 2, 3}
        assert not one.assignment() & two.assignment()
        assert await known_members(store) == (0 if exclusive else 2)
        await two.stop()
        await one.poll(10, 0)
        assert one.assignment() == {0, 1, 2, 3}


async def test_a_reader_that_says_nothing_for_long_is_left_out(tmp_path, monkeypatch):
    async with local_log(tmp_path, exclusive=True) as (_, log):
        one, two = log.consumer("t", "g"), log.consumer("t", "g")
        await two.poll(10, 0)
        await one.poll(10, 0)
        assert one.assignment() != {0, 1, 2, 3}
        monkeypatch.setattr(members, "TTL", -1.0)
        await log.members.show("g", "t", "another")
        monkeypatch.setattr(members, "TTL", 10.0)
        await log.members.leave("g", "t", "another")
        await one.poll(10, 0)
        assert one.assignment() == {0, 1, 2, 3}


async def test_what_a_command_appends_to_the_file_is_read(tmp_path):
    async with local_log(tmp_path, exclusive=True) as (store, log):
        reader = log.consumer("t", "g")
        await reader.poll(10, 0)
        await reader.seek(await _positions(reader))
        assert await reader.poll(10, 0) == []
        other = SqlStore(str(store.engines.reading.url), exclusive=False)
        await other.start()
        command = LocalLog(other, 4)
        await command.start()
        await command.append([RecordOut("t", b"k", b"v")])
        assert [record.value for record in await reader.poll(10, 3)] == [b"v"]
        await command.close()
        await other.close()


async def _positions(reader):
    return [Position(partition, 0) for partition in reader.partitions_to_seek()]


class NoErasures:
    async def open_erasures(self, _limit):
        return []

    async def erased_since(self, _told, _limit):
        return []

    async def compact(self):
        return True


async def test_whoever_has_nothing_to_erase_asks_for_no_lease():
    leases = []

    async def lease():
        leases.append(1)
        return True

    eraser = Eraser(
        NoErasures(), partition_key=lambda brand, digest: brand + digest, lease=lease, seal=str, now=lambda: NOW
    )
    assert await eraser._has_work()  # a kill may have left something
    await eraser.compact()
    await eraser._sweep_now_and_then()
    assert not await eraser._has_work()
    assert leases == []
