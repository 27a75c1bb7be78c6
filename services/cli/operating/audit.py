"""`stafett audit`: who saw personal data and who changed what, over the API and the page."""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import TYPE_CHECKING

from services.cli.support.environment import add_config, settings_of
from services.cli.support.tables import table

if TYPE_CHECKING:
    from schemas.http import AuditView

EPILOG = """\
examples:
  stafett audit --since 2026-11-01T00:00:00Z      everything since then
  stafett audit --subject LEAD                    who looked at this lead, and who changed it
  stafett audit --actor elin --json               one JSON line each, to keep or to search

What is alike within one hour is one line with how often it was. It is kept for STAFETT_RETENTION_AUDIT.
"""
PAGE = 500


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = subparsers.add_parser("audit", epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--actor", help="only of this key, or this person")
    parser.add_argument("--subject", help="only about this id")
    parser.add_argument("--since", metavar="INSTANT", help="only what was asked since, with a zone")
    parser.add_argument("--json", action="store_true", help="one JSON line each instead of a table")
    add_config(parser)
    parser.set_defaults(func=lambda args: asyncio.run(_run(args)))


async def _run(args: argparse.Namespace) -> int:
    from schemas.instants import read_instant
    from services.api.audit import audit_view
    from services.bootstrap.parts import parts_of
    from services.ports.audit import AuditFilter

    try:
        wanted = AuditFilter(args.actor, args.subject, read_instant(args.since) if args.since else None)
    except ValueError as error:
        print(f"--since: {error}", file=sys.stderr)
        return 2
    async with parts_of(settings_of(args), exclusive=False) as parts:
        after = 0
        while rows := await parts.audit.rows(wanted, after, PAGE):
            after = rows[-1].number
            views = [audit_view(row) for row in rows]
            print("\n".join([view.model_dump_json() for view in views] if args.json else _table(views)))
    return 0


def _table(views: list[AuditView]) -> list[str]:
    head = ("first", "last", "times", "door", "actor", "action", "subject", "answer")
    rows = [
        (
            f"{view.first_at:%Y-%m-%d %H:%M:%SZ}",
            f"{view.last_at:%H:%M:%SZ}",
            str(view.times),
            view.door,
            view.actor,
            view.action,
            view.subject,
            str(view.status),
        )
        for view in views
    ]
    return table(head, rows)
