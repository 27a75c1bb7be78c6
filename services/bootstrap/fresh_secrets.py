"""A file of the folder and the secrets that it names, as they are now: who changes one need not start anything again."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from services.settings import Mark, Settings, mark_of, with_fresh_secrets


class FreshSecrets:
    """Knows whether the file, or one that secrets come from, has changed since they were read."""

    def __init__(self, settings: Settings, file: Path) -> None:
        self._settings, self._file = settings, file
        self._marks: dict[Path, Mark] = {}
        self._names = frozenset[str]()

    def has_changed(self) -> bool:
        """Whether anything is other than when `read` was called last."""
        return any(mark_of(path) != mark for path, mark in self._marks.items())

    def read(self) -> Settings:
        """The settings with the secrets of now; what `.env` gave before and gives no more is not there. Raises OSError or
        UnicodeDecodeError for an `.env` that cannot be read.

        Marks are taken first: what changes while it is read is read again."""
        self._marks |= {path: mark_of(path) for path in self._paths(self._marks)}
        fresh = with_fresh_secrets(self._settings, self._names)
        self._names |= fresh.names
        self._marks = {path: self._marks.get(path) or mark_of(path) for path in self._paths(fresh.paths)}
        return fresh.settings

    def _paths(self, others: Iterable[Path]) -> list[Path]:
        return [self._file, *others]
