"""`stafett up`: all roles in one process; `stafett ROLE`: one of them."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from services.cli.support.environment import add_config, settings_of
from services.cli.support.modes import keep_private

if TYPE_CHECKING:
    from services.bootstrap.parts import Parts
    from services.settings import Settings

EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound to
STOPS = "SIGTERM and ctrl-c stop it in bounded time; after kill -9 the next start goes on where the last commit was."
AS = "who the printed link signs in to the page, of the roster (default: the first manager)"
ROLES: dict[str, tuple[tuple[str, ...], str, str]] = {
    "up": (
        ("ingest", "console", "enrich", "router", "relay", "sla", "delivery", "alerts", "housekeeping"),
        "Run all roles in this process, on one file unless configured otherwise.",
        "It brings the schema up to date, then runs hooks, page, API, enrichment, router, relay, SLA watcher, deliveries and alerts.",
    ),
    "ingest": (
        ("ingest", "console"),
        "Take webhooks at /v1/hooks/NAME, and serve the API beside them.",
        (
            "As many as you like, behind a load balancer. What the log cannot take now waits in the store. With --hooks-only it"
            "\nserves no API, for a process that the outside reaches; `stafett console` serves the API then."
        ),
    ),
    "console": (
        ("console",),
        "Serve the page for people, and the API: leads, explanations, feed, commands, what was set aside.",
        (
            "As many as you like, behind a load balancer; no hooks. It has the same configuration as ingest, for a body that was"
            "\nset aside can be read again from here."
        ),
    ),
    "enrich": (
        ("enrich",),
        "Complete thin webhooks by asking the sender's API, where a source says `fetch`.",
        "Several share the partitions of the thin topic. A signal whose API stays away becomes a dead letter.",
    ),
    "router": (
        ("router",),
        "Decide: the only writer of leads, clocks and ledgers.",
        "Several share the partitions of the signals topic. Too many dead letters in an hour stop it.",
    ),
    "relay": (
        ("relay", "housekeeping"),
        "Publish events, bring spooled signals to the log, remove what need not be kept.",
        "One is active, by a lease; a second takes over within STAFETT_RELAY_LEASE_TTL.",
    ),
    "delivery": (
        ("delivery",),
        "Send events as signed webhooks to those in subscriptions.yaml, and write into the CRMs and marketing platforms of sinks.yaml.",
        "Several may run: each delivery is claimed by one. `stafett subscriptions list` and `stafett sink list` show how far they are.",
    ),
    "alerts": (
        ("alerts",),
        "Tell people of warnings and breaches, by the channels of alerts.yaml.",
        "Several may run: one folds events at a time, and each message is claimed by one. `stafett incidents` lists what is open.",
    ),
}
"""Commands that run roles: which, what they are for, what is good to know."""


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `up` and a command for each role; that of `delivery` has actions besides (`cli/delivery.py`)."""
    for name in ROLES:
        if name != "delivery":
            add_role(subparsers, name)


def add_role(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser], name: str, epilog: str = ""
) -> argparse.ArgumentParser:
    """Adds the command of one of ROLES. `epilog`: more of its help."""
    roles, text, more = ROLES[name]
    parser = subparsers.add_parser(
        name,
        help=text,
        description=text,
        epilog=f"{more}\n{STOPS}\n\n{epilog}".rstrip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_config(parser)
    if name == "relay":
        parser.add_argument("--watch", action="store_true", help="also watch the SLA clocks")
    if name == "ingest":
        parser.add_argument("--hooks-only", action="store_true", help="serve no API")
    if "console" in roles:
        parser.add_argument("--as", dest="person", metavar="PERSON", help=AS)
    parser.set_defaults(func=run, roles=roles, migrate=name == "up")
    return parser


def run(args: argparse.Namespace) -> int:
    """Exit status 0 after a stop, 1 where a role failed; `main` says 2 where settings, files, store or log cannot be used."""
    roles = (*args.roles, "sla") if getattr(args, "watch", False) else args.roles
    if getattr(args, "hooks_only", False):
        roles = ("ingest",)
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
    from services.bootstrap.http import check_brands
    from services.bootstrap.parts import parts_of
    from services.bootstrap.running import run_roles
    from services.observability.logging import configure

    settings = settings_of(args)
    configure(settings.log_level, settings.log_format)
    keep_private(settings)
    if args.migrate:
        await upgrade(settings.database_url)
    # Who takes webhooks can do so with the log or the store alone; where the log is in the store, they go together.
    patient = set(roles) <= {"ingest", "console"} and "ingest" in roles and settings.log.kind == "kafka"
    async with parts_of(settings, patient=patient) as parts:
        parts.ruling()
        if "ingest" in roles:
            await check_brands(parts)
        print(f"stafett: starting {', '.join(roles)}", flush=True)
        link = await _link(parts, args) if "console" in roles else None
        return await run_roles(parts, roles, on_open=partial(_tell_address, settings, link))


async def _link(parts: Parts, args: argparse.Namespace) -> tuple[str, str] | None:
    """Who is signed in to the page by which path; None where people sign in otherwise, or the store is away."""
    from services.bootstrap.page import new_link, way_of
    from services.ports.errors import StoreUnavailable

    if way_of(parts.settings) != "link":
        return None
    try:
        return await new_link(parts, args.person)
    except StoreUnavailable:
        return None


def _tell_address(settings: Settings, link: tuple[str, str] | None, url: str) -> None:
    """Only now: whoever waits for this line, a person or a script, is answered at once."""
    everywhere = ", which is every address of this machine" if settings.http.host in EVERYWHERE else ""
    public = f"; the outside reaches it as {settings.http.public_url}" if settings.http.public_url else ""
    print(f"stafett: listening on {url}{everywhere}{public}", flush=True)
    if link is not None:
        who, path = link
        print(f"stafett: the page, signed in as {who}, once: {url}{path}", flush=True)
