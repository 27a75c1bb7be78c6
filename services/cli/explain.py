"""`stafett explain lead|clock|assignment|signal ID`: why, in words or as JSON."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from typing import TYPE_CHECKING

from services.cli.support.environment import add_config, settings_of

if TYPE_CHECKING:
    from services.ports.reading import HistoryEntry

EPILOG = """\
examples:
  stafett explain lead lead_...          its stage by which definition, its owner by which rule, its clocks
  stafett explain clock clk_...          every interval counted or skipped, and the sum
  stafett explain assignment ho_....1    who was passed over and why; also by the id of a signal or a lead
  stafett explain signal sig_...         what became of a webhook or a command: what it changed, or why nothing

exit status: 0, or 1 where there is nothing of that id
"""
WHAT = ("lead", "clock", "assignment", "signal")


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = subparsers.add_parser("explain", epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=WHAT)
    parser.add_argument("id")
    parser.add_argument("--json", action="store_true", help="JSON instead of text")
    add_config(parser)
    parser.set_defaults(func=lambda args: asyncio.run(_explain(args)))


async def _explain(args: argparse.Namespace) -> int:
    from services.api.explanations import Explainer
    from services.bootstrap.commands import versions_of
    from services.bootstrap.parts import parts_of

    async with parts_of(settings_of(args), exclusive=False) as parts:
        if args.what == "signal":
            return _signal(await parts.reading.history_of_signal(args.id), args)
        explainer = Explainer(parts.reading, versions_of(parts).ruling, parts.now)
        found = await getattr(explainer, args.what)(args.id)
    if found is None:
        print(f"there is no {args.what} {args.id}", file=sys.stderr)
        return 1
    print(found.model_dump_json(by_alias=True, indent=2) if args.json else found.text)
    return 0


def _signal(entries: list[HistoryEntry], args: argparse.Namespace) -> int:
    from services.api.journey import journey_text

    if not entries:
        print(f"no signal {args.id} was judged; it may wait for the router", file=sys.stderr)
        return 1
    said = [
        {
            "lead": e.row.lead_id,
            "outcome": e.row.outcome,
            "note": e.row.note,
            "fate": e.row.fate,
            "reason": e.row.reason,
        }
        for e in entries
    ]
    print(json.dumps(said, indent=2) if args.json else journey_text(entries))
    return 0
