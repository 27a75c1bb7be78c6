"""`stafett queues`: leads that wait for somebody of a pool, since when and why."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from services.cli.support.environment import add_config, settings_of
from services.cli.support.tables import table

if TYPE_CHECKING:
    from pydantic import BaseModel

    from schemas.http import QueueView, WaitingView

EPILOG = """\
examples:
  stafett queues                      each queue: how many leads wait in it, and since when
  stafett queues hand_over/field      who waits in it, who has waited longest first, and what is in the way of each of the pool

A lead waits where a rule of the agreement has `overflow: {hold: ...}`; it is nobody's meanwhile. `stafett explain lead ID` says
more of one.
"""
MOST, PAGE = 10_000, 500


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = subparsers.add_parser("queues", epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("queue", nargs="?", metavar="QUEUE", help="route and pool, as listed")
    parser.add_argument("--json", action="store_true", help="one JSON line each instead of a table")
    add_config(parser)
    parser.set_defaults(func=_run)


def _run(args: argparse.Namespace) -> int:
    if args.queue:
        waiting = asyncio.run(_waiting(args))
        return _print(args, waiting, _waiting_table(waiting), f"nobody waits in {args.queue}")
    queues = asyncio.run(_queues(args))
    return _print(args, queues, _queue_table(queues), "nobody waits")


def _print(args: argparse.Namespace, found: Sequence[BaseModel], lines: list[str], nobody: str) -> int:
    if not found:
        print(nobody, file=sys.stderr)
        return 0
    print("\n".join(view.model_dump_json() for view in found) if args.json else "\n".join(lines))
    return 0


async def _queues(args: argparse.Namespace) -> list[QueueView]:
    from services.api.queues import queue_view
    from services.bootstrap.parts import parts_of

    async with parts_of(settings_of(args), exclusive=False) as parts:
        return [queue_view(count) for count in await parts.reading.queues()]


async def _waiting(args: argparse.Namespace) -> list[WaitingView]:
    from services.api.queues import waiting_view
    from services.bootstrap.parts import parts_of
    from services.ports.instants import micros
    from services.ports.reading import Place

    found: list[WaitingView] = []
    async with parts_of(settings_of(args), exclusive=False) as parts:
        while len(found) < MOST:
            after = Place(micros(found[-1].since), found[-1].lead) if found else None
            rows = await parts.reading.waiting(args.queue, after, PAGE)
            found += [waiting_view(row) for row in rows]
            if len(rows) < PAGE:
                break
    return found


def _queue_table(found: list[QueueView]) -> list[str]:
    rows = [[view.queue, str(view.waiting), _instant(view.since)] for view in found]
    return table(["queue", "waiting", "since (UTC)"], rows)


def _waiting_table(found: list[WaitingView]) -> list[str]:
    rows = [[view.lead, _instant(view.since), _instant(view.until) if view.until else "", view.why] for view in found]
    return table(["lead", "since (UTC)", "until (UTC)", "why"], rows)


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"
