"""`stafett db positions show|skip`: where each group reads on, and past what the log no longer has."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from schemas.certain import certain
from services.cli.support.environment import add_config, settings_of
from services.cli.support.numbers import whole_number

if TYPE_CHECKING:
    from services.bootstrap.parts import Parts
    from services.ports.log import Log
    from services.ports.rows import Placed

logger = logging.getLogger("stafett.positions")
EPILOG = """\
A position is lost where the log's retention has passed it, or where the topic was made again. A role never skips records
by itself: it stops. `skip` moves lost positions, and no others, to where the log begins. What lay between is gone: the
line that it logs says how much, and why you did it.
"""


class Shown(NamedTuple):
    """A stored position beside what the log has; `begins` and `ends` are None for another cluster's."""

    at: Placed
    begins: int | None
    ends: int | None

    @property
    def state(self) -> str:
        """`kept`, `lost`, or `another cluster`."""
        if self.begins is None or self.ends is None:
            return "another cluster"
        return "kept" if self.begins <= self.at.offset <= self.ends else "lost"


def add(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `positions` to `stafett db`."""
    parser = actions.add_parser(
        "positions",
        help="show where each group reads on; skip what the log no longer has",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    inner = parser.add_subparsers(required=True, metavar="ACTION")
    show = inner.add_parser("show", help="one JSON line for each partition of each group")
    show.set_defaults(func=lambda args: asyncio.run(_show(args)))
    skip = inner.add_parser("skip", help="move lost positions of a group to where the log begins")
    skip.add_argument("group", help="router or enrich")
    skip.add_argument("partition", type=whole_number, nargs="?", help="one partition (default: all that are lost)")
    skip.add_argument("--reason", required=True, help="why; it is logged, so name nobody")
    skip.set_defaults(func=lambda args: asyncio.run(_skip(args)))
    for action in (show, skip):
        add_config(action)


async def list_positions(parts: Parts) -> list[Shown]:
    """Every stored position. Raises StoreUnavailable, LogUnavailable."""
    return await compare_positions(parts.log, await parts.store.stored_positions())


async def compare_positions(log: Log, placed: Sequence[Placed]) -> list[Shown]:
    """Positions beside what the log has. Raises LogUnavailable."""
    topics = {at.topic for at in placed if at.cluster == log.cluster}
    begins = {topic: await log.begin_offsets(topic) for topic in topics}
    ends = {topic: await log.end_offsets(topic) for topic in topics}
    return [
        Shown(at, begins[at.topic].get(at.partition), ends[at.topic].get(at.partition))
        if at.cluster == log.cluster
        else Shown(at, None, None)
        for at in placed
    ]


def lost_text(line: Shown) -> str:
    """What a lost position means after a restore."""
    at = line.at
    return f"{at.topic}/{at.partition}: the backup stood at {at.offset}, the log begins at {line.begins}: what lay between does not come back"


async def _show(args: argparse.Namespace) -> int:
    from services.bootstrap.parts import parts_of

    async with parts_of(settings_of(args), exclusive=False) as parts:
        for line in await list_positions(parts):
            said = {"begins": line.begins, "ends": line.ends, "state": line.state}
            print(json.dumps(line.at._asdict() | said))
    return 0


async def _skip(args: argparse.Namespace) -> int:
    from services.bootstrap.parts import parts_of
    from services.observability.logging import configure

    settings = settings_of(args)
    configure("WARNING", settings.log_format)
    async with parts_of(settings, exclusive=False) as parts:
        lost = [
            line
            for line in await list_positions(parts)
            if line.state == "lost" and line.at.group == args.group and args.partition in (None, line.at.partition)
        ]
        for line in lost:
            await skip(parts, line, args.reason)
    if not lost:
        print(f"no such position of {args.group} is lost; see `stafett db positions show`", file=sys.stderr)
    return 0 if lost else 1


async def skip(parts: Parts, line: Shown, reason: str) -> None:
    """By compare-and-set, so that a position that moved meanwhile stays where it is. Raises Fenced.

    A position that goes back does so in a new epoch, which is there first: what the group was told in the one before is no gap then."""
    at, begins = line.at, certain(line.begins, "a lost position is one of this cluster")
    if begins < at.offset:
        await parts.store.raise_epoch(keep_positions=True)
    async with parts.store.batch() as tx:
        await tx.advance(at.group, at.topic, at.cluster, {at.partition: (at.offset, begins)})
    where = {"group": at.group, "topic": at.topic, "partition": at.partition, "offset": begins}
    logger.warning("position moved from %d to where the log begins, %d: %s", at.offset, begins, reason, extra=where)
