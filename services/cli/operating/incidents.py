"""`stafett incidents list|acknowledge`: what people are told of, and that somebody has seen it."""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import datetime
from typing import TYPE_CHECKING

from services.cli.support.environment import add_config, settings_of
from services.cli.support.tables import table

if TYPE_CHECKING:
    from schemas.http import IncidentView

EPILOG = """\
examples:
  stafett incidents list                          what is open: what it is about, whose it is, since when it is due
  stafett incidents list --state resolved --json  what is over, one JSON line each
  stafett incidents acknowledge inc_...           an incident, or all that a message (ntf_...) told of

Acknowledging is recorded and shown where it was told. It stops no clock.
"""
MOST, PAGE = 10_000, 500
OPERATOR = "operator"


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = subparsers.add_parser("incidents", epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="what is open, or over")
    listing.add_argument("--state", choices=("open", "firing", "acknowledged", "resolved"), default="open")
    listing.add_argument("--json", action="store_true", help="one JSON line each instead of a table")
    listing.set_defaults(func=lambda args: asyncio.run(_list(args)))
    seen = actions.add_parser("acknowledge", help="somebody has seen it")
    seen.add_argument("id", metavar="ID", help="of an incident or of a message")
    seen.add_argument("--person", help="who; left out, the operator")
    seen.set_defaults(func=lambda args: asyncio.run(_acknowledge(args)))
    for action in (listing, seen):
        add_config(action)


async def _list(args: argparse.Namespace) -> int:
    from services.api.incidents import incident_view
    from services.bootstrap.parts import parts_of

    state = None if args.state == "open" else args.state
    found: list[IncidentView] = []
    async with parts_of(settings_of(args), exclusive=False) as parts:
        while len(found) < MOST:
            page = await parts.incidents.incidents(state, found[-1].id if found else "", PAGE)
            found += [incident_view(incident) for incident in page]
            if len(page) < PAGE:
                break
    if not found:
        print("there is none", file=sys.stderr)
    elif args.json:
        print("\n".join(view.model_dump_json() for view in found))
    else:
        print("\n".join(_table(found)))
    return 0


def _table(found: list[IncidentView]) -> list[str]:
    rows = [
        [
            v.id,
            v.state,
            v.level,
            v.policy,
            v.lead or (f"receiver {v.target}" if v.target else f"promise {v.promise}"),
            v.owner or v.team or "",
            _instant(v.due_at),
        ]
        for v in found
    ]
    return table(["incident", "state", "level", "policy", "about", "whose", "due (UTC)"], rows)


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


async def _acknowledge(args: argparse.Namespace) -> int:
    from services.bootstrap.acknowledging import acknowledging_of
    from services.bootstrap.parts import parts_of

    async with parts_of(settings_of(args), exclusive=False) as parts:
        done = await acknowledging_of(parts)(args.id, args.person or OPERATOR)
    if not done:
        print(f"there is no incident and no message {args.id}", file=sys.stderr)
        return 1
    for incident in done:
        print(f"{incident.id}: {incident.state} by {incident.acknowledged_by or 'nobody'}")
    return 0
