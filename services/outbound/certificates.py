"""Certificates that are renewed under a running process: their files are read again, once they changed, before the next connection."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

log = logging.getLogger("stafett.certificates")
_Seen = tuple[tuple[int, int, int] | None, ...]


class RenewedContext(ssl.SSLContext):
    """Stands for the context that `build` makes of `files`, and makes it again where one of them has changed. Files that cannot be used, as
    amid a change of certificate and key, leave the context as it was, and are tried at the next connection."""

    _build: Callable[[], ssl.SSLContext]
    _files: Sequence[Path]
    _context: ssl.SSLContext
    _read: _Seen

    @classmethod
    def of(cls, build: Callable[[], ssl.SSLContext], files: Sequence[Path]) -> RenewedContext:
        """Raises OSError and ssl.SSLError for files that cannot be used."""
        made = cls(ssl.PROTOCOL_TLS_CLIENT)
        made._build, made._files, made._read = build, files, _stamps(files)
        made._context = build()
        # Whoever opens a connection asks the context itself whether names are checked.
        made.check_hostname = made._context.check_hostname
        made.verify_mode = made._context.verify_mode
        return made

    def wrap_bio(self, *arguments: Any, **named: Any) -> ssl.SSLObject:
        """What each TLS connection of an event loop begins with."""
        self._renew()
        return self._context.wrap_bio(*arguments, **named)

    def _renew(self) -> None:
        now = _stamps(self._files)
        if now == self._read:
            return
        try:
            self._context = self._build()
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            log.warning(
                "files of a certificate cannot be used; the ones of before still are",
                extra={"error": type(error).__name__},
            )
            return
        self._read = now
        log.info("files of a certificate have changed and were read again")


def _stamps(files: Sequence[Path]) -> _Seen:
    """What tells a file from the one before it; None for one that is not there."""
    found: list[tuple[int, int, int] | None] = []
    for file in files:
        try:
            there = file.stat()
        except OSError:
            found.append(None)
            continue
        found.append((there.st_mtime_ns, there.st_ino, there.st_size))
    return tuple(found)
