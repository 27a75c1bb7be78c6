"""`stafett demo`: the whole process in the terminal, on a temporary file, with targets of seconds.

Imported by: nobody.
Open first: `story.py`.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from services.cli.demo.installation import Alone
from services.cli.demo.story import Demo

HELP = "Show the whole process on a temporary file: three leads, six stages, a breach."


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = subparsers.add_parser("demo", description=HELP)
    parser.add_argument("--keep", action="store_true", help="leave the folder with its file behind")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Exit status 0 where all was shown."""
    folder = Path(tempfile.mkdtemp(prefix="stafett-demo-"))
    try:
        _show(folder / "demo")
        return 0
    finally:
        if args.keep:
            print(f"\nkept: {folder}/demo")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def _show(config: Path) -> None:
    alone = Alone(config)
    demo = Demo(alone)
    try:
        print("Starting Stafett: one process, one file that goes away afterwards ...", flush=True)
        alone.start()
        demo.show()
    finally:
        demo.close()
        alone.stop()
