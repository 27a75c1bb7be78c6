"""The API keys of the file, as they are now: a key that is taken out opens nothing a moment later, without a restart."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping

from schemas.api_keys import KeyEntry, KeysFile
from schemas.yamlfile import FileError, load
from services.bootstrap.parts import read_file
from services.settings import Settings

log = logging.getLogger("stafett.http")
LOOK = 1.0
"""Seconds between two looks at the file."""


def keys_of(settings: Settings) -> dict[str, KeyEntry]:
    """The API keys, by name; who wrote one in plain is told how not to. Raises FileError."""
    file = load(read_file(settings, "api_keys"), KeysFile, str(settings.path(settings.files.api_keys)))
    for entry in file.keys:
        if entry.key is not None:
            log.warning(
                "an API key is written in plain: put its `sha256` there instead, which `stafett apikey --hash` prints",
                extra={"kind": entry.name},
            )
    return {entry.name: entry for entry in file.keys}


class Keyring:
    """The file is looked at again when somebody asks, once a second at most. While it cannot be read the keys of before go
    on, the log says so and `state` too. `ticks` are seconds of a monotonic clock."""

    def __init__(self, settings: Settings, ticks: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._ticks = settings, ticks
        self._path = settings.path(settings.files.api_keys)
        self._seen = self._mark()
        self._keys = keys_of(settings)
        self._look_at = ticks() + LOOK
        self._fault = "ok"

    def __call__(self) -> Mapping[str, KeyEntry]:
        if self._ticks() >= self._look_at:
            self._look_at = self._ticks() + LOOK
            self._look()
        return self._keys

    def state(self) -> str:
        """`ok`, or what is wrong with the file."""
        return self._fault

    def _look(self) -> None:
        mark = self._mark()
        if mark == self._seen:
            return
        self._seen = mark
        try:
            self._keys, self._fault = keys_of(self._settings), "ok"
        except FileError as error:
            self._fault = "FileError"
            log.error("the API keys' file cannot be read, so its keys of before go on", extra={"problems": str(error)})
        else:
            log.info("API keys read again", extra={"count": len(self._keys)})

    def _mark(self) -> tuple[int, int, int] | None:
        """Changes with the file; None where it is not there."""
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
