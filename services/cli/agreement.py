"""`stafett agreement check FILE`: is this agreement sound, and does it fit the roster?"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from services.cli.files import read_agreement, read_roster

HELP = "Check an agreement file: every problem with its line, path, rule."
EPILOG = """\
examples:
  stafett agreement check agreement.yaml
  stafett agreement check agreement.yaml --roster roster.yaml

exit status: 0 sound, 1 problems (one a line: file:line: path: rule), 2 the file cannot be read
"""


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = subparsers.add_parser("agreement", help=HELP)
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    check = actions.add_parser("check", help=HELP, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    check.add_argument("file", type=Path)
    check.add_argument("--roster", type=Path, help="also check that the pools and people named exist")
    check.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Prints the problems, or what was found sound."""
    from routing.agreement import check_against
    from schemas.yamlfile import FileError

    try:
        agreement, text = read_agreement(args.file)
        problems = check_against(agreement, read_roster(args.roster), text, str(args.file)) if args.roster else []
    except FileError as error:
        problems = error.problems
        print("\n".join(problems), file=sys.stderr)
        return 1
    if problems:
        print("\n".join(problems), file=sys.stderr)
        return 1
    rules = sum(len(route.rules) for route in agreement.routes.values())
    print(f"{args.file}: sound. {agreement.file.title} · {len(agreement.policies)} promises · {rules} routing rules")
    print(f"hash {agreement.hash}")
    return 0
