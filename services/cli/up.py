"""`stafett up`: all roles in one process; `stafett ROLE`: one of them."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable

from services.cli.environment import add_config, settings_of

_ROLES = ("ingest", "enrich", "router", "relay", "delivery")
EPILOG = """\
`up` brings the schema up to date, then runs ingest, the API, enrichment, router, relay, the SLA watcher and deliveries.
SIGTERM and ctrl-c stop it in bounded time; after kill -9 the next start goes on where the last commit was.
"""


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `up` and a command for each role."""
    for name, roles in {
        "up": ("ingest", "enrich", "router", "relay", "sla", "delivery", "housekeeping"),
        **{role: (role,) for role in _ROLES},
        "relay": ("relay", "housekeeping"),
    }.items():
        parser = subparsers.add_parser(name, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
        add_config(parser)
        if name == "relay":
            parser.add_argument("--watch", action="store_true", help="also watch the SLA clocks")
        parser.set_defaults(func=run, roles=roles, migrate=name == "up")


def run(args: argparse.Namespace) -> int:
    """Exit status 0 after a stop, 1 where a role failed; `main` says 2 where settings, files, store or log cannot be used."""
    roles = (*args.roles, "sla") if getattr(args, "watch", False) else args.roles
    with asyncio.Runner(loop_factory=_loop()) as runner:
        return runner.run(_run(args, roles))


def _loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where it runs: each request and each round trip costs less."""
    try:
        from uvloop import new_event_loop
    except ImportError:
        return None
    return new_event_loop


async def _run(args: argparse.Namespace, roles: tuple[str, ...]) -> int:
    from services.adapters.sql.migrate import upgrade
    from services.bootstrap import parts_of, run_roles
    from services.bootstrap.http import check_brands
    from services.observability import configure

    settings = settings_of(args)
    configure(settings.log_level, settings.log_format)
    if args.migrate:
        await upgrade(settings.database_url)
    async with parts_of(settings) as parts:
        parts.ruling()
        if "ingest" in roles:
            await check_brands(parts)
        where = f" on http://{settings.http.host}:{settings.http.port}" if "ingest" in roles else ""
        print(f"stafett: {', '.join(roles)}{where}", flush=True)
        return await run_roles(parts, roles)
