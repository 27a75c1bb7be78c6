"""The API keys of the file and of the store, as they are now: one that is taken out or revoked opens nothing a moment later, without
a restart."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping

from schemas.api_keys import KeyEntry, KeysFile
from schemas.yamlfile import FileError, load
from services.bootstrap.parts import read_file
from services.ports.errors import StoreUnavailable
from services.ports.keys import KeyStore
from services.settings import Settings

log = logging.getLogger("stafett.http")
LOOK = 1.0
"""Seconds between two looks at file and store."""
PATIENCE = 2.0
"""Seconds that somebody with a key waits for a store that does not answer."""
AFTER_FAILURE = 5.0
"""Seconds until a store that did not answer is asked again."""


def keys_of(settings: Settings) -> dict[str, KeyEntry]:
    """The API keys of the file, by name, none where there is no file; who wrote one in plain is told how not to. Raises FileError."""
    path = settings.path(settings.files.api_keys)
    if not path.exists():
        return {}
    file = load(read_file(settings, "api_keys"), KeysFile, str(path))
    for entry in file.keys:
        if entry.key is not None:
            log.warning(
                "an API key is written in plain: put its `sha256` there instead, which `stafett apikey --hash` prints",
                extra={"kind": entry.name},
            )
    return {entry.name: entry for entry in file.keys}


async def every_key(settings: Settings, store: KeyStore) -> dict[str, KeyEntry]:
    """Those of the file, and those of the store that were not revoked; of two of one name the file's. Raises FileError, StoreUnavailable."""
    return await _stored_keys(store) | keys_of(settings)


class Keyring:
    """File and store are looked at again when somebody asks, once a second at most. While one of them cannot be read its keys of before
    go on; of a file the log says so and `state` too. `ticks` are seconds of a monotonic clock."""

    def __init__(self, settings: Settings, store: KeyStore, ticks: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._store, self._ticks = settings, store, ticks
        self._path = settings.path(settings.files.api_keys)
        self._seen = self._mark()
        self._of_file = keys_of(settings)
        self._of_store: dict[str, KeyEntry] = {}
        self._file_at = ticks() + LOOK
        self._store_at = ticks()
        self._turn = asyncio.Lock()
        self._fault = "ok"

    async def __call__(self) -> Mapping[str, KeyEntry]:
        """Every key that opens something or has expired, by name."""
        if self._ticks() >= self._store_at:
            async with self._turn:
                if self._ticks() >= self._store_at:
                    await self._ask()
        return {**self._of_store, **self.of_file()}

    def of_file(self) -> Mapping[str, KeyEntry]:
        """Those that stand in the file."""
        if self._ticks() >= self._file_at:
            self._file_at = self._ticks() + LOOK
            self._look()
        return self._of_file

    def look_at_once(self) -> None:
        """The next who asks waits for what the store says then."""
        self._store_at = self._ticks()

    def state(self) -> str:
        """`ok`, or what is wrong with the file."""
        return self._fault

    async def _ask(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                self._of_store = await _stored_keys(self._store)
            self._store_at = self._ticks() + LOOK
        except (StoreUnavailable, TimeoutError) as error:
            self._store_at = self._ticks() + AFTER_FAILURE
            log.warning("keys of before go on", extra={"error": type(error).__name__})

    def _look(self) -> None:
        mark = self._mark()
        if mark == self._seen:
            return
        self._seen = mark
        try:
            self._of_file, self._fault = keys_of(self._settings), "ok"
        except FileError as error:
            self._fault = "FileError"
            log.error("the API keys' file cannot be read, so its keys of before go on", extra={"problems": str(error)})
        else:
            log.info("API keys read again", extra={"count": len(self._of_file)})

    def _mark(self) -> tuple[int, int, int] | None:
        """Changes with the file; None where it is not there."""
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


async def _stored_keys(store: KeyStore) -> dict[str, KeyEntry]:
    return {one.entry.name: one.entry for one in await store.keys() if one.revoked_at is None}
