"""Sources with the secrets that prove their senders, as they are now: one is replaced under a running process, and nobody is refused."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping

from schemas.yamlfile import FileError
from services.bootstrap.fresh_secrets import FreshSecrets
from services.ingest.configured.source import Configured
from services.settings import Settings, SettingsError

log = logging.getLogger("stafett.http")
LOOK = 1.0
"""Seconds between two looks at the files."""
Read = Callable[[Settings], dict[str, Configured]]
"""Reads sources.yaml. Raises FileError, SettingsError."""


class SenderRing(Mapping[str, Configured]):
    """Configured sources by name. The files are looked at again when somebody asks for one, once a second at most, and what proves
    a sender (`secrets`, `public_keys`, `handshake`) is taken over; whatever else has changed waits for the next start. While
    something cannot be read what was there before goes on, the log says so and `state` too. `ticks` are seconds of a monotonic clock.

    Raises FileError, SettingsError when it is made: a start says what is wrong.
    """

    def __init__(self, settings: Settings, read: Read, ticks: Callable[[], float] = time.monotonic) -> None:
        self._read, self._ticks = read, ticks
        self._files = FreshSecrets(settings, settings.path(settings.files.sources))
        self._sources = read(self._files.read())
        self._look_at = ticks() + LOOK
        self._fault, self._problems = "ok", ""

    def __getitem__(self, name: str) -> Configured:
        if self._ticks() >= self._look_at:
            self._look_at = self._ticks() + LOOK
            self._look()
        return self._sources[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._sources)

    def __len__(self) -> int:
        return len(self._sources)

    def state(self) -> str:
        """`ok`, or what is wrong with the file or a secret."""
        return self._fault

    def _look(self) -> None:
        """After a fault the files are read at each look: what was wrong may be mended in a file that is not among them."""
        if self._fault == "ok" and not self._files.has_changed():
            return
        try:
            fresh = self._read(self._files.read())
        except (FileError, SettingsError, OSError, UnicodeDecodeError) as error:
            self._note_fault(error)
            return
        self._fault, self._problems = "ok", ""
        renewed = {name: with_proof_of(old, fresh.get(name, old)) for name, old in self._sources.items()}
        if waiting := sorted(name for name in fresh.keys() | renewed.keys() if fresh.get(name) != renewed.get(name)):
            log.warning("a source has changed otherwise than in its secrets: begin again", extra={"source": waiting[0]})
        self._sources = renewed
        log.info("secrets of sources read again", extra={"count": len(renewed)})

    def _note_fault(self, error: Exception) -> None:
        self._fault = type(error).__name__
        problems = str(error) if isinstance(error, FileError | SettingsError) else self._fault
        if problems != self._problems:
            log.error("sources or a secret cannot be read, so those of before go on", extra={"problems": problems})
        self._problems = problems


def with_proof_of(old: Configured, fresh: Configured) -> Configured:
    """The source as it was, with what proves its sender now. A secret that came together with another way to prove waits with it for the
    next start: under the old way nobody would be believed."""
    proof = {"secrets": fresh.source.verify.secrets, "public_keys": fresh.source.verify.public_keys}
    verify = old.source.verify.model_copy(update=proof)
    if verify != fresh.source.verify:
        return old
    source = old.source.model_copy(update={"verify": verify, "handshake": fresh.source.handshake})
    return Configured(source, fresh.secrets, fresh.words)
