"""Settings for commands: the environment, and below it the `.env` of the configuration folder."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.yamlfile import FileError
from services.cli.support.files import read_text

if TYPE_CHECKING:
    from services.settings import Settings


DATABASE = "STAFETT_DATABASE_URL"
SQLITE = "sqlite:///"


def add_config(parser: argparse.ArgumentParser) -> None:
    """The option that every command on a running set-up has."""
    parser.add_argument("--config", type=Path, default=Path(), help="folder that `stafett new` made (default: here)")


def settings_of(args: argparse.Namespace) -> Settings:
    """Raises SettingsError with every problem; FileError where there is no such folder or its `.env` cannot be read."""
    from services.settings import load
    from services.settings.reading import is_given

    if not args.config.is_dir():
        raise FileError([f"{args.config}: there is no such folder; `stafett new {args.config}` makes one"])
    lines = [line for line in _lines(args.config / ".env") if not is_given(line[0], os.environ)]
    given = {name: _value_in(args.config, name, value) for name, value in lines}
    given.setdefault("STAFETT_CONFIG_FOLDER", str(args.config))
    return load({**given, **os.environ})


def _value_in(folder: Path, name: str, value: str) -> str:
    """A value of the folder's `.env`: relative paths in it start at the folder, so that it can be moved and copied. Raises
    FileError where the database is not this folder's."""
    if name == DATABASE and value.startswith(SQLITE):
        path, query, options = value.removeprefix(SQLITE).partition("?")
        return f"{SQLITE}{_database(folder, Path(path))}{query}{options}" if path and path != ":memory:" else value
    if name.endswith("_FILE") and value and (folder / value).is_file():
        return str(folder / value)
    return value


def _database(folder: Path, path: Path) -> Path:
    """The file that is meant. Raises FileError where it may be another one than before: an empty one would be made without a word."""
    place = folder.resolve() / path
    home = place.parent.resolve()
    if not path.is_absolute():
        if path.is_file() and not place.is_file():
            rule = f"means {place}, and there is a file from where you are, {path.resolve()}; move it, or write its whole path"
            raise FileError([f"{folder / '.env'}: {DATABASE} {rule}"])
        return place
    if home == folder.resolve():
        return path
    if not home.is_dir():
        rule = f"means {path}, and there is no such folder; if this one was moved, write {SQLITE}{path.name}"
        raise FileError([f"{folder / '.env'}: {DATABASE} {rule}"])
    if (home / ".env").is_file():
        rule = f"means the database of another folder, {home}; if this one is a copy of it, write {SQLITE}{path.name}"
        raise FileError([f"{folder / '.env'}: {DATABASE} {rule}"])
    return path


def _lines(path: Path) -> list[tuple[str, str]]:
    from services.settings.dotenv import pairs_of

    return pairs_of(read_text(path)) if path.is_file() else []
