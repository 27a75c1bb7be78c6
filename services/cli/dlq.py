"""`stafett dlq list|redrive`: signals that were set aside, and another try for them."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys

from services.cli.environment import add_config, settings_of

EPILOG = """\
A dead letter holds its lead: later signals of the lead queue behind it. `redrive LEAD` gives them another try in their
order, up to the first that fails again; do it when the cause is repaired.
"""


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = subparsers.add_parser("dlq", epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="one JSON line each, oldest first, without personal data")
    listing.add_argument("--state", choices=("dead", "queued", "redriven"))
    listing.set_defaults(func=lambda args: asyncio.run(_list(args)))
    redrive = actions.add_parser("redrive", help="another try for all that waits of a lead")
    redrive.add_argument("lead")
    redrive.set_defaults(func=lambda args: asyncio.run(_redrive(args)))
    for action in (listing, redrive):
        add_config(action)


async def _list(args: argparse.Namespace) -> int:
    from services.bootstrap import parts_of

    names = ("id", "lead_id", "signal_id", "attempt", "state", "reason", "error_class", "origin")
    async with parts_of(settings_of(args), exclusive=False) as parts:
        for letter in await parts.reading.dead_letters(state=args.state, limit=10_000):
            print(json.dumps({name: getattr(letter, name) for name in names}))
    return 0


async def _redrive(args: argparse.Namespace) -> int:
    """Asks the router by a signal, so that it happens in the lead's own order."""
    from routing.ids import derive
    from routing.model import Lead
    from schemas.signals import Kind, Signal
    from services.bootstrap import parts_of
    from services.ports import RecordOut

    async with parts_of(settings_of(args), exclusive=False) as parts:
        row = await parts.reading.lead(args.lead)
        if row is None or not row.held:
            print(f"{args.lead} is no lead that is held", file=sys.stderr)
            return 1
        lead, now = Lead.model_validate_json(row.state), parts.now()
        ident = derive("sig", "redrive", lead.id, lead.version)
        request = Signal(
            kind=Kind.LEAD_REDRIVE, id=ident, dedupe_key=ident, source="operator", brand=lead.brand,
            occurred_at=now, received_at=now, partition_key=lead.partition_key, lead_id=lead.id,
        )  # fmt: skip
        value = request.model_dump_json(by_alias=True, exclude_defaults=True).encode()
        await parts.log.append([RecordOut(parts.settings.topic("signals"), lead.partition_key.encode(), value)])
    print(f"asked; see `stafett dlq list` and the event stafett.lead.released.v1 of {args.lead}")
    return 0
