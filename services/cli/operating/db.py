"""`stafett db`: the schema, rights of the runtime role, and what to do after a restore."""

from __future__ import annotations

import argparse
import asyncio
import sys

from services.cli.operating import positions
from services.cli.support.environment import add_config, settings_of


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = subparsers.add_parser("db", description="The database.")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    upgrade = actions.add_parser("upgrade", help="bring the schema up to date; needs a role with DDL rights")
    upgrade.add_argument(
        "--grants-to", metavar="ROLE", help="then give this role of PostgreSQL the rights that `grants` prints"
    )
    upgrade.set_defaults(func=_upgrade)
    grants = actions.add_parser("grants", help="print SQL that gives a runtime role the rights it needs, no more")
    grants.add_argument("role")
    grants.set_defaults(func=_grants)
    restored = actions.add_parser(
        "restored", help="after a restore from a backup: raise the epoch and read the log from its start again"
    )
    restored.add_argument(
        "--keep-positions",
        action="store_true",
        help="go on where the database says, as after a failover to a standby that lagged: log and database are the same ones",
    )
    restored.set_defaults(func=_begin_after_restore)
    positions.add(actions)
    for action in (upgrade, restored):
        add_config(action)


def _upgrade(args: argparse.Namespace) -> int:
    from services.adapters.sql.migrate import give_rights, upgrade

    url = settings_of(args).database_url
    asyncio.run(upgrade(url))
    print("the schema is up to date")
    if args.grants_to is None:
        return 0
    try:
        asyncio.run(give_rights(url, args.grants_to))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{args.grants_to} may use it")
    return 0


def _grants(args: argparse.Namespace) -> int:
    from services.adapters.sql.migrate import grants

    try:
        print(grants(args.role), end="")
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _begin_after_restore(args: argparse.Namespace) -> int:
    """What the log no longer has is said now: afterwards nobody could tell."""
    from services.bootstrap.parts import parts_of

    async def run() -> int:
        async with parts_of(settings_of(args)) as parts:
            for line in await positions.list_positions(parts):
                if line.state == "lost":
                    print(positions.lost_text(line), file=sys.stderr)
            return await parts.store.raise_epoch(keep_positions=args.keep_positions)

    print(f"epoch {asyncio.run(run())}: what the inbox remembers is not decided again, new events have new ids")
    return 0
