"""`stafett parse KIND < body`: what would be read off a body. No server, no store."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schemas.signals import Parsed

HELP = "Print what would be read off a webhook body on standard input."
EPILOG = """\
examples:
  stafett parse form --content-type application/x-www-form-urlencoded < body
  stafett parse cloudevents --content-type application/cloudevents+json --header 'ce-id: 1' < event.json

One JSON line for each signal; what cannot be understood is {"quarantined": reason, "where": path} in its place.
A form, message, call or booking that names nobody is said so on standard error: a source would set it aside.
exit status: 0 all understood, 3 something quarantined or a request that names nobody, 2 unknown kind
"""


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = subparsers.add_parser(
        "parse", help=HELP, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kind", metavar="KIND")
    parser.add_argument("--content-type", default="")
    parser.add_argument("--header", action="append", default=[], metavar="'K: V'")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Prints the signals."""
    from schemas.signals import Parsed
    from services.ingest.parsers.registry import PARSERS, parse

    if args.kind not in PARSERS:
        print(f"there is no kind {args.kind}; there are {', '.join(sorted(PARSERS))}", file=sys.stderr)
        return 2
    pairs = (header.partition(":") for header in args.header)
    headers = {name.strip().casefold(): value.strip() for name, _, value in pairs}
    found = parse(args.kind, sys.stdin.buffer.read(), args.content_type, headers)
    whole = True
    for number, item in enumerate(found, 1):
        print(json.dumps(item.plain(), ensure_ascii=False))
        why = _why_nobody(item) if isinstance(item, Parsed) else None
        if why is not None:
            print(f"signal {number} {why}", file=sys.stderr)
        whole = whole and isinstance(item, Parsed) and why is None
    return 0 if whole else 3


def _why_nobody(item: Parsed) -> str | None:
    """As far as can be told without a source, whose region a number may need."""
    from services.ingest.normalising.requests import why_nobody
    from services.ingest.parsers.finishing.finishing import may_reach_somebody

    return None if may_reach_somebody(item) else why_nobody(item, (), None)
