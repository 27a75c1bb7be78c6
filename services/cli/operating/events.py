"""`stafett events tail`: the feed, one envelope a line."""

from __future__ import annotations

import argparse
import asyncio

from services.cli.support.environment import add_config, settings_of
from services.cli.support.numbers import whole_number

EPILOG = """\
examples:
  stafett events tail                      what comes from now on, until ctrl-c
  stafett events tail --from-start --once  all that there is
  stafett events tail --after 4711         on from a position, as the API's feed has them
"""


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = subparsers.add_parser(
        "events", description="Follow the events.", epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    tail = actions.add_parser("tail", help="print events as they come; personal data is in them")
    begin = tail.add_mutually_exclusive_group()
    begin.add_argument("--after", type=whole_number, metavar="POSITION", help="begin after this position of the feed")
    begin.add_argument("--from-start", action="store_const", const=0, dest="after", help="begin with the first event")
    tail.add_argument("--topic", choices=("leads", "handovers", "sla", "marketing"))
    tail.add_argument("--once", action="store_true", help="stop at the end instead of waiting for more")
    add_config(tail)
    tail.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Until ctrl-c, or the end with --once."""
    try:
        asyncio.run(_tail(args))
    except KeyboardInterrupt:
        return 0
    return 0


async def _tail(args: argparse.Namespace) -> None:
    from schemas.envelope import whole
    from services.adapters.sql.reading import SqlReading
    from services.adapters.sql.store import SqlStore

    store = SqlStore(settings_of(args).database_url, exclusive=False)
    await store.start()
    try:
        reading = SqlReading(store.engines)
        after = await reading.head() if args.after is None else args.after
        while True:
            rows = await reading.events(after, args.topic, 500)
            for row in rows:
                print(whole(row.row.head, row.row.personal), flush=True)
                after = row.position
            if not rows:
                if args.once:
                    return
                await asyncio.sleep(0.2)
    finally:
        await store.close()
