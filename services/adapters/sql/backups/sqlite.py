"""The copy of a SQLite file, made while Stafett runs on it; and a file made of such a copy."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from pathlib import Path

from services.adapters.sql.backups.manifest import POSITIONS, REVISION, Contents, Manifest, count_rows, differences
from services.ports.errors import BackupUnusable
from services.ports.rows import Placed

FILE = "store.sqlite"
_PAGES = 2000
"""Pages of one step, 8 MiB: between two of them writers go on."""


def save_sqlite(source: Path, folder: Path) -> Contents:
    """Copies the store by SQLite's own online backup, checks the copy, and says what is in it. Raises BackupUnusable."""
    if not source.is_file():
        raise BackupUnusable(f"{source}: there is no such file, so there is nothing to save")
    target = folder / FILE
    with contextlib.closing(_open_to_read(source)) as store, contextlib.closing(sqlite3.connect(target)) as copy:
        store.backup(copy, pages=_PAGES, sleep=0.01)
        # One file and nothing beside it, whoever opens it.
        copy.execute("PRAGMA journal_mode=DELETE")
    _force_to_disk(target)
    return contents_of(target)


def contents_of(file: Path) -> Contents:
    """What a file holds. Raises BackupUnusable where SQLite says that it is damaged, or where it is no store of ours."""
    with contextlib.closing(_open_to_read(file)) as database:
        try:
            answer = database.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if answer != "ok":
                raise BackupUnusable(f"{file}: is damaged: {answer}")
            named = database.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY 1"
            )
            tables = [str(name) for (name,) in named]
            rows = {name: int(database.execute(count_rows(name)).fetchone()[0]) for name in tables}
            (revision,) = database.execute(REVISION).fetchone()
            placed = database.execute(POSITIONS)
            return Contents(str(revision), rows, tuple(Placed(*row) for row in placed))
        except (sqlite3.Error, TypeError) as error:
            raise BackupUnusable(f"{file}: is no store of Stafett: {error}") from None


def unpack_sqlite(folder: Path, manifest: Manifest, beside: Path) -> Path:
    """The copy as a file beside the one that it will become, compared row by row count with the manifest. Raises BackupUnusable."""
    made = beside.with_name(f"{beside.name}.restoring")
    for stale in (made, *(Path(f"{made}{end}") for end in ("-wal", "-shm", ".lock"))):
        stale.unlink(missing_ok=True)
    shutil.copyfile(folder / FILE, made)
    _force_to_disk(made)
    if lines := differences(manifest.contents, contents_of(made)):
        raise BackupUnusable("; ".join(lines))
    return made


def put_in_place(made: Path, target: Path) -> None:
    """From one instant to the next: a crash leaves either no store or the whole one."""
    for end in ("-wal", "-shm", ".lock"):
        Path(f"{made}{end}").unlink(missing_ok=True)
    _force_to_disk(made)
    made.rename(target)
    _force_to_disk(target.parent)


def _open_to_read(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=60)


def _force_to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
