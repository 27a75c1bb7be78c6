"""Settings for commands: the environment, and below it the `.env` of the configuration folder."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.yamlfile import FileError
from services.cli.files import read_text

if TYPE_CHECKING:
    from services.settings import Settings


def add_config(parser: argparse.ArgumentParser) -> None:
    """The option that every command on a running set-up has."""
    parser.add_argument("--config", type=Path, default=Path(), help="folder that `stafett new` made (default: here)")


def settings_of(args: argparse.Namespace) -> Settings:
    """Raises SettingsError with every problem; FileError where there is no such folder or its `.env` cannot be read."""
    from services.settings import load

    if not args.config.is_dir():
        raise FileError([f"{args.config}: there is no such folder; `stafett new {args.config}` makes one"])
    given = dict(_lines(args.config / ".env"))
    given.setdefault("STAFETT_CONFIG_FOLDER", str(args.config))
    return load({**given, **os.environ})


def _lines(path: Path) -> list[tuple[str, str]]:
    if not path.is_file():
        return []
    lines = (line.strip() for line in read_text(path).splitlines())
    pairs = (line.partition("=")[::2] for line in lines if line and not line.startswith("#"))
    return [(name.strip(), value.strip()) for name, value in pairs]
