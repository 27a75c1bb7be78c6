"""`stafett link`: a link that signs somebody in to the page, once, in a browser on this machine."""

from __future__ import annotations

import argparse
import asyncio
import sys

from services.cli.support.environment import add_config, settings_of

EPILOG = """\
It works once, for STAFETT_SESSION_LINK, while the page is on a loopback address and has no public URL; elsewhere people sign in
with their provider (docs/signing-in.md). examples:
  stafett link                        as the first manager of the roster
  stafett link --as elin              to see what Elin sees
"""


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = subparsers.add_parser("link", epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_config(parser)
    parser.add_argument("--as", dest="person", metavar="PERSON", help="who, of the roster (default: the first manager)")
    parser.add_argument("--port", type=int, help="where the page is, if not at STAFETT_HTTP_PORT")
    parser.set_defaults(func=_run)


def _run(args: argparse.Namespace) -> int:
    return asyncio.run(_print_link(args))


async def _print_link(args: argparse.Namespace) -> int:
    from services.bootstrap.page import new_link, way_of
    from services.bootstrap.parts import parts_of

    settings = settings_of(args)
    port = args.port or settings.http.port
    if way_of(settings) != "link":
        print(
            "a link is for a page on a loopback address without a public URL; here people sign in otherwise",
            file=sys.stderr,
        )
        return 2
    if not port:
        print(
            "STAFETT_HTTP_PORT is 0, so the port was chosen at the start: say --port, as `stafett up` printed it",
            file=sys.stderr,
        )
        return 2
    async with parts_of(settings, exclusive=False) as parts:
        _, path = await new_link(parts, args.person)
    host = f"[{settings.http.host}]" if ":" in settings.http.host else settings.http.host
    print(f"http://{host}:{port}{path}")
    return 0
