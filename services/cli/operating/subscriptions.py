"""`stafett subscriptions list|attempts|enable|disable`: who gets webhooks, how far they are, what they did not take."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from datetime import datetime

from services.cli.support.environment import add_config, settings_of

EPILOG = """\
An event that a receiver did not take by the subscription's schedule (three days unless it says otherwise) has failed: it is
not sent again, and the lead's next one goes. A receiver that takes nothing at all is `open` in `pause`: it is spared, and
tried with one event now and then. Who took nothing for days, or answers 410 Gone, is disabled. The place in the feed is kept:
`enable` sends all that came since, in order.
"""


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = subparsers.add_parser("subscriptions", epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="one JSON line each")
    listing.set_defaults(func=lambda args: asyncio.run(_list(args)))
    attempts = actions.add_parser("attempts", help="what was tried, one JSON line a try, in the order of the feed")
    attempts.add_argument("name")
    attempts.add_argument("--failed", action="store_true", help="only of events that were given up")
    attempts.set_defaults(func=lambda args: asyncio.run(_attempts(args)))
    add_config(attempts)
    for name, text in (("enable", "send again"), ("disable", "send nothing until it is enabled")):
        action = actions.add_parser(name, help=text)
        action.add_argument("name")
        action.set_defaults(func=lambda args, name=name: asyncio.run(_set(args, name)))
        add_config(action)
    add_config(listing)


async def _list(args: argparse.Namespace) -> int:
    from services.bootstrap.parts import parts_of

    async with parts_of(settings_of(args), exclusive=False) as parts:
        for state in await parts.deliveries.states():
            print(json.dumps(state._asdict(), default=datetime.isoformat))
    return 0


async def _attempts(args: argparse.Namespace) -> int:
    from services.bootstrap.parts import parts_of

    async with parts_of(settings_of(args), exclusive=False) as parts:
        for tried in await parts.deliveries.attempts(args.name, failed=args.failed):
            print(json.dumps(tried._asdict() | {"at": tried.at.isoformat()}))
    return 0


async def _set(args: argparse.Namespace, action: str) -> int:
    from services.bootstrap.parts import parts_of

    reason = None if action == "enable" else "by an operator"
    async with parts_of(settings_of(args), exclusive=False) as parts:
        if not await parts.deliveries.disable(args.name, reason):
            print(f"{args.name} is no subscription that ever ran", file=sys.stderr)
            return 1
    print(f"{args.name}: {action}d")
    return 0
