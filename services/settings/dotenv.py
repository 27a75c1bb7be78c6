"""The `.env` of a configuration folder, and secrets as they are now: who changes one need not start anything again."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

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


def with_fresh_secrets(settings: Settings) -> tuple[Settings, tuple[Path, ...]]:
    """The settings with the secrets of now, and the files that these come from: those of `..._FILE`, and the folder's `.env`
    where the environment does not say otherwise. Raises OSError or UnicodeDecodeError for a file that cannot be read."""
    dotenv = settings.config_folder / ".env"
    values, paths = dict(settings.secrets), [dotenv]
    for name, path in (*_files_of(settings.sources), *_files_in(dotenv)):
        paths.append(path)
        values[name] = _read(path)
    values |= {name: SecretStr(value) for name, value in _secrets_in(dotenv) if not name.endswith(FILE) and value}
    return settings.model_copy(update={"secrets": values}), tuple(paths)


def _files_of(sources: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    for name, source in sources.items():
        if name.startswith(PREFIX + SECRETS) and source.startswith(_FROM_FILE):
            yield name.removeprefix(PREFIX + SECRETS), Path(source.removeprefix(_FROM_FILE))


def _files_in(dotenv: Path) -> Iterator[tuple[str, Path]]:
    for name, value in _secrets_in(dotenv):
        if name.endswith(FILE) and value:
            yield name.removesuffix(FILE), dotenv.parent / value


def _secrets_in(dotenv: Path) -> Iterator[tuple[str, str]]:
    """(name after STAFETT_SECRET_, value) of each that the environment does not give."""
    if not dotenv.is_file():
        return
    for name, value in pairs_of(dotenv.read_text("utf-8")):
        if name.startswith(PREFIX + SECRETS) and not is_given(name, os.environ):
            yield name.removeprefix(PREFIX + SECRETS), value


def _read(path: Path) -> SecretStr:
    return SecretStr(path.read_text("utf-8").removesuffix("\n").removesuffix("\r"))
