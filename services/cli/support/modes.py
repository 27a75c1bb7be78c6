"""Who may read what the service writes: its own user, for it is full of personal data and secrets."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from services.settings import Settings

OTHERS = 0o077
"""Bits of a mode that let others in."""


@contextlib.contextmanager
def own_files() -> Iterator[None]:
    """Files that are made in it are for this user alone."""
    before = os.umask(OTHERS)
    try:
        yield
    finally:
        os.umask(before)


def open_private(path: Path) -> TextIO:
    """The file, empty and for this user alone before anything is in it, whoever made it. Raises OSError."""
    file = path.open("w", encoding="utf-8")
    try:
        path.chmod(0o600)
    except OSError:
        file.close()
        raise
    return file


def keep_private(settings: Settings) -> None:
    """Takes the rights of others off files that were made before, and says so: the database, the API keys, the `.env`."""
    for path in private_paths(settings):
        _keep_private(path)


def private_paths(settings: Settings) -> Iterable[Path]:
    """What is for this user alone, whether it is there or not."""
    yield settings.config_folder / ".env"
    yield settings.path(settings.files.api_keys)
    if settings.database_url.startswith("sqlite"):
        database = settings.database_url.partition("///")[2].partition("?")[0]
        yield from (Path(f"{database}{end}") for end in ("", "-wal", "-shm", ".lock"))


def _keep_private(path: Path) -> None:
    try:
        mode = path.stat().st_mode & 0o777
        if not mode & OTHERS:
            return
        path.chmod(mode & ~OTHERS)
    except FileNotFoundError:
        return
    except OSError as error:
        print(f"stafett: others may read {path}, and it cannot be changed: {error.strerror}", file=sys.stderr)
        return
    print(f"stafett: others could read {path}; now only its owner can", file=sys.stderr)
