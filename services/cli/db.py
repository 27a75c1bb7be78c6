"""`stafett db`: the schema, rights of the runtime role, and what to do after a restore."""

from __future__ import annotations

import argparse
import asyncio
import sys

from services.cli.environment import add_config, settings_of


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = subparsers.add_parser("db", description="The database.")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    upgrade = actions.add_parser("upgrade", help="bring the schema up to date; needs a role with DDL rights")
    upgrade.set_defaults(func=_upgrade)
    grants = actions.add_parser("grants", help="print SQL that gives a runtime role the rights it needs, no more")
    grants.add_argument("role")
    grants.set_defaults(func=_grants)
    restored = actions.add_parser(
        "restored", help="after a restore from a backup: raise the epoch and read the log from its start again"
    )
    restored.set_defaults(func=_restored)
    for action in (upgrade, restored):
        add_config(action)


def _upgrade(args: argparse.Namespace) -> int:
    from services.adapters.sql.migrate import upgrade

    asyncio.run(upgrade(settings_of(args).database_url))
    print("the schema is up to date")
    return 0


def _grants(args: argparse.Namespace) -> int:
    from services.adapters.sql.migrate import grants

    try:
        print(grants(args.role), end="")
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _restored(args: argparse.Namespace) -> int:
    from services.adapters.sql.store import SqlStore

    async def run() -> int:
        store = SqlStore(settings_of(args).database_url)
        await store.start()
        try:
            return await store.raise_epoch()
        finally:
            await store.close()

    print(f"epoch {asyncio.run(run())}: what the inbox remembers is not decided again, new events have new ids")
    return 0
