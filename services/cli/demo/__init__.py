"""`stafett demo`: the whole process in the terminal, on a temporary file, with targets of seconds; with `--page` a month of history on
the page.

Imported by: month.
Open first: `story.py`; for the page `page.py`.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from services.cli.demo.installation import Alone
from services.cli.demo.story import Demo

DAYS = 30
HELP = "Show the whole process on a temporary file: three leads, six stages, a breach."


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = subparsers.add_parser("demo", description=HELP)
    parser.add_argument("--keep", action="store_true", help="leave the folder with its file behind")
    parser.add_argument("--page", action="store_true", help="a month of history instead, and the page that shows it")
    parser.add_argument("--days", type=int, default=DAYS, help=f"of history, with --page (default: {DAYS})")
    parser.add_argument("--port", type=int, default=0, help="of the page (default: one that is free)")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Exit status 0 where all was shown."""
    folder = Path(tempfile.mkdtemp(prefix="stafett-demo-"))
    try:
        if args.page:
            # What it takes beside the demo in the terminal is much to load.
            from services.cli.demo.page import show_page

            show_page(folder / "demo", args.days, args.port)
        else:
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
