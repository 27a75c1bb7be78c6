"""`stafett settings`: every setting with its value, where it came from and what it means; secrets hidden."""

from __future__ import annotations

import argparse

from services.cli.support.environment import add_config, settings_of


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = subparsers.add_parser("settings", description="Every setting; secrets are hidden.")
    add_config(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """One setting a line: NAME=value, then its source and meaning."""
    from services.settings import describe

    for name, value, source, meaning in describe(settings_of(args)):
        print(f"{name}={value}\n    {meaning} ({source})")
    return 0
