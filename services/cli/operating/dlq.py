"""`stafett dlq list|redrive|drop`: signals that were set aside, another try for them, or none."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from datetime import datetime
from typing import TYPE_CHECKING, assert_never

from services.cli.support.environment import add_config, settings_of

if TYPE_CHECKING:
    from services.ports.rows import DeadLetter, Redriving

EPILOG = """\
A dead letter holds its lead: later signals of the lead queue behind it. `redrive LEAD` gives them another try in their
order, up to the first that fails again; do it when the cause is repaired. A letter that names no lead is redriven by
its own id; a sealed one takes those of the same person along that came before it. `drop LETTER` gives one up: it stays
in the list for a while, and a redrive of its lead passes over it.
"""


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = subparsers.add_parser("dlq", epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="one JSON line each, oldest first, without personal data")
    listing.add_argument("--state", choices=("dead", "queued", "redriven", "dropped"))
    listing.set_defaults(func=lambda args: asyncio.run(_list(args)))
    redrive = actions.add_parser("redrive", help="another try for all that waits of a lead, or for one letter")
    redrive.add_argument("name", metavar="LEAD|LETTER")
    redrive.set_defaults(func=lambda args: asyncio.run(_redrive(args)))
    drop = actions.add_parser("drop", help="give one letter up")
    drop.add_argument("name", metavar="LETTER")
    drop.set_defaults(func=lambda args: asyncio.run(_drop(args)))
    for action in (listing, redrive, drop):
        add_config(action)


async def _list(args: argparse.Namespace) -> int:
    from services.bootstrap.parts import parts_of

    names = ("id", "lead_id", "signal_id", "attempt", "state", "reason", "error_class", "origin", "recorded_at")
    async with parts_of(settings_of(args), exclusive=False) as parts:
        letters = await parts.reading.dead_letters(state=args.state, limit=10_000)
        if not letters:
            print("nothing was set aside", file=sys.stderr)
        for letter in letters:
            print(json.dumps({name: getattr(letter, name) for name in names}, default=_instant))
    return 0


def _instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


async def _redrive(args: argparse.Namespace) -> int:
    """Asks the router by a signal, so that it happens in the lead's own order."""
    from services.bootstrap.parts import parts_of
    from services.bootstrap.redriving import redrive

    async with parts_of(settings_of(args), exclusive=False) as parts:
        outcome = await redrive(parts, args.name)
        letter = await parts.reading.dead_letter(args.name) if outcome in ("holds_lead", "settled") else None
    said = _answer(outcome, args.name, letter)
    if outcome in ("asked", "once_more"):
        print(said)
        return 0
    print(said, file=sys.stderr)
    return 1


def _answer(outcome: Redriving, name: str, letter: DeadLetter | None) -> str:
    match outcome:
        case "asked":
            return f"asked; see `stafett dlq list` and the event stafett.lead.released.v1 of {name}"
        case "once_more":
            return f"{name} is on the log again; if it fails again, it is a new letter"
        case "not_held":
            return f"{name} is no lead that is held, and no dead letter"
        case "holds_lead":
            lead = letter.lead_id if letter is not None else "LEAD"
            return f"{name} holds a lead; say: stafett dlq redrive {lead}"
        case "settled":
            return f"{name} is {letter.state if letter is not None else 'gone'} already"
        case "too_large":
            return f"{name} is larger than the log takes; see the log's limit, or drop it"
        case "no_key":
            return f"{name} is sealed and its key is not in the store: bring the rows of `log_keys` over from a copy, or drop it"
        case _:
            assert_never(outcome)


async def _drop(args: argparse.Namespace) -> int:
    from services.bootstrap.parts import parts_of

    async with parts_of(settings_of(args), exclusive=False) as parts:
        letter = await parts.reading.dead_letter(args.name)
        if letter is None or not await parts.store.settle_letter(letter.id, "dropped"):
            print(f"{args.name} is no dead letter that waits", file=sys.stderr)
            return 1
    print(f"dropped; next: stafett dlq redrive {letter.lead_id}" if letter.lead_id else "dropped")
    return 0
