"""Settings for commands: the environment, and below it the `.env` of the configuration folder."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.settings import Settings


def add_config(parser: argparse.ArgumentParser) -> None:
    """The option that every command on a running set-up has."""
    parser.add_argument("--config", type=Path, default=Path(), help="folder that `stafett new` made (default: here)")


def settings_of(args: argparse.Namespace) -> Settings:
    """Exits with status 2 and every problem, one a line."""
    from services.settings import SettingsError, load

    given = dict(_lines(args.config / ".env"))
    given.setdefault("STAFETT_CONFIG_FOLDER", str(args.config))
    try:
        return load({**given, **os.environ})
    except SettingsError as error:
        print(error, file=sys.stderr)
        sys.exit(2)


def _lines(path: Path) -> list[tuple[str, str]]:
    if not path.is_file():
        return []
    lines = (line.strip() for line in path.read_text("utf-8").splitlines())
    pairs = (line.partition("=")[::2] for line in lines if line and not line.startswith("#"))
    return [(name.strip(), value.strip()) for name, value in pairs]
