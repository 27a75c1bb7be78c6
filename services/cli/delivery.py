"""`stafett delivery`: the role that sends webhooks; `delivery replay|test`: sends once more, or tries a receiver."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.instants import read_instant
from services.cli import up
from services.cli.support.environment import settings_of

if TYPE_CHECKING:
    from services.bootstrap.parts import Parts
    from services.delivery.role import Subscriber

EPILOG = """\
examples:
  stafett delivery --config mine                                  run the role
  stafett delivery test crm                                       one test event, now; is it taken?
  stafett delivery replay crm --event evt_vnz6yz2kbbjlfvvxk2gyzgzxxi
  stafett delivery replay crm --from 2026-11-24T09:00:00Z --to 2026-11-24T12:00:00Z

What is replayed has the same `webhook-id`, so a receiver that keeps the ids that it has seen may pass it over. It waits with what
comes new, in each lead's order, and is sent by the role; while the subscription is disabled it waits until it is enabled.
Exit status: 0 done, 1 not taken or nothing to replay, 2 a wrong call, or settings, files or store that cannot be used.
"""


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the role's command with its actions."""
    parser = up.add_role(subparsers, "delivery", epilog=EPILOG)
    actions = parser.add_subparsers(metavar="ACTION")
    replay = actions.add_parser("replay", help="send events once more")
    replay.add_argument("name", help="the subscription")
    replay.add_argument("--event", metavar="ID", help="this event")
    replay.add_argument("--from", dest="since", metavar="INSTANT", help="all that were recorded from then on ...")
    replay.add_argument("--to", dest="until", metavar="INSTANT", help="... and before then (default: now)")
    replay.set_defaults(func=lambda args: asyncio.run(_replay(args)))
    test = actions.add_parser("test", help="send one test event now, and say what came of it, as JSON")
    test.add_argument("name", help="the subscription")
    test.set_defaults(func=lambda args: asyncio.run(_test(args)))
    for action in (replay, test):
        # Without a default of its own, so that `delivery --config DIR replay` is heard, too.
        action.add_argument("--config", type=Path, default=argparse.SUPPRESS, help="folder that `stafett new` made")


async def _replay(args: argparse.Namespace) -> int:
    from services.bootstrap.parts import parts_of
    from services.delivery.replay import replay_window
    from services.delivery.role import matcher_of
    from services.ports.deliveries import Window

    if (args.event is None) == (args.since is None) or (args.event is not None and args.until is not None):
        print("say either --event, or --from and --to", file=sys.stderr)
        return 2
    async with parts_of(settings_of(args), exclusive=False) as parts:
        now = parts.now()
        try:
            since = read_instant(args.since) if args.since is not None else now
            until = read_instant(args.until) if args.until is not None else now
        except ValueError as error:
            print(error, file=sys.stderr)
            return 2
        if (subscriber := await _subscriber(parts, args.name)) is None:
            return 1
        matches = matcher_of(subscriber.subscription, trial=parts.settings.mode == "observe")
        if args.event is not None:
            found = await parts.deliveries.replay_event(args.name, args.event, matches, now)
            return _tell_event(args.name, args.event, found)
        window = Window(since, until)
        count = await replay_window(parts.deliveries, args.name, matches, now, window=window)
    if not count:
        print(f"no event of then is for {args.name}", file=sys.stderr)
        return 1
    print(f"{args.name}: {count} events wait to be sent once more")
    return 0


def _tell_event(name: str, event: str, found: bool | None) -> int:
    if found is None:
        print(f"{event} is no event, or one that {name} gets anyway", file=sys.stderr)
    elif not found:
        print(f"{name} gets no such event: it is none of its `events`, or not of its `modes`", file=sys.stderr)
    else:
        print(f"{name}: {event} waits to be sent once more")
    return 0 if found else 1


async def _test(args: argparse.Namespace) -> int:
    from services.bootstrap.parts import parts_of
    from services.delivery.trying import send_test
    from services.outbound.posting import Poster

    async with parts_of(settings_of(args), exclusive=False) as parts:
        if (subscriber := await _subscriber(parts, args.name)) is None:
            return 1
        async with Poster() as poster:
            timeout = parts.settings.delivery.timeout
            ident, attempt = await send_test(poster, subscriber, parts.now(), timeout=timeout)
    is_taken = attempt.status is not None and 200 <= attempt.status < 300
    outcome = {"status": attempt.status, "error": attempt.error, "duration_ms": attempt.duration_ms}
    print(json.dumps({"subscription": args.name, "event_id": ident, "taken": is_taken, **outcome}))
    return 0 if is_taken else 1


async def _subscriber(parts: Parts, name: str) -> Subscriber | None:
    """The subscription of this name; who names none is told which there are."""
    from services.bootstrap.subscribers import ring_of

    subscribers = await ring_of(parts)()
    if name not in subscribers:
        there_are = ", ".join(sorted(subscribers)) or "none"
        print(f"{name} is no subscription; there are {there_are}", file=sys.stderr)
    return subscribers.get(name)
