"""The `.env` of a configuration folder, and secrets as they are now: who changes one need not start anything again."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from pydantic import SecretStr

from services.settings.reading import FILE, PREFIX, SECRETS, is_given
from services.settings.tree import Settings

_FROM_FILE = "file "
Mark = tuple[int, int, int] | None
"""Changes with a file; None where it is not there."""


def pairs_of(text: str) -> list[tuple[str, str]]:
    """(name, value) of each line of a `.env`."""
    lines = (line.strip() for line in text.splitlines())
    pairs = (line.partition("=")[::2] for line in lines if line and not line.startswith("#"))
    return [(name.strip(), value.strip()) for name, value in pairs]


def mark_of(path: Path) -> Mark:
    """Changes with the file; None where it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


class FreshRead(NamedTuple):
    """Settings with the secrets of now, the files that these come from, and which of them the folder's `.env` gives."""

    settings: Settings
    paths: tuple[Path, ...]
    names: frozenset[str]


def with_fresh_secrets(settings: Settings, names_before: Collection[str] = ()) -> FreshRead:
    """The secrets of now: those of `..._FILE`, and the folder's `.env` where the environment does not say otherwise. One that `.env` gave
    before (`names_before`) and gives no more is not there, whatever it was at the start; nor is one whose file cannot be read.

    Raises OSError or UnicodeDecodeError for an `.env` that cannot be read."""
    dotenv = settings.config_folder / ".env"
    texts = [(name, value) for name, value in _secrets_in(dotenv) if value]
    names = frozenset(name.removesuffix(FILE) for name, _ in texts)
    values = {name: value for name, value in settings.secrets.items() if name in names or name not in names_before}
    files = [
        *_files_of(settings.sources),
        *((name.removesuffix(FILE), dotenv.parent / value) for name, value in texts if name.endswith(FILE)),
    ]
    for name, path in files:
        values.pop(name, None)
        if (secret := _read(path)) is not None:
            values[name] = secret
    values |= {name: SecretStr(value) for name, value in texts if not name.endswith(FILE)}
    return FreshRead(settings.model_copy(update={"secrets": values}), (dotenv, *(path for _, path in files)), names)


def _files_of(sources: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    for name, source in sources.items():
        if name.startswith(PREFIX + SECRETS) and source.startswith(_FROM_FILE):
            yield name.removeprefix(PREFIX + SECRETS), Path(source.removeprefix(_FROM_FILE))


def _secrets_in(dotenv: Path) -> Iterator[tuple[str, str]]:
    """(name after STAFETT_SECRET_, value) of each that the environment does not give."""
    if not dotenv.is_file():
        return
    for name, value in pairs_of(dotenv.read_text("utf-8")):
        if name.startswith(PREFIX + SECRETS) and not is_given(name, os.environ):
            yield name.removeprefix(PREFIX + SECRETS), value


def _read(path: Path) -> SecretStr | None:
    """None for a file that cannot be read: whoever needs its secret says which one is missing."""
    try:
        return SecretStr(path.read_text("utf-8").removesuffix("\n").removesuffix("\r"))
    except (OSError, UnicodeDecodeError):
        return None
