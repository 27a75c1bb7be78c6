"""`stafett agreement check FILE`: is this agreement sound, and does it fit the roster?"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from services.cli.agreements import approve, publish, show, withdraw
from services.cli.support.files import read_agreement, read_roster, read_sources, read_text

HELP = "Check an agreement file: its problems, each with line, path and rule."
EPILOG = """\
examples:
  stafett agreement check agreement.yaml
  stafett agreement check agreement.yaml --roster roster.yaml --sources sources.yaml

exit status: 0 sound, also where there is advice (`advice: file:line: path: what`), 1 problems (one a line: file:line: path: rule), 2 the file cannot be read
"""


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = subparsers.add_parser("agreement", help=HELP)
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    check = actions.add_parser("check", help=HELP, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    check.add_argument("file", type=Path)
    check.add_argument("--roster", type=Path, help="also check that the pools and people named exist")
    check.add_argument("--sources", type=Path, help="also check that the brands of the sources are the agreement's")
    check.set_defaults(func=run)
    more = {
        "schema": (_schema, "print the file's JSON Schema, for editors"),
        "new": (_new, "write a commented example"),
    }
    for name, (act, text) in more.items():
        action = actions.add_parser(name, help=text)
        action.set_defaults(func=act)
        if name == "new":
            action.add_argument("file", type=Path, nargs="?", default=Path("agreement.yaml"))
    diff = actions.add_parser("diff", help="what NEW says otherwise than OLD, path by path")
    diff.add_argument("old", type=Path)
    diff.add_argument("new", type=Path)
    diff.set_defaults(func=_diff)
    approve.add(actions)
    publish.add(actions)
    show.add(actions)
    withdraw.add(actions)


def run(args: argparse.Namespace) -> int:
    """Prints the problems, or what was found sound."""
    from routing.agreement.agreement import check_against
    from schemas.yamlfile import FileError, Unreadable, problems_of

    try:
        agreement, text = read_agreement(args.file)
        roster = read_roster(args.roster) if args.roster else None
        problems = check_against(agreement, roster, text, str(args.file)) if roster is not None else []
        if args.sources:
            sources, written = read_sources(args.sources)
            problems += problems_of(str(args.sources), written, sources.of_other_brands(agreement.file.brands))
    except FileError as error:
        print("\n".join(error.problems), file=sys.stderr)
        return 2 if isinstance(error, Unreadable) else 1
    if problems:
        print("\n".join(problems), file=sys.stderr)
        return 1
    from routing.agreement.advice import advice

    for line in problems_of(str(args.file), text, advice(agreement, roster)):
        print(f"advice: {line}", file=sys.stderr)
    rules = sum(len(route.rules) for route in agreement.routes.values())
    print(
        f"{args.file}: sound. {agreement.file.title} · {len(agreement.policies.all)} promises · {rules} routing rules"
    )
    print(f"hash {agreement.hash}")
    return 0


def _schema(_: argparse.Namespace) -> int:
    from schemas.agreement import AgreementFile

    print(json.dumps(AgreementFile.model_json_schema(by_alias=True), indent=2))
    return 0


def _new(args: argparse.Namespace) -> int:
    from services.settings.resources import examples_dir

    try:
        with args.file.open("x") as out:
            out.write((examples_dir() / "agreement.yaml").read_text("utf-8"))
    except FileExistsError:
        print(f"{args.file} is there already; name another file", file=sys.stderr)
        return 1
    print(f"{args.file}: an example, every line of which works; then: stafett agreement check {args.file}")
    return 0


def _diff(args: argparse.Namespace) -> int:
    """Exit status 0 where both say the same, else 1, as diff has it; 2 where one of them is not sound."""
    from schemas.yamlfile import FileError
    from services.rules.differences import file_differences

    try:
        for path in (args.old, args.new):
            read_agreement(path)
    except FileError as error:
        print("\n".join(error.problems), file=sys.stderr)
        return 2
    lines = file_differences(read_text(args.old), read_text(args.new))
    print("\n".join(lines) or "both say the same")
    return 1 if lines else 0
