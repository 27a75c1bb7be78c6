"""Whether anything was written to a SQLite file since somebody looked there in vain, without asking the database.

Everything that is written to the file goes through its write-ahead log, whose time of change costs microseconds to read, where the
same question as a query costs a transaction and four turns of a thread. Nobody relies on it for long: at the latest after
`LONGEST` it is looked again, so that a file system with times that cannot be trusted costs a delay and no more.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

LONGEST = 2.0
"""Seconds after which it is looked again, whatever the file says."""
SETTLED = 50_000_000
"""Nanoseconds after a change in which another one may bear the same time: the kernel's clock for files moves by milliseconds."""


class Stamp(NamedTuple):
    """When the file was changed last, in nanoseconds, how many bytes it has, and when we read that."""

    changed_at: int
    size: int
    read_at: float


class Stillness:
    """Of one SQLite file; `file` is None for another database, where nothing is ever said to be still."""

    def __init__(self, file: Path | None) -> None:
        self._log = Path(f"{file}-wal") if file is not None else None
        self._in_vain: dict[str, Stamp] = {}

    def is_still(self, place: str) -> bool:
        """Whether nothing was written since `place` was looked at in vain."""
        then = self._in_vain.get(place)
        if then is None or time.monotonic() - then.read_at > LONGEST:
            return False
        now = self.stamp()
        return now is not None and (now.changed_at, now.size) == (then.changed_at, then.size)

    def note(self, place: str, before: Stamp | None, *, found: bool) -> None:
        """What a look at `place` came to; `before` is the stamp that was read before the look."""
        if found or before is None:
            self.forget(place)
        else:
            self._in_vain[place] = before

    def forget(self, place: str) -> None:
        """Looks at `place` again whatever was seen there: another question is asked of it."""
        self._in_vain.pop(place, None)

    def stamp(self) -> Stamp | None:
        """What the file says now; None where it says nothing that can be relied on."""
        if self._log is None:
            return None
        try:
            status = self._log.stat()
        except OSError:
            return None
        age = time.time_ns() - status.st_mtime_ns
        return Stamp(status.st_mtime_ns, status.st_size, time.monotonic()) if age > SETTLED else None
