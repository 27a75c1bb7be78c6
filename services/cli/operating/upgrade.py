"""`stafett upgrade`: what this version needs of the database, whether an older one may run beside it, and in which order to go."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from services.cli.support.environment import add_config, settings_of

if TYPE_CHECKING:
    from services.settings import Settings

EPILOG = """\
Without --apply nothing is changed. Run it with the new version, before the processes of the old one are replaced. There is no downgrade: a
database that a newer version has upgraded is refused, and the way back is the backup of before. exit status: 0 nothing is to do, or it was
done; 1 something is to do; 2 it cannot be done
"""
ORDER = ("relay", "router", "enrich", "delivery", "alerts", "sla", "console", "ingest")
"""Whoever has to understand a signal comes before whoever takes one."""


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    text = "Say what an upgrade to this version takes, and in which order; with --apply bring the schema up to date."
    parser = subparsers.add_parser(
        "upgrade", description=text, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--apply", action="store_true", help="bring the schema up to date, as its owner")
    parser.add_argument(
        "--grants-to", metavar="ROLE", help="then give this role of PostgreSQL its rights, as `db upgrade` does"
    )
    add_config(parser)
    parser.set_defaults(func=_run)


def _run(args: argparse.Namespace) -> int:
    settings = settings_of(args)
    if args.grants_to is not None and not args.apply:
        print("--grants-to goes with --apply", file=sys.stderr)
        return 2
    return asyncio.run(_apply(settings, args.grants_to) if args.apply else _say(settings))


async def _say(settings: Settings) -> int:
    from services.adapters.sql.engine import Engines
    from services.adapters.sql.schema import newer, revision_of
    from services.adapters.sql.tables import HEAD, SERVES
    from services.observability.provenance import made_by

    engines = Engines(settings.database_url)
    try:
        at = await revision_of(engines)
    finally:
        await engines.close()
    print(f"this version: {made_by()}; it needs the schema {HEAD}")
    print(f"the database: {f'schema {at}' if at is not None else 'empty'}")
    if at is not None and at > HEAD:
        print(newer(at), file=sys.stderr)
        return 2
    if at == HEAD:
        print("nothing is to do")
        return 0
    print("\n".join(steps_from(at, serves=SERVES)))
    return 1


def steps_from(at: str | None, serves: str) -> Iterator[str]:
    """What to do, in order, where the database is at this revision. `serves`: the oldest whose version may begin on the new schema."""
    if at is None:
        yield "to do:\n  stafett upgrade --apply      as the owner of the database; it makes the schema"
        return
    beside = (
        "may begin on the new schema too, so a process that dies amid the upgrade comes back"
        if at >= serves
        else "go on while the schema is upgraded, and do not begin on the new one: replace each soon"
    )
    yield f"processes of the version before {beside}"
    yield "to do:"
    yield "  1. stafett backup DIR         with the version before, or this one: there is no other way back"
    yield "  2. stafett upgrade --apply    as the owner of the schema, while the version before goes on (--grants-to ROLE on PostgreSQL)"
    yield f"  3. replace the processes one by one, each new one ready before the old one gets SIGTERM: {', '.join(ORDER)}"
    yield "  4. stafett doctor             with the settings of each process"


async def _apply(settings: Settings, role: str | None) -> int:
    """Raises what `stafett db upgrade` does: SchemaNewer where a newer version was here."""
    from services.adapters.sql.migrate import give_rights, upgrade

    await upgrade(settings.database_url)
    print("the schema is up to date")
    if role is not None:
        try:
            await give_rights(settings.database_url, role)
        except ValueError as error:
            print(error, file=sys.stderr)
            return 2
        print(f"{role} may use it")
    return 0
