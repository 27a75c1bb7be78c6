"""What the lock file beside a SQLite file says: whether the file was copied while a process ran on it.

While a process runs, the lock file holds its own inode. kill -9 leaves that there, and the next start finds the inode that it
has itself; a copy finds another's. An orderly end empties it, so a copy made then is like any other."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import IO

from services.ports.errors import StoreUnavailable


def mark_in_use(lock: IO[bytes]) -> None:
    """Until it is emptied."""
    lock.truncate(0)
    lock.write(_name(lock))
    lock.flush()


def was_copied_while_in_use(lock: IO[bytes]) -> bool:
    """Asked before `mark_in_use`."""
    lock.seek(0)
    return lock.read(64) not in (b"", _name(lock))


def refuse_torn_copy(file: Path) -> bool:
    """Whether the file was copied while in use. Raises StoreUnavailable where the copy is torn."""
    try:
        with Path(f"{file}.lock").open("rb") as lock:
            copied = was_copied_while_in_use(lock)
    except FileNotFoundError:
        return False
    if copied:
        refuse_if_torn(file)
    return copied


def refuse_if_torn(file: Path) -> None:
    """A file and its write-ahead log that were copied one after the other need not fit. Raises StoreUnavailable where SQLite
    sees that they do not."""
    answer = "no database"
    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(file)) as database:
        answer = str(database.execute("PRAGMA quick_check(1)").fetchone()[0])
    if answer != "ok":
        raise StoreUnavailable(
            f"{file} was copied while Stafett ran on it, and the copy is torn; stop Stafett and copy it again, or copy it with"
            " SQLite's own backup"
        )


def _name(lock: IO[bytes]) -> bytes:
    return f"in use {os.fstat(lock.fileno()).st_ino}".encode()
