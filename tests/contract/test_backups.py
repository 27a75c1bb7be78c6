"""A backup holds one instant of a store in use, and comes back as it was or not at all: on both engines."""

import asyncio
import json
import sqlite3
import threading
from contextlib import closing

import pytest
from sqlalchemy import text

from services.adapters.sql.backups import sqlite
from services.adapters.sql.backups.manifest import NAME, read_manifest
from services.adapters.sql.backups.postgres import FILE, restore_postgres, save_postgres
from services.adapters.sql.engine import one_shot
from services.adapters.sql.migrate import upgrade
from services.adapters.sql.store import SqlStore
from services.cli.main import main
from services.ports.errors import BackupUnusable
from tests.parts.databases import fresh_database
from tests.parts.postgres import path_with_programs
from tests.parts.sqlite import migrated_file

ROWS = 500
INSERT = "INSERT INTO meta (key, value) VALUES ('{}', 'x')"


@pytest.fixture
def folder(tmp_path, capsys, monkeypatch):
    """Of `stafett new`, with a store that has rows."""
    monkeypatch.delenv("STAFETT_DATABASE_URL", raising=False)
    assert main(["new", str(tmp_path / "mine")]) == 0
    asyncio.run(migrated_file(tmp_path / "mine" / "stafett.db"))
    with closing(sqlite3.connect(tmp_path / "mine" / "stafett.db")) as store, store:
        store.executemany("INSERT INTO meta (key, value) VALUES (?, 'x')", [(f"k{n}",) for n in range(ROWS)])
    return tmp_path / "mine"


def backup(folder, name="backup"):
    assert main(["backup", str(folder.parent / name), "--config", str(folder)]) == 0
    return folder.parent / name


def restore(saved, folder):
    return main(["restore", str(saved), "--config", str(folder)])


def test_a_copy_made_while_somebody_writes_is_of_one_instant(folder):
    stop = threading.Event()

    def write():
        """Two rows a transaction, so that a copy of half a transaction has an odd number."""
        number = 0
        with closing(sqlite3.connect(folder / "stafett.db", timeout=30)) as store:
            while not stop.is_set():
                with store:
                    store.execute(INSERT.format(f"a{number}"))
                    store.execute(INSERT.format(f"b{number}"))
                number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        saved = backup(folder)
    finally:
        stop.set()
        writer.join()
    manifest = read_manifest(saved)
    assert (manifest.contents.rows["meta"] - ROWS - 1) % 2 == 0  # one says which versions the schema serves
    with closing(sqlite3.connect(saved / sqlite.FILE)) as copy:
        assert copy.execute("SELECT count(*) FROM meta").fetchone()[0] == manifest.contents.rows["meta"]


def test_what_comes_back_is_what_was_saved_and_the_epoch_rises(folder, capsys):
    saved = backup(folder)
    for file in folder.glob("stafett.db*"):
        file.unlink()
    assert restore(saved, folder) == 0
    assert "compared with what was saved" in capsys.readouterr().out
    with closing(sqlite3.connect(folder / "stafett.db")) as store:
        assert store.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone() == ("1",)
        assert store.execute("SELECT count(*) FROM meta WHERE key LIKE 'k%'").fetchone() == (ROWS,)
    assert {file.stat().st_mode & 0o77 for file in (*saved.iterdir(), folder / "stafett.db")} == {0}


def test_a_store_that_is_there_is_never_written_over(folder, capsys):
    saved, before = backup(folder), (folder / "stafett.db").read_bytes()
    assert restore(saved, folder) == 2
    assert "move the old store away" in capsys.readouterr().err
    assert (folder / "stafett.db").read_bytes() == before
    assert main(["backup", str(saved), "--config", str(folder)]) == 2
    assert "is there already" in capsys.readouterr().err


def cut(saved):
    file = saved / sqlite.FILE
    file.write_bytes(file.read_bytes()[:-4096])


def change(saved):
    data = bytearray((saved / sqlite.FILE).read_bytes())
    data[-1] ^= 1
    (saved / sqlite.FILE).write_bytes(data)


def edit(saved, **more):
    manifest = json.loads((saved / NAME).read_text())
    for name, value in more.items():
        (manifest if name in manifest else manifest["contents"])[name] = value
    (saved / NAME).write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (cut, "is missing, cut or was changed"),
        (change, "is missing, cut or was changed"),
        (lambda saved: (saved / NAME).unlink(), "is no backup"),
        (lambda saved: (saved / NAME).write_text("{"), "cannot be read"),
        (lambda saved: edit(saved, format=2), "has format 2"),
        (lambda saved: edit(saved, revision="9999"), "this one does not know"),
        (lambda saved: edit(saved, engine="postgresql"), "names the other engine"),
        (lambda saved: edit(saved, rows={"events": 3}), "events: 3 rows were saved, 0 came back"),
    ],
    ids=["cut", "changed", "no manifest", "half a manifest", "format", "newer", "other engine", "rows"],
)
def test_a_backup_that_is_not_whole_or_not_ours_leaves_no_store(folder, capsys, damage, words):
    saved = backup(folder)
    damage(saved)
    for file in folder.glob("stafett.db*"):
        file.unlink()
    assert restore(saved, folder) == 2
    assert words in capsys.readouterr().err
    assert not (folder / "stafett.db").exists()


async def test_a_postgresql_database_comes_back_in_an_empty_one_or_not_at_all(postgres, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", path_with_programs())
    async with fresh_database(postgres) as url, fresh_database(postgres) as other:
        await upgrade(url)
        engine = one_shot(url)
        async with engine.begin() as connection:
            await connection.execute(
                text("INSERT INTO meta (key, value) SELECT 'k' || n, 'x' FROM generate_series(1, 500) n")
            )
            await connection.execute(text(INSERT.format("gap")))
        await engine.dispose()
        contents = await save_postgres(url, tmp_path)
        assert contents.rows["meta"] == 502  # and which versions the schema serves, and a gap that was noted
        dump = tmp_path / FILE
        whole = dump.read_bytes()
        dump.write_bytes(whole[: len(whole) * 2 // 3])
        with pytest.raises(BackupUnusable, match=r"pg_restore failed|psql failed"):
            await restore_postgres(other, tmp_path, contents)
        assert await tables_of(other) == []
        dump.write_bytes(whole)
        await restore_postgres(other, tmp_path, contents)
        assert await tables_of(other) == sorted(contents.rows)
        restored = SqlStore(other)
        await restored.check_for_gap()
        assert await restored.epoch() == 1
        await restored.close()
        with pytest.raises(BackupUnusable, match="has tables already"):
            await restore_postgres(other, tmp_path, contents)


async def tables_of(url):
    engine = one_shot(url)
    async with engine.connect() as connection:
        names = list(
            (
                await connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"))
            ).scalars()
        )
    await engine.dispose()
    return names
